"""What changed among the science rows is written beside the data, a little after its commit.

Events tell which frames changed, times in rows which observations and nights did. A place in the store remembers up to
which event all is written: a run that dies is repeated by the next one, and writes nothing twice.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

import structlog
from django.db import connection
from django.db.models import Max, Min, Q

from archive.domain.science import documents
from archive.domain.science.documents import Document
from archive.enums import ExpiringKind
from archive.models import Event, Frame, Observation, Product, RawFile, Tombstone
from ingest.roboao_names import raw_name
from ingest.stores.base import FileStore
from ingest.stores.keys import ROWS_PREFIX

logger = structlog.get_logger(__name__)

PLACE = f"{ROWS_PREFIX}place.json"
KEEPING_LOCK = 7_365_204  # advisory lock of PostgreSQL, beside those of archive.domain.events and pipeline.planning
MOST_EVENTS = 5000  # of one run
FRAMES_AT_A_TIME = 200  # in one round of statements
MOST_SWEPT = 2000  # frames that a run looks at beside those that changed, until all were looked at once
OVERLAP = timedelta(minutes=10)  # longer than a transaction that has its time takes to commit


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where all is written."""

    position: int = 0  # of events
    at: datetime | None = None  # when the last run began; None: there was none
    swept: int = 0  # id of the last frame that was looked at without an event
    uuid: str = ""  # of the event at that position: another database has another one there
    unread: tuple[str, ...] = ()  # frames with bytes that nobody had read yet: the next run looks again
    is_restoring: bool = False  # rows are on their way back: what a run saw of them would not be all


@dataclass(slots=True)
class _Changed:
    frames: set[str] = field(default_factory=set)
    observations: set[tuple[str, date]] = field(default_factory=set)
    nights: set[date] = field(default_factory=set)

    def documents(self) -> Iterator[Document]:
        basenames = sorted(self.frames)
        for first in range(0, len(basenames), FRAMES_AT_A_TIME):
            yield from documents.of_frames(basenames[first : first + FRAMES_AT_A_TIME])
        yield from (documents.of_observation(name, night) for name, night in sorted(self.observations))
        yield from (documents.of_night(night) for night in sorted(self.nights))

    def add_subjects_of(self, basenames: Iterable[str]) -> None:
        """Observations and nights of raw files, by their names: some are gone already."""
        for basename in basenames:
            name = raw_name(basename)
            if name is not None:
                self.observations.add((name.exposure, name.night))
                self.nights.add(name.night)


def keep_rows(*, store: FileStore, at: datetime) -> int:
    """Write what changed since the last run. Answers how many documents changed; none while another run is at it.

    A database that is not the one of the last run writes nothing: documents of one that was lost are what is left of
    it, until `manage.py restore` has brought them back. Raises TransientError when the store is away.
    """
    with alone() as is_alone:
        if not is_alone:
            return 0
        place = _place(store)
        if place.is_restoring or not _is_ours(place):
            logger.error("rows_not_kept", reason="the store has rows of another database: run manage.py restore")
            return 0
        changed, reached = _changes_since(place)
        unread = _unread(changed.frames)  # before their rows are written: what is read meanwhile is looked at again
        to_write = chain(changed.documents(), documents.lists())
        n_written = sum(documents.write(store, each.path, each.content) for each in to_write)
        _remember(store, replace(reached, at=at, unread=unread))
    if n_written:
        logger.info("rows_kept", documents=n_written, position=reached.position)
    return n_written


def knows_of(store: FileStore) -> bool:
    """Whether documents of the store were written from this database as it is, and not from another or a later one."""
    place = _place(store)
    return not place.is_restoring and _is_ours(place)


def begin_anew(store: FileStore) -> None:
    """Forget how far it was: every document is compared once more."""
    documents.write(store, PLACE, b"")


def stand_back(store: FileStore) -> None:
    """Write nothing until `begin_anew`, also if whoever asks for this is killed: rows are on their way back."""
    _remember(store, Place(is_restoring=True))


def _changes_since(place: Place) -> tuple[_Changed, Place]:
    newest = Event.objects.aggregate(newest=Max("position"))["newest"] or 0
    changed = _Changed(frames=set(place.unread))
    place = _swept_on(place, changed)
    events = (
        Event.objects.filter(position__gt=place.position, frame_id__isnull=False)
        .only("position", "frame_id")
        .order_by("position")
    )
    told = list(events[:MOST_EVENTS])
    _add_frames(changed, {event.frame_id for event in told if event.frame_id is not None})
    since = Q() if place.at is None else Q(modified_at__gte=place.at - OVERLAP)
    changed.observations |= set(Observation.objects.filter(since).values_list("name", "night"))
    _add_products(changed, place)
    _add_frames_of(changed)
    last = told[-1].position if len(told) == MOST_EVENTS else newest
    return changed, replace(place, position=max(last or 0, place.position))


def _unread(basenames: set[str]) -> tuple[str, ...]:
    """Those of these frames of whose bytes a verification is to come, which no event will tell of."""
    frames = Frame.objects.filter(basename__in=basenames)
    by_versions = frames.filter(versions__object__verified_at=None, versions__object__fault="", is_listed=True)
    by_pictures = frames.filter(
        thumbnails__object__verified_at=None, thumbnails__object__fault="", thumbnails__pk__gt=0
    )
    found = by_versions.values_list("basename").union(by_pictures.values_list("basename"))
    return tuple(sorted(basename for (basename,) in found)[:MOST_EVENTS])


def _swept_on(place: Place, changed: _Changed) -> Place:
    """Look at the next frames of those that were there before anybody wrote of them."""
    rows = Frame.objects.filter(pk__gt=place.swept).order_by("pk").values_list("pk", "basename")[:MOST_SWEPT]
    found = list(rows)
    if place.at is None:
        changed.nights |= set(RawFile.objects.filter(observation=None).values_list("night", flat=True))
    changed.frames |= {basename for _pk, basename in found}
    return replace(place, swept=found[-1][0]) if found else place


def _add_frames(changed: _Changed, ids: set[int]) -> None:
    there = Frame.objects.filter(pk__in=ids).values_list("basename", flat=True)
    gone = Tombstone.objects.filter(kind=ExpiringKind.FRAME, thing_id__in=ids).values_list("name", flat=True)
    names = {*there, *gone}
    changed.frames |= names
    changed.add_subjects_of(names)


def _add_products(changed: _Changed, place: Place) -> None:
    """Subjects of products that were settled, or planned and left out, since."""
    rows = Product.objects.order_by()
    if place.at is not None:
        since = place.at - OVERLAP
        rows = rows.filter(Q(finished_at__gte=since) | Q(created_at__gte=since))
    changed.nights |= set(rows.filter(observation=None).values_list("night", flat=True))
    changed.observations |= set(rows.exclude(observation=None).values_list("subject", "night"))


def _add_frames_of(changed: _Changed) -> None:
    """Frames made of these observations: who may see them follows from these, and no event tells when it does."""
    for name, _night in changed.observations:
        made = Frame.objects.filter(basename__startswith=f"{name}_", raw_file=None)
        changed.frames |= set(made.values_list("basename", flat=True))


def _place(store: FileStore) -> Place:
    content = documents.read(store, PLACE)
    if not content:
        return Place()
    told: dict[str, Any] = json.loads(content)
    at, unread = told.pop("at"), tuple(told.pop("unread"))
    return Place(**told, unread=unread, at=None if at is None else datetime.fromisoformat(at))


def _remember(store: FileStore, place: Place) -> None:
    event = Event.objects.filter(position=place.position).first()
    told = asdict(replace(place, uuid="" if event is None else str(event.uuid)))
    told["at"] = None if place.at is None else place.at.isoformat()
    documents.write(store, PLACE, json.dumps(told).encode())


def _is_ours(place: Place) -> bool:
    """Whether the last run was on this database. Events that old may be forgotten, and then all that are older."""
    if not place.uuid:
        return True
    event = Event.objects.filter(position=place.position).first()
    if event is not None:
        return str(event.uuid) == place.uuid
    oldest = Event.objects.aggregate(oldest=Min("position"))["oldest"]
    return oldest is not None and oldest > place.position


@contextmanager
def alone() -> Iterator[bool]:
    """Whether no other run is at it. The lock is the connection's: no transaction stays open for a long run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [KEEPING_LOCK])
        row: tuple[bool] = cursor.fetchone()
    try:
        yield row[0]
    finally:
        if row[0]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [KEEPING_LOCK])
