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
from archive.models import Event, Frame, Version
from ingest.headers.record import FrameRecord

logger = structlog.get_logger(__name__)

# Advisory locks of PostgreSQL; the numbers are this archive's own and mean nothing else.
POSITION_LOCK = 7_365_201
DELIVERY_LOCK = 7_365_202
CHANNEL = "archive_events"  # of LISTEN and NOTIFY: positions were given
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


def record_event(
    name: EventName, *, frame: Frame, body: Mapping[str, Any], at: datetime, subject: Mapping[str, Any] | None = None
) -> Event:
    """Write an event in the caller's transaction: it happens if, and only if, what it reports happens.

    When the frame's row goes in the same transaction, `subject` holds its columns: readers are told as if it stood.
    """
    return Event.objects.create(name=name, frame_id=frame.pk, body=body, created_at=at, subject=subject)


def record_family_event(name: EventName, *, body: Mapping[str, Any], at: datetime, subject: Mapping[str, Any]) -> Event:
    """The same of a family, which may have no frame; its body names it.

    Readers are told as if it were a frame with the columns of `subject`: `observation_date` (without it nobody is
    told), `public_date` and `proposal_id` say who, `site_id` and the others what terms of lists find.
    """
    return Event.objects.create(name=name, body=body, created_at=at, subject=subject)


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
    give_positions()
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


def give_positions() -> int:
    """Give the next positions to committed events that have none, and wake the live stream. Answers how many."""
    if not Event.objects.filter(position__isnull=True).exists():
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [POSITION_LOCK])
        cursor.execute(GIVE_POSITIONS, [BATCH_SIZE])
        given: int = cursor.rowcount
        # Heard after the commit. Whoever notifies waits for others who do (decisions/0001): here nobody else does.
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    return given


def _waiting() -> list[Event]:
    waiting = Event.objects.filter(published_at__isnull=True, position__isnull=False, fault="")
    return list(waiting.order_by("position")[:BATCH_SIZE])


def _is_free(number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        row: tuple[bool] = cursor.fetchone()
    return row[0]


def forget_delivered(*, older_than: timedelta, at: datetime) -> int:
    """Delete events that nobody may ask for any more. The newest one stays: positions go on from it.

    What is kept has no holes: events that no broker takes go with those that were delivered after them.
    """
    newest = Event.objects.aggregate(newest=Max("position"))["newest"]
    delivered = Event.objects.filter(published_at__lt=at - older_than).exclude(position=newest)
    last = delivered.aggregate(last=Max("position"))["last"]
    if last is None:
        return 0
    n_forgotten: int = Event.objects.filter(position__lte=last).delete()[0]
    return n_forgotten
