"""What the measurements of one night say together: a trend through time, and the median of curves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import make_smoothing_spline

Floats = NDArray[np.float64]

FEWEST_FOR_TREND = 5  # moments: with fewer a cubic spline is not determined
CONTRAST_GRID_ARCSEC = np.linspace(0.2, 1.45, 100)  # where the original's curves were compared


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation (with n - 1) of `n` values; nothing where too few tell it."""

    n: int
    mean: float | None
    sigma: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """Numbers over distances that grow; NaN is not known."""

    separations_arcsec: Floats
    delta_mags: Floats

    @property
    def is_whole(self) -> bool:
        return self.delta_mags.size > 0 and bool(np.isfinite(self.delta_mags).all())


def spread_of(values: Sequence[float]) -> Spread:
    numbers = np.asarray(values, dtype=np.float64)
    mean = float(numbers.mean()) if numbers.size else None
    sigma = float(numbers.std(ddof=1)) if numbers.size > 1 else None
    return Spread(numbers.size, mean, sigma)


def trend(times: Floats, values: Floats, at: Floats) -> Floats | None:
    """Cubic smoothing spline through `values` at `times`, as it is `at` other times; None where too few tell it.

    How smooth it is follows from the values by generalised cross-validation (Wahba 1990): what does not foretell its
    neighbours is noise. Values of one moment count by their mean, once. Times are in any order; `at` lies among them.
    """
    moments, place = np.unique(times, return_inverse=True)
    if moments.size < FEWEST_FOR_TREND:
        return None
    n = np.bincount(place)
    means = np.bincount(place, weights=values) / n
    # In units of the whole span, so that the problem is as well conditioned for minutes as for a night.
    span = moments[-1] - moments[0]
    spline = make_smoothing_spline((moments - moments[0]) / span, means)
    found: Floats = spline((at - moments[0]) / span)
    return found


def median_curve(curves: Sequence[Curve], grid: Floats = CONTRAST_GRID_ARCSEC) -> Floats:
    """Median of curves at the points of a grid, each interpolated linearly; NaN where fewer than half of them reach.

    A curve with a number that is not known is left out whole.
    """
    whole = [curve for curve in curves if curve.is_whole]
    if not whole:
        return np.full(grid.shape, np.nan)
    rows = np.array(
        [np.interp(grid, curve.separations_arcsec, curve.delta_mags, left=np.nan, right=np.nan) for curve in whole]
    )
    median = np.full(grid.shape, np.nan)
    is_told = 2 * np.isfinite(rows).sum(axis=0) >= len(whole)
    median[is_told] = np.nanmedian(rows[:, is_told], axis=0)
    return median
