"""Seeing through nights: what was measured, and what that says of each moment."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import fmean, median

from archive.models import SeeingMeasurement


@dataclass(frozen=True, slots=True)
class Seen:
    """One measurement; widths are full widths at half maximum, arcsec."""

    at: datetime
    fwhm_arcsec: float
    zenith_500nm_arcsec: float | None


@dataclass(frozen=True, slots=True)
class NightSeeing:
    """All measurements of one night, in the order of time."""

    measurements: Sequence[Seen] = ()

    @property
    def widths_arcsec(self) -> list[float]:
        """As seen."""
        return [seen.fwhm_arcsec for seen in self.measurements]

    @property
    def zenith_widths_arcsec(self) -> list[float]:
        """At 500 nm and the zenith, of those that say it."""
        return [seen.zenith_500nm_arcsec for seen in self.measurements if seen.zenith_500nm_arcsec is not None]

    def nearest(self, at: datetime) -> Seen | None:
        """The measurement nearest in time; None when there is none."""
        return min(self.measurements, key=lambda seen: abs(seen.at - at), default=None)


NOTHING = NightSeeing()


def seeing_of(nights: Collection[date]) -> Mapping[date, NightSeeing]:
    """Seeing of these nights, by one statement; nights without measurements are left out."""
    found: dict[date, list[Seen]] = {}
    rows = SeeingMeasurement.objects.filter(night__in=nights, product__is_current=True).order_by("observed_at", "pk")
    for night, at, fwhm_arcsec, zenith in rows.values_list(
        "night", "observed_at", "fwhm_arcsec", "zenith_500nm_arcsec"
    ):
        found.setdefault(night, []).append(Seen(at, fwhm_arcsec, zenith))
    return {night: NightSeeing(measurements) for night, measurements in found.items()}


def median_of(widths: Sequence[float]) -> float | None:
    return median(widths) if widths else None


def mean_of(widths: Iterable[float]) -> float | None:
    numbers = list(widths)
    return fmean(numbers) if numbers else None
