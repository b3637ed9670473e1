"""A person says that a product is not to be made. It is not, by itself, until somebody has it made after all."""

from collections.abc import Iterable
from datetime import datetime

import structlog
from django.db import transaction

from archive.domain import products
from archive.enums import PLOTS_OF_NIGHT, EventName, ProductKind, ProductState
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Observation, Product, ProductAttempt, ProductCancellation

logger = structlog.get_logger(__name__)

TO_BE_ENDED = (ProductState.PENDING, ProductState.QUEUED, ProductState.RUNNING)


def cancel(*, product_id: int, by: str, reason: str, at: datetime) -> Product:
    """End the making of a product that waits or runs; who said so and why is kept, and told as `product.cancelled`.

    A worker that computes it finds its lease gone, and writes nothing of what it makes; one that was asked finds
    nothing to do. Waits, if that worker is handing over, and then finds the product done. What was made of the same
    inputs before stands as it did. Whatever waited for the product is planned anew.

    Raises NotFoundError when there is no such product, ConflictError when it is settled already or another row took its
    place, UsageError without a name or a reason.
    """
    by, reason = by.strip(), reason.strip()
    if not by or not reason:
        raise UsageError("say who cancels the product, and why.")
    with transaction.atomic():
        product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
        if product is None:
            raise NotFoundError("there is no such product.")
        if not product.is_current:
            raise ConflictError("a newer product took the place of this one: cancel that one.")
        if product.state not in TO_BE_ENDED:
            raise ConflictError(f"this product is {product.state}: there is nothing to cancel.")
        said = ProductCancellation(product=product, was=product.state, cancelled_by=by, reason=reason, cancelled_at=at)
        _end(product, by=by, reason=reason, at=at)
        if product.state == ProductState.DONE:  # it stands: only its making anew was cancelled, and that is over
            said.lifted_by, said.lifted_at = by, at
        said.save()
        _plan_what_waits(product, at=at)
        products.record_outcome(EventName.PRODUCT_CANCELLED, product, at=at)
    logger.info("product_cancelled", product_id=product.pk, kind=product.kind, subject=product.subject, by=by)
    return product


def cancel_of_observation(
    *, observation: Observation, kind: ProductKind, by: str, reason: str, at: datetime
) -> Product:
    """The same by observation and kind. Raises the same."""
    found = Product.objects.filter(observation=observation, kind=kind, is_current=True).first()
    if found is None:
        raise NotFoundError(f"there is no {kind} of this observation.")
    return cancel(product_id=found.pk, by=by, reason=reason, at=at)


def cancelled_among(rows: Iterable[Product]) -> set[int]:
    """Ids of those of these products that somebody cancelled, and nobody has had made since."""
    ids = [row.pk for row in rows]
    if not ids:
        return set()
    holding = ProductCancellation.objects.filter(product__in=ids, lifted_at=None)
    return set(holding.values_list("product_id", flat=True))


def _end(product: Product, *, by: str, reason: str, at: datetime) -> None:
    if product.state == ProductState.RUNNING:
        attempt = ProductAttempt.objects.filter(product=product, lease=product.lease)
        attempt.update(finished_at=at, error=f"{by} cancelled it: {reason}")
    product.state, product.finished_at, product.reason = ProductState.SKIPPED, at, f"It was cancelled: {reason}"
    if _stands(product):
        last = product.history.filter(error="", finished_at__isnull=False).first()
        product.state, product.reason = ProductState.DONE, ""
        product.finished_at = at if last is None else last.finished_at
    product.error = ""
    product.queued_at, product.lease_until, product.worker = None, None, ""
    product.save()


def _stands(product: Product) -> bool:
    """Whether it was made of these very inputs before. Rows of whole nights stay the same when their inputs change."""
    return product.kind not in PLOTS_OF_NIGHT and product.files.exists()


def _plan_what_waits(product: Product, *, at: datetime) -> None:
    """Let the pipeline look at all of that night which waits for something: this will not come."""
    waiting = Product.objects.filter(night=product.night, is_current=True, state=ProductState.PENDING)
    waiting.exclude(reason="").update(not_before=at)
