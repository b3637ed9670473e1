"""What becomes of an attempt that failed: another one later, or an end that a person sees."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from archive.domain import products
from archive.enums import EventName, ProductKind, ProductState, SignalClass
from archive.models import Product
from pipeline import leases
from pipeline.leases import LOST, Lease

logger = structlog.get_logger(__name__)

SLOWER = 4  # each wait is so many times as long as the one before
MOST_TIMES_SLOWER = 10
LONGEST_WAIT = timedelta(hours=6)


def fail(lease: Lease, *, error: str, may_pass: bool, at: datetime) -> None:
    """End an attempt that failed. Raises LeaseLost when it is nobody's business any more."""
    with transaction.atomic():
        end_badly(leases.held(lease), error=error, may_pass=may_pass, at=at)


def end_badly(product: Product, *, error: str, may_pass: bool, at: datetime) -> None:
    """Let a product be tried again later, if that may help and it was not tried too often; else it has failed.

    The caller has locked its row.
    """
    if may_pass and product.attempts < settings.REDUCTION_ATTEMPTS:
        product.not_before = at + wait_after(product.attempts)
        leases.settle(product, ProductState.PENDING, error=error, at=at)
        logger.warning("product_tried_again_later", product_id=product.pk, attempts=product.attempts, error=error)
        return
    if may_pass:
        error = f"{error} It was tried {product.attempts} times."
    leases.settle(product, ProductState.FAILED, error=error, at=at)
    if product.kind == ProductKind.BRIGHT and product.observation is not None:
        product.observation.signal_class = SignalClass.FAILED
        product.observation.save(update_fields=["signal_class", "modified_at"])
    products.record_outcome(EventName.PRODUCT_FAILED, product, at=at)
    logger.error("product_failed", product_id=product.pk, kind=product.kind, subject=product.subject, error=error)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts."""
    wait: timedelta = settings.REDUCTION_RETRY * SLOWER ** min(attempts - 1, MOST_TIMES_SLOWER)
    return min(wait, LONGEST_WAIT)


def end_of_lost_worker(product_id: int, *, at: datetime) -> Product | None:
    """End the attempt of a worker whose lease has ended; None when it lives after all, or hands over right now."""
    with transaction.atomic():
        running = Product.objects.filter(pk=product_id, state=ProductState.RUNNING, lease_until__lt=at)
        product = running.select_for_update(no_key=True, skip_locked=True).first()
        if product is not None:
            end_badly(product, error=LOST, may_pass=True, at=at)
    return product
