"""What a product measured, as rows: those of its last making, and none of one before."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archive.domain.seeing_notes import note_seeing
from archive.enums import ProductKind
from archive.models import Companion, ContrastCurve, Product, SeeingMeasurement, StrehlMeasurement
from pipeline.reductions.job import Made


def write(product: Product, made: Made, *, at: datetime) -> None:
    """Let these be all that a product measured. The caller has locked its row."""
    of_observation = {"observation": product.observation, "measured_at": at}
    _write_one(StrehlMeasurement, product, made.strehl, of_observation)
    _write_one(SeeingMeasurement, product, made.seeing, {"night": product.night, "measured_at": at})
    _write_one(ContrastCurve, product, made.contrast, of_observation)
    Companion.objects.filter(product=product).delete()
    Companion.objects.bulk_create(
        [Companion(product=product, observation=product.observation, **each) for each in made.companions]
    )
    if product.kind == ProductKind.SEEING:
        note_seeing(product.night)


def _write_one(model: Any, product: Product, measured: Mapping[str, Any] | None, known: Mapping[str, Any]) -> None:
    if measured is None:
        model.objects.filter(product=product).delete()
    else:
        model.objects.update_or_create(product=product, defaults={**measured, **known})
