"""What is pending and due is asked of workers: the newest night first, and never much more than they can begin.

Messages are hints and rows are the truth: a message that is lost, comes twice or comes late changes nothing.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, Q, Value, When

from archive.domain import products
from archive.enums import ProductState
from archive.errors import TransientError
from archive.models import Product
from pipeline import leases, planning
from pipeline.failures import end_of_lost_worker
from pipeline.subjects import subject_of_product

logger = structlog.get_logger(__name__)

MOST_QUEUED = 32  # few wait in the broker, so that a newer night, or a pause, need not wait for many
MOST_PLANNED = 100
LOST_AFTER = timedelta(minutes=10)  # a worker that was asked so long ago never heard of it
FIRST, LATER = 0, 1

Ask = Callable[[int], None]  # sends one message; raises TransientError when the broker does not take it
Hours = tuple[time, time]


def dispatch(*, ask: Ask, at: datetime) -> None:
    """Ask workers for what is due. Several may do so at once: each takes the rows that the others leave."""
    _settle_lost(at)
    _ask_again(at)
    _plan_due(at)
    if may_begin(at):
        _ask_for_due(ask, at)


def may_begin(at: datetime) -> bool:
    """Whether reductions may begin at this time: they are not paused, and these are no quiet hours."""
    return not products.is_paused() and not is_quiet(at, settings.QUIET_HOURS, settings.QUIET_HOURS_ZONE)


def is_quiet(at: datetime, hours: Hours | None, zone: ZoneInfo) -> bool:
    """Whether `at` lies within `hours` of the clock of `zone`; from 18:00 to 07:00 is the night."""
    if hours is None:
        return False
    begin, end = hours
    clock = at.astimezone(zone).time()
    if begin < end:
        return begin <= clock < end
    return clock >= begin or clock < end


def _settle_lost(at: datetime) -> None:
    """End the attempts of workers that do not renew their leases."""
    lapsed = Product.objects.filter(state=ProductState.RUNNING, lease_until__lt=at)
    for product_id in lapsed.order_by("pk").values_list("pk", flat=True):
        product = end_of_lost_worker(product_id, at=at)
        if product is not None and product.state == ProductState.FAILED:
            planning.plan_followers(product, at=at)


def _ask_again(at: datetime) -> None:
    """Take back what was asked long ago: the message is lost, or the workers are away."""
    forgotten = Product.objects.filter(state=ProductState.QUEUED, queued_at__lt=at - LOST_AFTER)
    forgotten.update(state=ProductState.PENDING, queued_at=None)


def _plan_due(at: datetime) -> None:
    """Plan anew what waits for something and is to be looked at now."""
    waiting = Product.objects.filter(~Q(reason="") | Q(fingerprint=""), state=ProductState.PENDING, not_before__lte=at)
    due = waiting.select_related("observation").order_by("-night", "pk")[:MOST_PLANNED]
    for subject in dict.fromkeys(map(subject_of_product, due)):
        planning.plan(subject, at=at)


def _ask_for_due(ask: Ask, at: datetime) -> None:
    asked = _queued(at)
    for number, product_id in enumerate(asked):
        try:
            ask(product_id)
        except TransientError as error:
            logger.warning("products_wait_for_broker", products=len(asked) - number, reason=str(error))
            for left in asked[number:]:
                leases.put_back(left, at=at)
            return


def _queued(at: datetime) -> list[int]:
    """Mark the next products as asked for, as many as there is room for."""
    with transaction.atomic():
        room = MOST_QUEUED - Product.objects.filter(state=ProductState.QUEUED).count()
        due = Product.objects.filter(state=ProductState.PENDING, reason="", not_before__lte=at).exclude(fingerprint="")
        in_order = due.order_by(_forced_first(), "-night", "not_before", "pk")
        rows = list(in_order.select_for_update(no_key=True, skip_locked=True)[: max(room, 0)])
        ids = [row.pk for row in rows]
        Product.objects.filter(pk__in=ids).update(state=ProductState.QUEUED, queued_at=at)
    return ids


def _forced_first() -> Case:
    """Somebody waits for what was forced."""
    return Case(When(forced_by="", then=Value(LATER)), default=Value(FIRST))
