"""Nights with the adaptive-optics camera: how much of each a reader may see, and everything of one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Count, QuerySet

from archive.domain.observing import ObservationRow, observations_for, rows_of
from archive.domain.reduced import WholeProduct, products_of_night
from archive.domain.seeing import NOTHING, NightSeeing, Seen, seeing_of
from archive.enums import PLOTS_OF_NIGHT, ProductKind, ProductState
from archive.errors import NotFoundError
from archive.models import Observation, Product, Reader, SeeingMeasurement

MASTERS = (ProductKind.DARK, ProductKind.FLAT)


@dataclass(slots=True)
class Programme:
    """What a reader sees of one programme in one night: numbers of observations, and of their current products."""

    n_observations: int = 0
    by_class: dict[str, int] = field(default_factory=dict)  # of SignalClass; "" is not known yet
    by_state: dict[str, int] = field(default_factory=dict)  # of ProductState


@dataclass(slots=True)
class NightSummary:
    night: date
    seeing: NightSeeing = NOTHING
    programmes: dict[str, Programme] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Night:
    """All that a reader may see of one night.

    Attributes
    ----------
    observations : in the order in which they were made.
    products : calibrations, seeing and plots, which belong to no observation.
    measurements : seeing, in the order of time.
    """

    night: date
    observations: Sequence[ObservationRow]
    products: Sequence[WholeProduct]
    measurements: Sequence[SeeingMeasurement]

    @property
    def seeing(self) -> NightSeeing:
        return NightSeeing([Seen(m.observed_at, m.fwhm_arcsec, m.zenith_500nm_arcsec) for m in self.measurements])

    @property
    def calibrations(self) -> list[WholeProduct]:
        return [each for each in self.products if each.product.kind in MASTERS]

    @property
    def plots(self) -> list[WholeProduct]:
        return [each for each in self.products if each.product.kind in PLOTS_OF_NIGHT]

    def by_programme(self) -> dict[str, list[ObservationRow]]:
        found: dict[str, list[ObservationRow]] = {}
        for row in self.observations:
            found.setdefault(row.observation.proposal_id, []).append(row)
        return dict(sorted(found.items()))

    def failures(self) -> list["Failure"]:
        """What could not be made, of observations and of the night itself."""
        of_observations = [
            Failure(row.observation.name, row.observation.proposal_id, product.kind, product.error, product.attempts)
            for row in self.observations
            for product in row.products
            if product.state == ProductState.FAILED
        ]
        of_night = [
            Failure(each.product.subject, None, each.product.kind, each.product.error, each.product.attempts)
            for each in self.products
            if each.product.state == ProductState.FAILED
        ]
        return of_observations + of_night


@dataclass(frozen=True, slots=True)
class Failure:
    """Subject is the observation, or what of the night it is; `error` says why, in plain words."""

    subject: str
    proposal_id: str | None
    kind: str
    error: str
    attempts: int


def night_named(text: str) -> date:
    """The night of an address. Raises NotFoundError for what is no date."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotFoundError(f"{text[:40]!r} is no night: write it as 2016-09-25.") from error


def nights_of(observations: QuerySet[Observation]) -> QuerySet[Observation, date]:
    """Nights of these observations, newest first, each once."""
    return observations.order_by("-night").values_list("night", flat=True).distinct()


def summaries_of(nights: Sequence[date], observations: QuerySet[Observation]) -> list[NightSummary]:
    """Numbers of these observations and of their products for each of these nights: three statements."""
    seeing = seeing_of(nights)
    found = {night: NightSummary(night, seeing.get(night, NOTHING)) for night in nights}
    of_nights = observations.order_by().filter(night__in=nights)
    classes = of_nights.values_list("night", "proposal_id", "signal_class").annotate(n=Count("pk"))
    for night, proposal_id, signal_class, n in classes.order_by("proposal_id"):
        programme = found[night].programmes.setdefault(proposal_id, Programme())
        programme.n_observations += n
        programme.by_class[signal_class] = n
    products = Product.objects.filter(is_current=True, night__in=nights, observation__in=of_nights)
    states = products.order_by().values_list("night", "observation__proposal_id", "state").annotate(n=Count("pk"))
    for night, proposal_id, state, n in states:
        programme = found[night].programmes.setdefault(proposal_id, Programme())
        programme.by_state[state] = n
    return list(found.values())


def night_of(night: date, reader: Reader, *, at: datetime) -> Night:
    """Everything of one night that `reader` may see. Raises NotFoundError when that is nothing."""
    observations = list(observations_for(reader, at=at).filter(night=night).order_by("observed_at", "pk"))
    products = products_of_night(night, reader, at=at)
    if not observations and not products:
        raise NotFoundError("nothing is known of this night.")
    return Night(
        night=night,
        observations=rows_of(observations),
        products=products,
        measurements=_measurements_of([each.product.pk for each in products]),
    )


def _measurements_of(products: Collection[int]) -> list[SeeingMeasurement]:
    return list(SeeingMeasurement.objects.filter(product__any_of=products).order_by("observed_at", "pk"))
