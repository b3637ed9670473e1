"""Celery tasks: an id in, and one call. Each is safe twice and has both time limits."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from archive.domain import events, expiry, nightlog, selections, storage_class, tallies, verification
from archive.errors import TransientError
from pipeline.reductions import previews

LOST_AFTER = timedelta(minutes=10)  # an object that nobody has read for so long has lost its task
SWEEP_SIZE = 1000
MOST_EXPIRED = 5000  # of one run; the next one goes on a minute later
MOST_MOVED = 2000
PASSING = (TransientError, OperationalError, InterfaceError)  # the store or the database is away: try again


@shared_task(autoretry_for=PASSING, retry_backoff=True, max_retries=10, soft_time_limit=120, time_limit=150)
def make_previews(*, frame_id: int, **_added_later: object) -> None:
    previews.make_previews(frame_id=frame_id, at=timezone.now())


@shared_task(autoretry_for=PASSING, retry_backoff=True, max_retries=10, soft_time_limit=600, time_limit=660)
def verify_frame(*, frame_id: int, **_added_later: object) -> None:
    verification.verify_frame(frame_id=frame_id, at=timezone.now())


@shared_task(soft_time_limit=60, time_limit=90)
def verify_unread_objects() -> None:
    """Ask again for what should have been verified by now."""
    late = verification.frames_with_unread_objects(older_than=LOST_AFTER, at=timezone.now(), most=SWEEP_SIZE)
    for frame_id in dict.fromkeys(late):
        verify_frame.delay(frame_id=frame_id)


@shared_task(soft_time_limit=300, time_limit=330)
def forget_old_events() -> None:
    events.forget_delivered(older_than=settings.EVENT_LIFETIME, at=timezone.now())


@shared_task(soft_time_limit=300, time_limit=330)
def turn_frames_public() -> None:
    """Set the flag of frames whose public date has come; readers see them on time without it, but slower."""
    tallies.turn_public()


@shared_task(soft_time_limit=300, time_limit=330)
def fold_tallies() -> None:
    tallies.fold()


@shared_task(soft_time_limit=300, time_limit=330)
def forget_expired_selections() -> None:
    selections.forget_expired(at=timezone.now())


@shared_task(soft_time_limit=600, time_limit=660)
def expire() -> None:
    """Let go what has expired. Two at once do no harm: each leaves the rows that the other holds."""
    expiry.expire(at=timezone.now(), most=MOST_EXPIRED)


@shared_task(autoretry_for=PASSING, retry_backoff=True, max_retries=3, soft_time_limit=1800, time_limit=1860)
def move_old_bytes() -> None:
    """Move bytes that have grown old to infrequent access."""
    storage_class.move_old_bytes(at=timezone.now(), most=MOST_MOVED)


@shared_task(soft_time_limit=60, time_limit=90)
def forget_expired_notes() -> None:
    nightlog.forget_expired(at=timezone.now())
