"""From counts to how bright a point of a picture is, 0 to 1, for pictures that people look at closely.

`stretch` does this for any frame; here limits are percentiles, and a picture shows noise as noise.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from archive.errors import UsageError
from pipeline.arrays.robust import robust_sigma

Fractions = NDArray[np.float64]  # (ny, nx), 0 to 1; NaN where there is no value
Curve = Literal["asinh", "linear", "equalised"]

CURVES: tuple[Curve, ...] = ("asinh", "linear", "equalised")
SOFTENING_SIGMA = 4.0  # the asinh curve is straight below, logarithmic above
LEAST_RANGE_SIGMA = 40.0  # an image of noise alone stays as dark as the noise beside a star
NOISE_STEP_PX = 4  # apart, pixels of a resampled image have noise of their own
TILES = 8  # along each axis
CLIP_SHARE = 0.03  # of a tile's pixels, at most in one step of its histogram
STEPS = 1024


def brightness(
    image: NDArray[Any], *, curve: Curve = "asinh", percentiles: tuple[float, float] = (20.0, 99.999)
) -> Fractions:
    """How bright each pixel (ny, nx) is shown: what lies at and below the lower percentile black, the upper one white.

    "asinh" is straight up to four times the noise of the sky and logarithmic above, so that a faint companion and the
    core of its star can both be seen. "linear" has the same limits. "equalised" spreads the values of each part of the
    image evenly (`equalised`). All but that keep at least 40 times the noise between black and white.

    Pixels without a finite value are NaN. Raises UsageError for another curve, or percentiles that are none.
    """
    low_percentile, high_percentile = percentiles
    if not 0 <= low_percentile < high_percentile <= 100:
        raise UsageError(f"Percentiles of {percentiles} give no range: give two numbers of 0 to 100, the lower first.")
    if curve not in CURVES:
        raise UsageError(f"There is no curve {curve!r}: take one of {', '.join(CURVES)}.")
    values = np.where(np.isfinite(image), image, np.nan).astype(np.float64)
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return values
    low, high = (float(limit) for limit in np.percentile(finite, percentiles))
    if curve == "equalised":
        return equalised(_scaled(values, low, high))
    sigma = noise_sigma(values)
    high = max(high, low + LEAST_RANGE_SIGMA * sigma)
    if curve == "linear":
        return _scaled(values, low, high)
    widths = (high - low) / (SOFTENING_SIGMA * sigma) if sigma > 0 else 0.0
    fractions = _scaled(values, low, high)
    return fractions if widths == 0 else np.arcsinh(fractions * widths) / np.arcsinh(widths)


def noise_sigma(image: NDArray[Any]) -> float:
    """One standard deviation of the noise in most of (ny, nx): of differences of pixels four columns apart."""
    return float(robust_sigma(image[:, NOISE_STEP_PX:] - image[:, :-NOISE_STEP_PX]) / np.sqrt(2))


def equalised(fractions: Fractions) -> Fractions:
    """Spread the values of each part of an image (0 to 1) evenly, no part more than its clipped histogram allows.

    Contrast-limited adaptive histogram equalisation: the image is cut into 8 x 8 tiles, each has the cumulative
    histogram of its values, and between the middles of tiles the answers of four of them are mixed. Of each histogram
    no step holds more than 3 % of the tile's pixels; what is above is spread over all steps, so that blank sky stays
    dull. NaN stays NaN.

    References
    ----------
    Zuiderveld 1994, Graphics Gems IV, 474.
    """
    has_value = np.isfinite(fractions)
    steps = np.where(has_value, fractions * (STEPS - 1), 0).round().astype(np.intp)
    curves = _tile_curves(steps, has_value)
    ny, nx = fractions.shape
    # Place of each pixel among the middles of tiles; beyond the outermost ones their own answer holds.
    y = np.clip((np.arange(ny) + 0.5) * TILES / ny - 0.5, 0, TILES - 1)
    x = np.clip((np.arange(nx) + 0.5) * TILES / nx - 0.5, 0, TILES - 1)
    mixed = np.empty_like(fractions)
    for row in range(ny):  # a row at a time: three places for each pixel of an image are large
        places = np.stack([np.broadcast_to(y[row], nx), x, steps[row].astype(np.float64)])
        mixed[row] = ndimage.map_coordinates(curves, places, order=1, mode="nearest")
    return np.where(has_value, mixed, np.nan)


def _tile_curves(steps: NDArray[np.intp], has_value: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Cumulative share (TILES, TILES, STEPS) of each tile's values."""
    curves = np.empty((TILES, TILES, STEPS))
    for row, (rows, flags) in enumerate(zip(*_split(steps, has_value, axis=0), strict=True)):
        for column, (tile, used) in enumerate(zip(*_split(rows, flags, axis=1), strict=True)):
            curves[row, column] = _curve(tile[used])
    return curves


def _split(*arrays: NDArray[Any], axis: int) -> list[list[NDArray[Any]]]:
    return [np.array_split(array, TILES, axis=axis) for array in arrays]


def _curve(steps: NDArray[np.intp]) -> NDArray[np.float64]:
    if steps.size == 0:
        return np.linspace(0, 1, STEPS)
    counts = np.bincount(steps, minlength=STEPS) / steps.size
    excess = np.maximum(counts - CLIP_SHARE, 0).sum()
    return np.cumsum(np.minimum(counts, CLIP_SHARE) + excess / STEPS)


def _scaled(values: Fractions, low: float, high: float) -> Fractions:
    if not low < high:
        return values * 0
    return np.clip((values - low) / (high - low), 0, 1)
