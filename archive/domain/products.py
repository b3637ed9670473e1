"""Products of reductions, as people deal with them: making one anew, pausing the pipeline, and what is told of them."""

from datetime import UTC, datetime, time
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from archive.domain import events
from archive.domain.frame_rows import as_row
from archive.enums import OF_WHOLE_NIGHT, EventName, ProductKind, ProductState
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Event, Frame, Observation, PipelineSwitch, Product, ProductCancellation
from ingest.headers import roboao
from ingest.headers.installations import installation_at

logger = structlog.get_logger(__name__)

AT_WORK = (ProductState.QUEUED, ProductState.RUNNING)
TO_BE_PLANNED = "It waits to be planned."


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
        lift_cancellation(product, by=by, at=at)
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
                reason=TO_BE_PLANNED,
            )
        ],
        ignore_conflicts=True,
    )
    product = Product.objects.get(night=observation.night, subject=observation.name, kind=kind, is_current=True)
    return force(product_id=product.pk, by=by, reason=reason, at=at)


def lift_cancellation(product: Product, *, by: str, at: datetime) -> None:
    """Let a product be made that somebody had cancelled. The caller holds its row."""
    ProductCancellation.objects.filter(product=product, lifted_at=None).update(lifted_by=by.strip(), lifted_at=at)


def _wait_again(product: Product, *, by: str, reason: str, at: datetime) -> None:
    product.state, product.not_before, product.attempts = ProductState.PENDING, at, 0
    product.error, product.finished_at = "", None
    product.reason = "" if product.fingerprint else TO_BE_PLANNED
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
    subject = as_row(_as_frame(product, observation))
    return events.record_family_event(name, body=body, at=at, subject=subject)


def _as_frame(product: Product, observation: Observation | None) -> Frame:
    """A product in the columns of a frame: who may hear of it, and by which terms.

    Calibrations and seeing are for everybody. Of what shows all observations of a night hear, until all of them are
    public, the members of their programme, if it is one; of several nobody but superusers.
    """
    began_at = datetime.combine(product.night, time(), UTC) if observation is None else observation.observed_at
    installation = installation_at(settings.INSTALLATIONS, instrument_id=roboao.INSTRUMENT, at=began_at)
    frame = Frame(
        basename=product.subject,
        observation_date=began_at,
        observation_day=product.night,
        public_date=began_at,
        instrument_id=roboao.INSTRUMENT,
        site_id=installation.site_id if installation else "",
        telescope_id=installation.telescope_id if installation else "",
    )
    if product.kind in OF_WHOLE_NIGHT:
        of_night = (
            Observation.objects.filter(night=product.night)
            .order_by()
            .values_list("public_date", "proposal_id")
            .distinct()
        )
        dates, proposals = {date for date, _ in of_night}, {proposal_id for _, proposal_id in of_night}
        frame.public_date = None if None in dates else max((date for date in dates if date), default=began_at)
        frame.proposal_id = proposals.pop() if len(proposals) == 1 else ""
    if observation is not None:
        frame.public_date, frame.proposal_id = observation.public_date, observation.proposal_id
        frame.target_name = observation.target_name
        frame.primary_optical_element = observation.primary_optical_element
        frame.exposure_time = observation.exposure_time
    return frame
