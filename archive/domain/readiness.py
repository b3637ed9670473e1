"""Each part that the archive stands on, tried out."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.crypto import get_random_string
from kombu import Connection

from archive.domain import broker, replica
from archive.domain.store import the_store
from archive.errors import ArchiveError
from archive.models import Event

LATE_RELAY = timedelta(minutes=1)
BROKER_SECONDS = 2
ANSWER_KEY = "readiness"
ANSWER_SECONDS = 5


class State(IntEnum):
    """How well a part does; the worst one is the archive's own."""

    OK = 0
    REDUCED = 1
    DOWN = 2


@dataclass(frozen=True, slots=True)
class Part:
    state: State
    detail: str
    cause: str = ""  # for staff: it may tell hosts and paths


def parts() -> dict[str, Part]:
    """Try every part out; askers within a few seconds get the same answer, for each part is asked for real."""
    found: dict[str, Part] | None = cache.get(ANSWER_KEY)
    if found is None:
        found = _tried()
        cache.set(ANSWER_KEY, found, ANSWER_SECONDS)
    return found


def _tried() -> dict[str, Part]:
    checks: dict[str, Callable[[], Part]] = {
        "database": _database,
        "store": _store,
        "cache": _cache,
        "broker": _broker,
        "relay": _relay,
        "workers": _workers,
    }
    if replica.is_configured():
        checks["replica"] = _replica
    return {name: check() for name, check in checks.items()}


def _database() -> Part:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT postgis_lib_version()")
            version = cursor.fetchone()[0]
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Part(State.DOWN, "PostgreSQL with PostGIS does not answer", str(error).strip())
    if missing:
        return Part(State.DOWN, f"{len(missing)} migrations wait: run manage.py migrate")
    return Part(State.OK, f"PostGIS {version}")


def _replica() -> Part:
    found = replica.standing(at=timezone.now())
    behind = found.fault if found.lag is None else f"at most {found.lag.total_seconds():.1f} s behind"
    if found.is_fresh:
        return Part(State.OK, behind)
    return Part(State.REDUCED, f"{behind}: pages come from the primary", found.cause)


def _store() -> Part:
    try:
        store = the_store()
        warning = store.check()
    except ArchiveError as error:
        return Part(State.DOWN, "the file store can not do its work", str(error))
    return Part(State.REDUCED, warning) if warning else Part(State.OK, f"{store.name} store")


def _cache() -> Part:
    if settings.CACHES["default"]["BACKEND"].endswith("LocMemCache"):
        return Part(State.REDUCED, "each process has a cache of its own: set CACHE_LOC to a memcached")
    probe = get_random_string(16)
    cache.set("readiness-probe", probe, 10)
    if cache.get("readiness-probe") != probe:
        return Part(State.REDUCED, "the cache does not answer", str(settings.CACHES["default"]["LOCATION"]))
    return Part(State.OK, "cache answers")


def _broker() -> Part:
    if not broker.is_configured():
        return Part(State.REDUCED, "QUEUE_BROKER_URL is memory://: events wait in the outbox, no previews are made")
    try:
        with _short_connection() as probe:
            probe.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except broker.FAULTS as error:
        return Part(State.REDUCED, "the broker does not answer: events wait in the outbox", str(error))
    return Part(State.OK, "broker answers")


def _short_connection() -> Connection:
    return Connection(settings.QUEUE_BROKER_URL, connect_timeout=BROKER_SECONDS)


def _relay() -> Part:
    try:
        waiting = Event.objects.filter(published_at__isnull=True)
        oldest = waiting.order_by("created_at").values_list("created_at", flat=True).first()
    except DatabaseError as error:
        return Part(State.DOWN, "the outbox can not be read", str(error).strip())
    if oldest is None:
        return Part(State.OK, "the outbox is empty")
    age = timezone.now() - oldest
    state = State.REDUCED if age > LATE_RELAY else State.OK
    return Part(state, f"the oldest event waits since {int(age.total_seconds())} s")


def _workers() -> Part:
    if not broker.is_configured():
        return Part(State.REDUCED, "without a broker no worker can be reached")
    try:
        with _short_connection() as probe:
            probe.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
            queue: Any = broker.pipeline_queue()(probe.default_channel)
            consumers = queue.queue_declare(passive=True).consumer_count
    except broker.FAULTS as error:
        return Part(State.REDUCED, "the pipeline's queue can not be asked", str(error))
    if not consumers:
        return Part(State.REDUCED, "no worker listens: start one with celery -A settings worker")
    return Part(State.OK, f"workers that listen: {consumers}")
