"""Traces of particles in three images of one place: what one of them alone shows, and sharper than any star."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.arrays.display import noise_sigma

Planes = NDArray[np.float32]  # (3, ny, nx), above the sky; NaN where there is no value
Mask = NDArray[np.bool_]  # (ny, nx)

ABOVE_SIGMA = 12.0  # with OTHERS_SIGMA: a star that is a third as bright in the next band is seen there too
GROWN_SIGMA = 3.0  # neighbours of such a pixel belong to the same trace
OTHERS_MOST = 0.05  # of the light, in each of the other bands: of the reddest stars it is a tenth
OTHERS_SIGMA = 4.0
NEARBY_PX = 2  # on each side: of the square around a star's middle the median is a third of it, around a trace nothing
NEARBY_MOST = 0.2


def without_stray_hits(planes: Planes) -> Planes:
    """The planes with the median of what is around in place of what hit one camera image alone.

    A trace over a galaxy stays: there the other bands are bright too, and it can not be told from the galaxy's own
    light. So does a nebula that shines in one line alone, for it is larger than a star.
    """
    sigmas = [noise_sigma(plane) for plane in planes]
    # Beside the middle of a faint star its next band may be lost in the noise, in its middle it is not.
    brightest = [ndimage.maximum_filter(np.nan_to_num(plane), size=3) for plane in planes]
    cleaned = planes.copy()
    for band, sigma in enumerate(sigmas):
        others = [number for number in range(len(planes)) if number != band]
        alone = np.ones(planes.shape[1:], dtype=bool)
        with np.errstate(invalid="ignore"):
            for other in others:
                alone &= brightest[other] < np.maximum(OTHERS_SIGMA * sigmas[other], OTHERS_MOST * planes[band])
            _replace(cleaned[band], planes[band], alone & (planes[band] > ABOVE_SIGMA * sigma), sigma=sigma)
    return cleaned


def _replace(cleaned: NDArray[np.float32], plane: NDArray[np.float32], candidates: Mask, *, sigma: float) -> None:
    """Write over traces among the candidates, and over the neighbours that belong to them."""
    places = np.argwhere(candidates)
    if len(places) == 0:
        return
    padded = np.pad(plane, NEARBY_PX, constant_values=np.nan)
    steps = np.arange(2 * NEARBY_PX + 1)
    rows = places[:, :1, np.newaxis] + steps[:, np.newaxis]
    columns = places[:, 1:, np.newaxis] + steps
    around = padded[rows, columns]
    median = np.nanmedian(around, axis=(1, 2))
    is_trace = median < NEARBY_MOST * plane[candidates]
    ny, nx = plane.shape
    for (y, x), level in zip(places[is_trace], median[is_trace], strict=True):
        window = (slice(max(y - 1, 0), min(y + 2, ny)), slice(max(x - 1, 0), min(x + 2, nx)))
        near = plane[window]
        cleaned[window] = np.where(near > GROWN_SIGMA * sigma, level, cleaned[window])
