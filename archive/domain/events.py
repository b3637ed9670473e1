"""The outbox: events are written with what they report, get their place after commit, and go to the broker."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Max

from archive.enums import EventName
from archive.errors import TransientError, UsageError
from archive.models import Event, Exposure, Frame, Version
from ingest.headers.record import FrameRecord

logger = structlog.get_logger(__name__)

# Advisory locks of PostgreSQL; the numbers are this archive's own and mean nothing else.
POSITION_LOCK = 7_365_201
DELIVERY_LOCK = 7_365_202
BATCH_SIZE = 200

# A position becomes visible only after all smaller ones: the lock is held to the commit.
GIVE_POSITIONS = """
    UPDATE archive_event AS event
    SET position = waiting.position
    FROM (
        SELECT id,
               (SELECT coalesce(max(position), 0) FROM archive_event)
               + row_number() OVER (ORDER BY id) AS position
        FROM archive_event
        WHERE position IS NULL
        ORDER BY id
        LIMIT %s
    ) AS waiting
    WHERE event.id = waiting.id
"""


def record_event(name: EventName, *, frame: Frame, body: Mapping[str, Any], at: datetime) -> Event:
    """Write an event in the caller's transaction: it happens if, and only if, what it reports happens."""
    return Event.objects.create(name=name, frame_id=frame.pk, body=body, created_at=at)


def record_family_event(name: EventName, *, exposure: Exposure, body: Mapping[str, Any], at: datetime) -> Event:
    """The same of a family, which may have no frame."""
    return Event.objects.create(name=name, exposure_id=exposure.pk, body=body, created_at=at)


def record_posted(frame: Frame, *, at: datetime) -> None:
    """Report bytes that are only said to be there: a task reads them."""
    record_event(EventName.FRAME_POSTED, frame=frame, body={"frameid": frame.pk}, at=at)


def about_bytes(frame: Frame, *, record: FrameRecord, versions: Sequence[Version], at: datetime) -> list[Event]:
    """Events, not yet written, of what was registered of a frame.

    New bytes are reported with the body that subscribers of the OCS archive know; those that are only said to be there
    once more, so that a task reads them. Without new bytes the frame has changed.
    """
    about = partial(Event, frame_id=frame.pk, created_at=at)
    frame_id = {"frameid": frame.pk}
    if not versions:
        return [about(name=EventName.FRAME_UPDATED, body=frame_id)]
    is_fits = any(version.is_fits for version in versions)
    body = _body_of(frame, record, versions)
    told = [about(name=EventName.FRAME_INGESTED, body=body, to_fits_exchange=is_fits)]
    if not all(version.object.verified_at for version in versions):
        told.append(about(name=EventName.FRAME_POSTED, body=frame_id))
    return told


def _body_of(frame: Frame, record: FrameRecord, versions: Sequence[Version]) -> dict[str, Any]:
    area = {"type": "Polygon", "coordinates": [record.footprint]}
    return {
        **record.headers,
        "area": json.dumps(area) if record.footprint else None,
        "basename": frame.basename,
        "version_set": [
            {"key": version.object.version_id, "md5": version.md5, "extension": version.extension}
            for version in versions
        ],
        "filename": frame.basename + versions[0].extension,
        "frameid": frame.pk,
    }


def deliver_pending(publish: Callable[[Event], None], *, clock: Callable[[], datetime]) -> int:
    """Give positions to new events and hand those that wait to `publish`, in order. Answers how many went.

    `publish` returns when the broker has the message for certain. It raises TransientError when the broker is away,
    and UsageError for a message that no broker will take: that one is set aside. A relay that dies in between leaves
    a batch that is sent again, with the same ids. Several relays may run: while one delivers, the others find nothing
    to do.
    """
    _give_positions()
    failure: TransientError | None = None
    delivered: list[Event] = []
    with transaction.atomic():
        if not _is_free(DELIVERY_LOCK):
            return 0
        for event in _waiting():
            try:
                publish(event)
            except TransientError as error:
                failure = error
                break
            except UsageError as error:
                _set_aside(event, str(error))
                continue
            delivered.append(event)
        Event.objects.filter(pk__in=[event.pk for event in delivered]).update(published_at=clock())
    if failure is not None:
        raise failure
    return len(delivered)


def _set_aside(event: Event, fault: str) -> None:
    """One event that can not be told must not hold up those behind it."""
    Event.objects.filter(pk=event.pk).update(fault=fault)
    logger.error("event_set_aside", name=event.name, uuid=str(event.uuid), frame_id=event.frame_id, fault=fault)


def _give_positions() -> None:
    if not Event.objects.filter(position__isnull=True).exists():
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [POSITION_LOCK])
        cursor.execute(GIVE_POSITIONS, [BATCH_SIZE])


def _waiting() -> list[Event]:
    waiting = Event.objects.filter(published_at__isnull=True, position__isnull=False, fault="")
    return list(waiting.order_by("position")[:BATCH_SIZE])


def _is_free(number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        row: tuple[bool] = cursor.fetchone()
    return row[0]


def forget_delivered(*, older_than: timedelta, at: datetime) -> int:
    """Delete delivered events that nobody may ask for any more. The newest one stays: positions go on from it."""
    newest = Event.objects.aggregate(newest=Max("position"))["newest"]
    old = Event.objects.filter(published_at__lt=at - older_than).exclude(position=newest)
    return old.delete()[0]
