"""Three images of one place in three kinds of light to one picture in colour."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.visualization import make_lupton_rgb
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.common_grid import Plane
from pipeline.arrays.display import noise_sigma
from pipeline.arrays.robust import robust_sigma
from pipeline.arrays.stray_hits import without_stray_hits

Colours = NDArray[np.uint8]  # (ny, nx, 3): red, green, blue; row 0 is the bottom

SOFTENING = 8.0  # Lupton's Q: how early the straight line bends
STRETCH_SIGMA = 20.0  # with it one sigma of noise is 14 of 255: the sky stays dark, what stands out of it shows
WHITE_PERCENTILE = 99.9
SKY_PASSES = 5
SKY_CLIP_SIGMA = 3.0
ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Bands:
    """Red, green and blue light (3, ny, nx) above the sky, in counts a second; NaN in all where one has no value.

    `cut_yx` says where the first pixel lay before rows and columns without a value were cut off.
    """

    planes: NDArray[np.float32]
    cut_yx: tuple[int, int]


def common_bands(planes: Sequence[Plane], *, exposures_s: Sequence[float]) -> Bands:
    """Images on the same pixels, red first, without their sky and traces of particles, for one second of exposure.

    Raises UsageError where they have no pixel in common.
    """
    stack = np.stack(planes).astype(np.float32, copy=False)
    has_value = np.asarray(np.isfinite(stack).all(axis=0))
    if not has_value.any():
        raise UsageError("These frames have no pixel in common: choose others.")
    sky = np.array([sky_level(plane[has_value]) for plane in stack], dtype=np.float32)
    stack -= sky[:, None, None]
    stack /= np.array(exposures_s, dtype=np.float32)[:, None, None]
    stack[:, ~has_value] = np.nan
    stack = without_stray_hits(stack)
    rows, columns = np.flatnonzero(has_value.any(axis=1)), np.flatnonzero(has_value.any(axis=0))
    cut = stack[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Bands(cut, (int(rows[0]), int(columns[0])))


def sky_level(values: NDArray[np.float32]) -> float:
    """The level that most pixels have: median of finite values within three sigma of it, found in up to five passes."""
    kept = values[np.isfinite(values)]
    for _ in range(SKY_PASSES):
        level, sigma = float(np.median(kept)), robust_sigma(kept)
        inside = np.abs(kept - level) <= SKY_CLIP_SIGMA * sigma
        if sigma == 0 or inside.all():
            return level
        kept = kept[inside]
    return float(np.median(kept))


def stretch_of(bands: Bands) -> float:
    """Where the straight part of the curve ends, counts a second: by the noise, or by the brightest of the picture.

    One number for the three of them, so that a colour stays what it is.
    """
    intensity = bands.planes.mean(axis=0)
    finite = intensity[np.isfinite(intensity)]
    white_over_stretch = float(np.sinh(np.arcsinh(0.1 * SOFTENING) / 0.1) / SOFTENING)
    by_light = float(np.percentile(finite, WHITE_PERCENTILE)) / white_over_stretch
    stretch = max(STRETCH_SIGMA * noise_sigma(intensity), by_light)
    return stretch if stretch > 0 else 1.0


def coloured(bands: Bands, *, stretch: float) -> Colours:
    """The picture: what is at or below the sky black, bright light white or in its own colour, no value black.

    A colour does not depend on how bright it is: the curve is that of the mean of the three, and by it all three are
    multiplied; where one would pass 255 all are made fainter together.

    References
    ----------
    Lupton et al. 2004, PASP 116, 133.
    """
    _three, ny, nx = bands.planes.shape
    picture = np.empty((ny, nx, 3), dtype=np.uint8)
    for start in range(0, ny, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        red, green, blue = np.nan_to_num(bands.planes[:, rows].astype(np.float64), nan=0.0)
        with np.errstate(invalid="ignore"):  # astropy divides before it chooses; where there is no light it is black
            picture[rows] = make_lupton_rgb(red, green, blue, minimum=0, stretch=stretch, Q=SOFTENING)
    return picture
