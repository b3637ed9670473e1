"""Products of reductions, as people deal with them: making one anew, pausing the pipeline, and what is told of them."""

from datetime import UTC, date, datetime, time
from typing import Any

import structlog
from django.db import transaction

from archive.domain import events
from archive.domain.frame_rows import as_row
from archive.enums import EventName, ProductKind, ProductState
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Event, Frame, Observation, PipelineSwitch, Product

logger = structlog.get_logger(__name__)

AT_WORK = (ProductState.QUEUED, ProductState.RUNNING)


def force(*, product_id: int, by: str, reason: str, at: datetime) -> Product:
    """Have a product made again, whatever became of it; who asked and why is kept with each attempt.

    The pipeline takes it up when it next looks. Raises NotFoundError when there is no such product, ConflictError when
    it is being made already or another row took its place, UsageError without a name or a reason.
    """
    if not by.strip() or not reason.strip():
        raise UsageError("say who asks for the product to be made again, and why.")
    with transaction.atomic():
        product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
        if product is None:
            raise NotFoundError("there is no such product.")
        if not product.is_current:
            raise ConflictError("a newer product took the place of this one: have that one made again.")
        if product.state in AT_WORK:
            raise ConflictError("this product is being made already: wait for it to end.")
        _wait_again(product, by=by, reason=reason, at=at)
    logger.info("product_forced", product_id=product.pk, kind=product.kind, subject=product.subject, by=by)
    return product


def force_of_observation(*, observation: Observation, kind: ProductKind, by: str, reason: str, at: datetime) -> Product:
    """The same by observation and kind, also of a kind that is not made by itself. Raises the same."""
    Product.objects.bulk_create(
        [
            Product(
                observation=observation,
                night=observation.night,
                subject=observation.name,
                kind=kind,
                not_before=at,
                created_at=at,
                reason="It waits to be planned.",
            )
        ],
        ignore_conflicts=True,
    )
    product = Product.objects.get(night=observation.night, subject=observation.name, kind=kind, is_current=True)
    return force(product_id=product.pk, by=by, reason=reason, at=at)


def _wait_again(product: Product, *, by: str, reason: str, at: datetime) -> None:
    product.state, product.not_before, product.attempts = ProductState.PENDING, at, 0
    product.error, product.finished_at = "", None
    product.reason = "" if product.fingerprint else "It waits to be planned."
    product.forced_by, product.forced_reason = by.strip(), reason.strip()
    product.save()


def is_paused() -> bool:
    """Whether reductions wait until somebody lets them go on."""
    newest = PipelineSwitch.objects.first()
    return newest is not None and newest.is_paused


def switch(*, is_paused: bool, by: str, reason: str, at: datetime) -> PipelineSwitch:
    """Pause reductions, or let them go on. What runs goes on to its end in any case."""
    return PipelineSwitch.objects.create(is_paused=is_paused, changed_by=by, reason=reason, changed_at=at)


def record_outcome(name: EventName, product: Product, *, at: datetime) -> Event:
    """Report that a product was made or could not be, in the caller's transaction, to those who may see it."""
    observation = product.observation
    body: dict[str, Any] = {
        "product": product.pk,
        "kind": product.kind,
        "subject": product.subject,
        "night": product.night.isoformat(),
        "observation": None if observation is None else observation.name,
        "state": product.state,
    }
    if product.error:
        body["error"] = product.error
    subject = _as_frame(product.night) if observation is None else _observation_as_frame(observation)
    return events.record_family_event(name, body=body, at=at, subject=as_row(subject))


def _as_frame(night: date) -> Frame:
    """Calibrations of a night, and its seeing: everybody may hear of them."""
    began_at = datetime.combine(night, time(), UTC)
    return Frame(basename="", observation_date=began_at, observation_day=night, public_date=began_at)


def _observation_as_frame(observation: Observation) -> Frame:
    return Frame(
        basename=observation.name,
        observation_date=observation.observed_at,
        observation_day=observation.night,
        public_date=observation.public_date,
        proposal_id=observation.proposal_id,
        telescope_id=observation.telescope_id,
        target_name=observation.target_name,
        primary_optical_element=observation.primary_optical_element,
        exposure_time=observation.exposure_time,
    )
