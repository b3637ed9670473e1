"""Observations as readers see them in lists: in a few statements however many they are."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from archive.domain.order import Order, Term
from archive.domain.seeing import NOTHING, NightSeeing, seeing_of
from archive.enums import ProductKind
from archive.errors import NotFoundError
from archive.models import Observation, ObservationQuerySet, Product, ProductFile, RawFile, Reader, StrehlMeasurement
from archive.models.readers import may_see

logger = structlog.get_logger(__name__)

NEWEST_FIRST: Order = (Term("observed_at", descending=True), Term("id", descending=True))
PLACES: Mapping[str, int] = {kind.value: place for place, kind in enumerate(ProductKind)}
PREVIEWS = (ProductKind.BRIGHT_PREVIEW, ProductKind.FAINT_PREVIEW, ProductKind.PLANETARY_PREVIEW)
PICTURES = ("full", "cropped")  # roles of their files
STREHL_COLUMNS = (
    "strehl_ratio",
    "strehl_error",
    "strehl_legacy",
    "core_arcsec",
    "halo_arcsec",
    "fwhm_arcsec",
    "signal_to_noise",
    "flag",
    "warnings",
    "y_px",
    "x_px",
    "measured_at",
)


class ProductRow(NamedTuple):
    """Where the making of a current product stands."""

    observation_id: int
    kind: str
    state: str
    reason: str
    error: str
    attempts: int
    finished_at: datetime | None


class PreviewRow(NamedTuple):
    """A picture that was made of an observation, and where it lies."""

    observation_id: int
    kind: str
    role: str
    filename: str
    store: str
    path: str
    version_id: str


class StrehlRow(NamedTuple):
    """A Strehl ratio that stands."""

    observation_id: int
    kind: str
    values: dict[str, Any]  # of STREHL_COLUMNS


@dataclass(slots=True)
class ObservationRow:
    """One observation; what was made of it in the order of ProductKind."""

    observation: Observation
    seeing: NightSeeing = NOTHING
    products: list[ProductRow] = field(default_factory=list)
    strehls: list[StrehlRow] = field(default_factory=list)
    previews: list[PreviewRow] = field(default_factory=list)


def observations_for(reader: Reader, *, at: datetime) -> ObservationQuerySet:
    """Every observation that `reader` may see, newest first."""
    return Observation.objects.visible_to(reader, at=at).order_by(*(term.sql() for term in NEWEST_FIRST))


def observation_named(name: str, reader: Reader, *, at: datetime) -> Observation:
    """The observation of this name. Raises NotFoundError when there is none that `reader` may see."""
    seen = Observation.objects.visible_to(reader, at=at)
    found = None if "\0" in name else seen.filter(name=name).first()
    if found is None:
        raise NotFoundError("there is no such observation.")
    return found


def names_by_frame(frame_ids: Collection[int], reader: Reader, *, at: datetime) -> dict[int, str]:
    """Names of visible observations, for those frames that are raw files or products of one: one statement.

    Whether they may see the frames is for the caller to ask.
    """
    if not frame_ids:
        return {}
    raws = RawFile.objects.filter(
        may_see(reader, at=at, prefix="observation__"), frame__any_of=frame_ids, observation__isnull=False
    )
    made = ProductFile.objects.filter(
        may_see(reader, at=at, prefix="product__observation__"),
        version__frame__any_of=frame_ids,
        product__observation__isnull=False,
    )
    of_raws = raws.order_by().values_list("frame_id", "observation__name")
    of_made = made.order_by().values_list("version__frame_id", "product__observation__name")
    return dict(of_raws.union(of_made))


def rows_of(observations: Sequence[Observation]) -> list[ObservationRow]:
    """Observations that a reader may see, in their order, with what lists show of them: four statements."""
    seeing = seeing_of({each.night for each in observations})
    rows = {each.pk: ObservationRow(each, seeing.get(each.night, NOTHING)) for each in observations}
    for product in sorted(_products_of(rows), key=lambda row: PLACES[row.kind]):
        rows[product.observation_id].products.append(product)
    for strehl in sorted(_strehls_of(rows), key=lambda row: PLACES[row.kind]):
        rows[strehl.observation_id].strehls.append(strehl)
    for preview in sorted(_previews_of(rows), key=lambda row: (PLACES[row.kind], row.role)):
        rows[preview.observation_id].previews.append(preview)
    return list(rows.values())


def describe(
    observation: Observation, *, alternative_names: Sequence[str] | None, comment: str | None, by: str, at: datetime
) -> None:
    """Change what people say of an observation; None leaves it as it is. Raises NotFoundError when it has just gone."""
    said: dict[str, Any] = {"alternative_names": alternative_names, "comment": comment}
    changed = {name: value for name, value in said.items() if value is not None}
    if not changed:
        return
    if not Observation.objects.filter(pk=observation.pk).update(**changed, modified_at=at):
        raise NotFoundError("there is no such observation any more.")
    observation.refresh_from_db()
    logger.info("observation_described", observation=observation.name, by=by, changed=sorted(changed))


def _products_of(ids: Collection[int]) -> Iterable[ProductRow]:
    products = Product.objects.filter(observation__any_of=ids, is_current=True).order_by()
    return map(ProductRow._make, products.values_list(*ProductRow._fields))


def _strehls_of(ids: Collection[int]) -> Iterable[StrehlRow]:
    measured = StrehlMeasurement.objects.filter(observation__any_of=ids, product__is_current=True).order_by()
    for observation_id, kind, *values in measured.values_list("observation_id", "product__kind", *STREHL_COLUMNS):
        yield StrehlRow(observation_id, kind, dict(zip(STREHL_COLUMNS, values, strict=True)))


def _previews_of(ids: Collection[int]) -> Iterable[PreviewRow]:
    """Pictures of current products; those that are known to be damaged are left out."""
    files = ProductFile.objects.filter(
        product__observation__any_of=ids,
        product__is_current=True,
        product__kind__in=PREVIEWS,
        role__in=PICTURES,
        object__fault="",
    )
    columns = ("object__store", "object__path", "object__version_id")
    rows = files.order_by().values_list("product__observation_id", "product__kind", "role", "filename", *columns)
    return map(PreviewRow._make, rows)
