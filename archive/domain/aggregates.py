"""Distinct values of the frames that a reader may see: what there is to choose from."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from psycopg2 import errors as postgres

from archive.domain import search
from archive.errors import TransientError
from archive.models import Frame, FrameQuerySet, Reader

COLUMN_OF = {
    "sites": "site_id",
    "telescopes": "telescope_id",
    "filters": "primary_optical_element",
    "instruments": "instrument_id",
    "obstypes": "configuration_type",
    "proposals": "proposal_id",
}
CACHE_KEY = "aggregate-1-{}"
CACHE_SECONDS = 300
FILLED_SECONDS = 24 * 3600  # what `manage.py cacheaggregates` fills, which runs more often than that

Values = dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Distinct values by name, and when they were true; None when there was nothing to look at."""

    values: Values
    generated_at: datetime | None


@dataclass(frozen=True, slots=True)
class Terms:
    """Which of the visible frames to look at: without `public` only those whose public date has not come."""

    start: datetime | None = None
    end: datetime | None = None
    public: bool = True
    equal: Mapping[str, Any] = field(default_factory=dict)


def aggregate_of(user: Reader, terms: Terms, *, at: datetime, timeout_ms: int) -> Aggregate:
    """Values of the visible frames that meet the terms, looked up now.

    Raises TransientError when it takes longer than `timeout_ms`; 0 is no limit.
    """
    if user.is_anonymous and not terms.public:
        return Aggregate(_values_of(()), None)
    frames = search.frames_for(user, at=at).filter(**terms.equal)
    if terms.start is not None:
        frames = frames.filter(observation_date__gte=terms.start)
    if terms.end is not None:
        frames = frames.filter(observation_date__lte=terms.end)
    if not terms.public:
        frames = _not_yet_public(frames, at=at)
    return Aggregate(_looked_up(frames, timeout_ms=timeout_ms), at)


def aggregate_of_all(user: Reader, *, at: datetime, timeout_ms: int) -> Aggregate:
    """Values of all visible frames. What is the same for many readers comes from the cache, for some minutes.

    Raises TransientError when it takes longer than `timeout_ms`; 0 is no limit.
    """
    if user.is_active and user.is_superuser:
        return _cached("all", _everything(), at=at, timeout_ms=timeout_ms)
    public = _cached("public", _public(at=at), at=at, timeout_ms=timeout_ms)
    if user.is_anonymous:
        return public
    own = _looked_up(_not_yet_public(search.frames_for(user, at=at), at=at), timeout_ms=timeout_ms)
    return Aggregate({name: public.values[name] | own[name] for name in COLUMN_OF}, public.generated_at)


def fill_cache(*, at: datetime) -> dict[str, Aggregate]:
    """Look up what `aggregate_of_all` keeps, however long that takes, and keep it."""
    filled = {}
    for kind, frames in (("public", _public(at=at)), ("all", _everything())):
        filled[kind] = Aggregate(_looked_up(frames, timeout_ms=0), at)
        cache.set(CACHE_KEY.format(kind), filled[kind], FILLED_SECONDS)
    return filled


def _cached(kind: str, frames: FrameQuerySet, *, at: datetime, timeout_ms: int) -> Aggregate:
    key = CACHE_KEY.format(kind)
    found = cache.get(key)
    if isinstance(found, Aggregate):
        return found
    made = Aggregate(_looked_up(frames, timeout_ms=timeout_ms), at)
    cache.set(key, made, CACHE_SECONDS)
    return made


def _everything() -> FrameQuerySet:
    """What superusers see."""
    return Frame.objects.filter(observation_date__isnull=False)


def _public(*, at: datetime) -> FrameQuerySet:
    return _everything().filter(public_date__lte=at)


def _not_yet_public(frames: FrameQuerySet, *, at: datetime) -> FrameQuerySet:
    return frames.filter(Q(public_date__gt=at) | Q(public_date__isnull=True))


def _looked_up(frames: FrameQuerySet, *, timeout_ms: int) -> Values:
    """One pass over the frames: what occurs together is far less than the frames."""
    combinations = frames.listed().order_by().values_list(*COLUMN_OF.values()).distinct()
    with at_most(timeout_ms):
        return _values_of(combinations.iterator(chunk_size=2000))


def _values_of(combinations: Iterable[tuple[Any, ...]]) -> Values:
    values: Values = {name: set() for name in COLUMN_OF}
    for combination in combinations:
        for name, value in zip(COLUMN_OF, combination, strict=True):
            if value:
                values[name].add(value)
    return values


@contextmanager
def at_most(timeout_ms: int) -> Iterator[None]:
    """Let PostgreSQL break off a query that takes longer."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(timeout_ms)])
            yield
            with connection.cursor() as cursor:  # a savepoint does not take it back
                cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    except OperationalError as error:
        if not isinstance(error.__cause__, postgres.QueryCanceled):
            raise
        raise TransientError(
            f"this took longer than {timeout_ms} ms: ask for a shorter time or fewer frames, or raise query_timeout."
        ) from error
