"""From counts to eight bits, so that a faint galaxy and a bright star can both be seen."""

from typing import Literal

import numpy as np
from astropy.visualization import ZScaleInterval
from numpy.typing import NDArray

from pipeline.arrays.planes import EightBits, Pixels, working_dtype

Curve = Literal["asinh", "linear"]

SAMPLE_PIXELS = 1 << 16
CONTRAST = 0.25  # of the zscale algorithm, as in IRAF
WHITE_PERCENTILE = 99.8  # of the sample: the brightest pixels of stars and cosmic rays may saturate
WHITE_AT_MOST = 120.0  # widths of the sky's range above its low end
SOFTENING = 0.6  # the asinh curve is straight below, logarithmic above this many widths
TABLE_STEPS = 4096
BAND_PIXELS = 1 << 18
LARGEST_SAMPLED = 1e100  # zscale squares what it is given


def zscale_limits(image: Pixels) -> tuple[float, float]:
    """Find the range of the sky, IRAF's zscale, from an evenly spaced sample of the pixels that are finite.

    The limits always differ: a constant image, and one without a finite pixel, get a range of one about their value.
    """
    sample = _sample(image)
    if sample.size == 0:
        return 0.0, 1.0
    low, high = (float(limit) for limit in ZScaleInterval(contrast=CONTRAST, n_samples=2000).get_limits(sample))
    if not low < high:
        low, high = (float(limit) for limit in np.percentile(sample, (1, 99)))
    if not low < high:
        low, high = float(sample.min()), float(sample.max())
    if not low < high:
        margin = max(0.5, abs(low) * 1e-6)
        return low - margin, low + margin
    return low, high


def white_level(image: Pixels, low: float, high: float) -> float:
    """Counts at which the picture is white: far above the sky where there are stars, near it where there are none."""
    sample = _sample(image)
    if sample.size == 0:
        return high
    bright = float(np.percentile(sample, WHITE_PERCENTILE))
    return float(np.clip(bright, high, low + WHITE_AT_MOST * (high - low)))


def to_eight_bits(
    image: Pixels, low: float, high: float, *, white: float | None = None, curve: Curve = "asinh"
) -> EightBits:
    """Scale (ny, nx) to 1 … 255: `low` and below to 1, `white` (default `high`) and above to 255.

    What is not finite becomes 0. Curve "asinh" is straight within the sky's range, `low` to `high`, and logarithmic
    above.
    """
    top = high if white is None else white
    table = _table(curve, widths=(top - low) / (high - low))
    dtype = working_dtype(image)
    eight_bits = np.empty(image.shape, dtype=np.uint8)
    rows_per_band = max(1, BAND_PIXELS // image.shape[1])
    may_have_blanks = image.dtype.kind == "f"
    for start in range(0, image.shape[0], rows_per_band):
        band = image[start : start + rows_per_band].astype(dtype)
        blank = ~np.isfinite(band) if may_have_blanks else None
        with np.errstate(over="ignore", invalid="ignore"):  # fill values like 3.4e38 end in white, as they should
            steps = np.clip((band - dtype(low)) * dtype(TABLE_STEPS / (top - low)), 0, TABLE_STEPS)
        if blank is not None:
            steps[blank] = TABLE_STEPS + 1
        eight_bits[start : start + rows_per_band] = table[steps.astype(np.uint16)]
    return eight_bits


def _table(curve: Curve, *, widths: float) -> NDArray[np.uint8]:
    """Eight-bit value of each step from low to white, and last the one of a pixel without a value."""
    fraction = np.linspace(0, 1, TABLE_STEPS + 1)
    if curve == "asinh":
        fraction = np.arcsinh(fraction * widths / SOFTENING) / np.arcsinh(widths / SOFTENING)
    return np.append(1 + np.round(fraction * 254), 0).astype(np.uint8)


def _sample(image: Pixels) -> Pixels:
    """At most about SAMPLE_PIXELS finite pixels, on a grid that meets each column and row alike."""
    step = max(1, int(np.ceil(np.sqrt(image.size / SAMPLE_PIXELS))))
    if min(image.shape) < step:
        flat_step = max(1, image.size // SAMPLE_PIXELS)
        sample = image.reshape(-1)[::flat_step]
    else:
        sample = image[::step, ::step]
    values = sample.astype(np.float64).ravel()
    return values[np.abs(values) < LARGEST_SAMPLED]
