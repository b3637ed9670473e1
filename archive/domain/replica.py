"""Which database a read may ask: the primary, or the streaming replica that DB_HOST_READER names.

This module alone knows the rule (docs/decisions/0009): the replica may find which frames are on a page, and count. It
is never the last word: the rows of a page are fetched from the primary, under the rule of visibility.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import Error, connections
from django.db.models import Model
from psycopg2 import errors as postgres

from archive.models import Reader

logger = structlog.get_logger(__name__)
T = TypeVar("T")

PRIMARY, READER = "default", "reader"
ASKED_EVERY = timedelta(seconds=2)
LEFT_ALONE = timedelta(seconds=30)
MOST_PLACES = 1000
PLACE_OF_PRIMARY = """
    SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint, clock_timestamp(), system_identifier
    FROM pg_control_system()
"""
PLACE_OF_REPLICA = """
    SELECT pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint, pg_last_xact_replay_timestamp(),
           system_identifier, pg_is_in_recovery()
    FROM pg_control_system()
"""


def is_configured() -> bool:
    return READER in connections


def reading_alias(user: Reader, *, at: datetime) -> str:
    """Database that may find a page for `user`, or count for them: `default` unless the replica is fresh.

    Who writes frames must see them at once, so superusers and staff read from the primary.
    """
    if not is_configured() or user.is_superuser or user.is_staff:
        return PRIMARY
    return READER if _watch.is_fresh(at=at) else PRIMARY


def with_fallback(read: Callable[[str], T], user: Reader, *, at: datetime) -> T:
    """What `read(alias)` gives; where the replica fails in the middle of it, what it gives on the primary.

    `read` may be called twice, and must have read everything when it returns: no queryset that still waits.
    """
    alias = reading_alias(user, at=at)
    if alias == PRIMARY:
        return read(PRIMARY)
    try:
        return read(alias)
    except Error as error:
        if isinstance(error.__cause__, postgres.QueryCanceled):  # a time limit of ours holds wherever it is asked
            raise
        if not _answers():
            _watch.leave_alone(error, at=at)
        logger.info("replica_failed_a_read", cause=str(error).strip())
    return read(PRIMARY)


def standing(*, at: datetime) -> "Standing":
    """How the replica stands now. What is found out counts for the next pages too."""
    return _watch.ask(at=at)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the replica is behind the primary at most; None, and a fault in plain words, when nobody knows."""

    lag: timedelta | None
    fault: str = ""
    cause: str = ""

    @property
    def is_fresh(self) -> bool:
        return self.lag is not None and self.lag <= settings.REPLICA_MAX_LAG


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where the log of changes was written, in bytes, at an instant of the primary's clock."""

    log_bytes: int
    at: datetime


def lag_at_most(
    now: Place, earlier: Iterable[Place], *, replayed_bytes: int, last_commit_at: datetime | None
) -> timedelta | None:
    """How far a replica is behind at most that has replayed the log up to `replayed_bytes`; None: nobody can say.

    It has everything that was written when the primary's log ended where the replica's ends now, and everything that
    was committed before the last commit that it has replayed. The first makes an idle primary no lag at all, and holds
    for a replica that has lost its connection; the second is all that is known before the log was looked at often.
    """
    if replayed_bytes >= now.log_bytes:
        return timedelta(0)
    has_all_of = [place.at for place in earlier if place.log_bytes <= replayed_bytes]
    if last_commit_at is not None:
        has_all_of.append(last_commit_at)
    return max(now.at - max(has_all_of), timedelta(0)) if has_all_of else None


class _Watch:
    """What this process knows of the replica."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._places: deque[Place] = deque(maxlen=MOST_PLACES)
        self._known = Standing(None, "nobody has asked yet")
        self._was_fresh: bool | None = None
        self._asked_at: datetime | None = None
        self._holds = ASKED_EVERY

    def is_fresh(self, *, at: datetime) -> bool:
        """Whether it was when it was last asked, which is seldom longer ago than ASKED_EVERY.

        While one thread asks, the others go by what is known.
        """
        if self._is_due(at) and self._asking.acquire(blocking=False):
            try:
                self._learn(_compared(self._places), at=at)
            finally:
                self._asking.release()
        return self._known.is_fresh

    def ask(self, *, at: datetime) -> Standing:
        with self._asking:
            self._learn(_compared(self._places), at=at)
            return self._known

    def leave_alone(self, error: Error, *, at: datetime) -> None:
        with self._asking:
            self._learn(_away(error), at=at)

    def _is_due(self, at: datetime) -> bool:
        return self._asked_at is None or abs(at - self._asked_at) >= self._holds  # clocks may be set back

    def _learn(self, found: Standing, *, at: datetime) -> None:
        self._known, self._asked_at = found, at
        self._holds = LEFT_ALONE if found.cause else ASKED_EVERY  # asking who does not answer takes seconds
        if found.is_fresh != self._was_fresh:
            self._was_fresh = found.is_fresh
            lag_s = None if found.lag is None else found.lag.total_seconds()
            event = "replica_taken" if found.is_fresh else "replica_left"
            logger.warning(event, lag_s=lag_s, fault=found.fault, cause=found.cause)


_watch = _Watch()


def _away(error: Error) -> Standing:
    return Standing(None, "the replica does not answer", str(error).strip())


def _compared(places: deque[Place]) -> Standing:
    """Ask both. The primary first: what is written between the two questions is no lag."""
    try:
        log_bytes, now, cluster = _row(PRIMARY, PLACE_OF_PRIMARY)
    except Error as error:
        return Standing(None, "the primary does not say how far it is", str(error).strip())
    try:
        replayed_bytes, last_commit_at, cluster_of_replica, is_replica = _row(READER, PLACE_OF_REPLICA)
    except Error as error:
        _answers()
        return _away(error)
    if cluster_of_replica != cluster or not is_replica or replayed_bytes is None:
        return Standing(None, "DB_HOST_READER is no streaming replica of DB_HOST")
    place = Place(log_bytes, now)
    lag = lag_at_most(place, places, replayed_bytes=replayed_bytes, last_commit_at=last_commit_at)
    places.append(place)
    return Standing(lag, "" if lag is not None else "how far the replica is behind is not known yet")


def _row(alias: str, question: str) -> tuple[Any, ...]:
    with connections[alias].cursor() as cursor:
        cursor.execute(question)
        found: tuple[Any, ...] = cursor.fetchone()
        return found


def _answers() -> bool:
    """Whether the replica still does; a connection that is of no use any more is let go."""
    reader = connections[READER]
    if reader.connection is not None and reader.is_usable():
        return True
    reader.close()
    return False


class PrimaryWrites:
    """Django's router: whatever was read where, rows are written to the primary, and migrations run there alone."""

    def db_for_write(self, model: type[Model], **hints: Any) -> str:  # noqa: ARG002 - Django's signature
        return PRIMARY

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:  # noqa: ARG002 - Django's signature
        return db != READER
