"""Django's PostGIS backend, whose health check asks the socket instead of the server."""

import select

from django.contrib.gis.db.backends.postgis import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Looks at a kept connection before each request without a round trip.

    A server that ended, or ended the session, has closed its side: that makes the socket readable. Nothing else comes
    on a connection that rests, so silence means that it holds. What went away without a word (a cable) would not have
    answered a SELECT either.
    """

    def is_usable(self) -> bool:
        kept = self.connection
        if kept is None or kept.closed:
            return False
        if self.errors_occurred or self._has_something_to_read(kept.fileno()):
            return bool(super().is_usable())
        return True

    @staticmethod
    def _has_something_to_read(descriptor: int) -> bool:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(0))
