"""Django's memcached backend, whose connections outlive the request."""

from typing import Any

from django.core.cache.backends.memcached import PyMemcacheCache


class KeptMemcached(PyMemcacheCache):
    """Leaves each thread its connection. Django closes it after every request, and to open it costs more than to ask.

    A connection that has died is found out by the next question: that one is a miss, as with a cache that is down.
    """

    def close(self, **kwargs: Any) -> None:
        """Keep what Django asks to be closed at the end of a request."""
