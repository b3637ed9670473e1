"""Celery tasks: an id in, and one call. Each is safe twice and has both time limits."""

import os
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import structlog
from celery import shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from archive.domain import (
    broker,
    carts,
    colour_frames,
    colour_pictures,
    delivering,
    events,
    expiry,
    nightlog,
    notices,
    received,
    saved_searches,
    selections,
    storage_class,
    storage_use,
    tallies,
    upload_log,
    verification,
)
from archive.domain.science import keeping
from archive.domain.store import the_store
from archive.errors import TransientError
from archive.terms.saved import ear_of_saved
from ingest import muse_linking, taking
from ingest.intake import the_inspector
from ingest.object_messages import created_objects
from ingest.reconcile import Reconciler
from pipeline import dispatch, making, planning
from pipeline.reductions import colour, previews

logger = structlog.get_logger(__name__)

LOST_AFTER = timedelta(minutes=10)  # an object that nobody has read for so long has lost its task
SETTLED_AFTER = timedelta(hours=1)  # younger objects and rows may be on their way
SWEEP_SIZE = 1000
GALLERY_LOOKS_BACK = timedelta(days=7)  # for targets with something new: so long beat or workers may be away
MOST_COLOUR_PICTURES = 50  # asked for in one run
MOST_REPORTED = 100  # differences that are logged singly
MOST_EXPIRED = 5000  # of one run; the next one goes on a minute later
MOST_MOVED = 2000
PASSING = (TransientError, OperationalError, InterfaceError)  # the store or the database is away: try again


@shared_task(autoretry_for=PASSING, retry_backoff=True, max_retries=10, soft_time_limit=120, time_limit=150)
def make_previews(*, frame_id: int, **_added_later: object) -> None:
    previews.make_previews(frame_id=frame_id, at=timezone.now())


@shared_task(autoretry_for=PASSING, retry_backoff=True, max_retries=10, soft_time_limit=60, time_limit=90)
def plan_frame(*, frame_id: int, **_added_later: object) -> None:
    planning.plan_frame(frame_id, at=timezone.now())
    dispatch.dispatch(ask=ask_for_product, at=timezone.now())


# RabbitMQ gives a task that nobody acknowledges within 30 minutes to another worker.
@shared_task(bind=True, soft_time_limit=1500, time_limit=1560)
def run_product(self: Any, /, *, product_id: int, **_added_later: object) -> None:
    making.make_product(product_id, worker=f"{self.request.hostname} {os.getpid()}", clock=timezone.now)
    dispatch.dispatch(ask=ask_for_product, at=timezone.now())


@shared_task(soft_time_limit=60, time_limit=90)
def dispatch_products() -> None:
    """Ask workers for the products that are due; rows say which, so that a run that is left out harms nothing."""
    dispatch.dispatch(ask=ask_for_product, at=timezone.now())


def ask_for_product(product_id: int) -> None:
    """Ask a worker for one product. Raises TransientError when the broker does not take the message."""
    try:
        run_product.delay(product_id=product_id)
    except broker.FAULTS as error:
        raise TransientError(f"the broker did not take the message: {error}") from error


@shared_task(autoretry_for=PASSING, retry_backoff=True, max_retries=10, soft_time_limit=600, time_limit=660)
def verify_frame(*, frame_id: int, **_added_later: object) -> None:
    verification.verify_frame(frame_id=frame_id, at=timezone.now())
    muse_linking.link_frame(frame_id=frame_id, inspector=the_inspector(), at=timezone.now())


@shared_task(autoretry_for=PASSING, retry_backoff=True, max_retries=10, soft_time_limit=60, time_limit=90)
def hear_object_events(*, message: Any, **_added_later: object) -> None:
    """Note the new objects that a store's message tells of, and start a task for each."""
    heard = created_objects(message, bucket=settings.STORE.bucket)
    start_taking(received.hear(heard, store=the_store().name, at=timezone.now()))


def start_taking(received_ids: Iterable[int]) -> None:
    """Start a task for each. While RabbitMQ is away they wait in their rows, and beat asks again for what waits."""
    try:
        for received_id in received_ids:
            take_in_object.delay(received_id=received_id)
    except broker.FAULTS as error:
        logger.warning("objects_wait_for_broker", reason=str(error))


@shared_task(autoretry_for=PASSING, retry_backoff=True, max_retries=10, soft_time_limit=1500, time_limit=1530)
def take_in_object(*, received_id: int, **_added_later: object) -> None:
    done = taking.take_in(received_id, store=the_store(), inspector=the_inspector(), now=timezone.now())
    start_taking(done.further)


@shared_task(soft_time_limit=60, time_limit=90)
def take_in_waiting_objects() -> None:
    """Ask again for objects that should have been taken in by now."""
    start_taking(received.waiting_since(older_than=LOST_AFTER, at=timezone.now(), most=SWEEP_SIZE))


@shared_task(acks_late=False, soft_time_limit=21_600, time_limit=21_660)
def report_differences() -> None:
    """Compare store and rows, and log what differs. It may take hours, for which RabbitMQ waits for no task's word."""
    if settings.STORE.type == "dummy":
        return
    reconciler = Reconciler(the_store(), settled_before=timezone.now() - SETTLED_AFTER)
    for number, found in enumerate(reconciler.differences()):
        if number < MOST_REPORTED:
            logger.warning("difference_found", kind=found.kind, path=found.path, version_id=found.version_id)
    logger.info("store_compared", differs=reconciler.tally.differs, says=reconciler.tally.line())


@shared_task(soft_time_limit=60, time_limit=90)
def forget_old_uploads() -> None:
    upload_log.forget_expired(at=timezone.now())


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


@shared_task(soft_time_limit=60, time_limit=90)
def forget_old_carts() -> None:
    carts.forget_old(at=timezone.now())


@shared_task(soft_time_limit=600, time_limit=660)
def tell_of_new_frames() -> None:
    """Look at new events for saved searches, and have owners told: a task for each, so that none waits for others."""
    saved_searches.look(ear_of_saved, at=timezone.now())
    try:
        for search_id in delivering.due(at=timezone.now()):
            tell_owner.delay(search_id=search_id)
    except broker.FAULTS as error:
        logger.warning("notices_wait_for_broker", reason=str(error))
    delivering.forget_delivered(at=timezone.now())


@shared_task(soft_time_limit=60, time_limit=90)
def tell_owner(*, search_id: int, **_added_later: object) -> None:
    """Deliver the next notice of a saved search, and have the one after it delivered; what fails waits for its time."""
    if delivering.deliver_next(search_id, notices.WAYS, at=timezone.now()):
        tell_owner.delay(search_id=search_id)


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


# Its first run on an archive of many observations takes long: RabbitMQ waits for no task's word.
@shared_task(acks_late=False, soft_time_limit=21_600, time_limit=21_660)
def keep_rows() -> None:
    """Write what changed among the science rows beside the data."""
    if settings.STORE.type != "dummy":
        keeping.keep_rows(store=the_store(), at=timezone.now())


@shared_task(soft_time_limit=90, time_limit=120)
def count_storage() -> None:
    storage_use.count(at=timezone.now())


@shared_task(soft_time_limit=600, time_limit=660)
def find_colour_pictures() -> None:
    """Look at targets that have new public frames, and ask workers for the pictures that wait to be made.

    Rows say which: a run that is left out, or done twice, harms nothing.
    """
    if settings.STORE.type == "dummy":
        return
    now = timezone.now()
    colour_pictures.let_go(colour_pictures.without_frames(), at=now)
    for name in colour_frames.targets_since(now - GALLERY_LOOKS_BACK, at=now):
        colour_pictures.choose(name, at=now)
    for picture_id in colour_pictures.waiting(at=now, most=MOST_COLOUR_PICTURES):
        make_colour_picture.delay(picture_id=picture_id)


@shared_task(autoretry_for=PASSING, retry_backoff=True, max_retries=5, soft_time_limit=600, time_limit=660)
def make_colour_picture(*, picture_id: int, **_added_later: object) -> None:
    colour.make_colour_picture(picture_id=picture_id, at=timezone.now())
