"""What an image is like at a first look: statistics, how its values are spread, cuts along a row and a column."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.robust import robust_sigma

BINS = 96
SHOWN_PERCENT = (0.5, 99.5)  # of the finite values: a few wild ones do not squeeze all others into one bin
MOST_POINTS = 400  # of a cut
MOST_SAMPLED = 1 << 22  # values that percentiles are taken of: to a hundredth of a percent that is all of them

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Look:
    """In the units of the image. A histogram's bins are equally wide from `low` to `high`; None is a gap in a cut."""

    width_px: int
    height_px: int
    n_finite: int
    least: float
    greatest: float
    mean: float
    median: float
    sigma: float  # standard deviation of all finite values
    robust_sigma: float  # of most of them, from the median absolute deviation
    low: float
    high: float
    counts: list[int]  # with values below and above in the first and the last
    row: int  # from zero, counted from the bottom
    column: int
    along_row: list[float | None]
    along_column: list[float | None]


def look_at(image: NDArray[np.generic], *, row: int | None = None, column: int | None = None) -> Look | None:
    """Look at an image (ny, nx), bottom row first; None where no pixel has a value.

    row, column : px from zero; the middle ones where they are not given or lie outside.

    Cuts of more than MOST_POINTS pixels are means of as many neighbours as make them fit.
    """
    height, width = image.shape
    finite = _finite(image)
    if finite.size == 0:
        return None
    sample = finite[:: max(1, finite.size // MOST_SAMPLED)]
    low, high = (float(value) for value in np.percentile(sample, SHOWN_PERCENT, method="nearest"))
    low, high, n_bins = _bins(low, high, is_whole=np.issubdtype(image.dtype, np.integer))
    counts, _ = np.histogram(np.clip(finite, low, high), bins=n_bins, range=(low, high))
    at_row = row if row is not None and 0 <= row < height else height // 2
    at_column = column if column is not None and 0 <= column < width else width // 2
    return Look(
        width_px=width,
        height_px=height,
        n_finite=int(finite.size),
        least=float(finite.min()),
        greatest=float(finite.max()),
        mean=float(finite.mean()),
        median=float(np.median(sample)),
        sigma=float(finite.std()),
        robust_sigma=robust_sigma(sample),
        low=low,
        high=high,
        counts=[int(n) for n in counts],
        row=at_row,
        column=at_column,
        along_row=_cut(image[at_row]),
        along_column=_cut(image[:, at_column]),
    )


def _bins(low: float, high: float, *, is_whole: bool) -> tuple[float, float, int]:
    """Ends and number of the bins; those of whole numbers hold equally many of these, or counts would be a comb."""
    if is_whole:
        step = max(1, math.ceil((high - low) / BINS))
        n_bins = math.ceil((high - low + 1) / step)
        return low - 0.5, low - 0.5 + n_bins * step, n_bins
    return (low, high, BINS) if high > low else (low - 0.5, high + 0.5, BINS)


def _finite(image: NDArray[np.generic]) -> Values:
    values = np.asarray(image, dtype=np.float64).ravel()
    return values[np.isfinite(values)]


def _cut(line: NDArray[np.generic]) -> list[float | None]:
    values = np.asarray(line, dtype=np.float64)
    step = -(-values.size // MOST_POINTS)
    starts = np.arange(0, values.size, step)
    known = np.isfinite(values)
    sums = np.add.reduceat(np.where(known, values, 0.0), starts)
    numbers = np.add.reduceat(known.astype(np.int64), starts)
    return [float(total / n) if n else None for total, n in zip(sums, numbers, strict=True)]
