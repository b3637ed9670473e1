"""Cosmic rays in a cube: a pixel far above what it shows in all other frames, and far above its neighbours.

In a stack they can not be told from stars any more, as the images have been moved by fractions of pixels; in single
frames they can, because there are many frames to compare with. A star that jumps onto a pixel for one frame lights its
neighbours as well, which a particle does not.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.arrays.frames import Image, Mask

ABOVE_SIGMA = 15.0
LEAST_ELECTRON = 20.0  # of one photon in 10**9 come more electrons than that: a dark sky is full of single photons
GROWN_SIGMA = 5.0  # neighbours of such a pixel belong to the same trace
NEARBY_PX = 5
NEIGHBOURS_MOST = 0.2  # of the excess: the median of the square of 3 by 3 around a trace; half for a star
LEAST_FRAMES = 8  # fewer can not tell what a pixel shows usually


@dataclass(frozen=True, slots=True)
class Usual:
    """What each pixel shows when its brightest frame is left out: mean and standard deviation (ny, nx)."""

    mean: Image
    sigma: Image

    def cut(self, part: Callable[[Image], Image]) -> "Usual":
        """The same of a part of the frame."""
        return Usual(part(self.mean), part(self.sigma))


class UsualPixels:
    """Sums over frames as they come, each of the same window or of whole frames."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._sum = np.zeros(shape)
        self._squares = np.zeros(shape)
        self._most = np.full(shape, -np.inf, dtype=np.float32)
        self._counts = np.zeros(shape, dtype=np.int32)

    def add(self, frame: Image) -> None:
        """Take one frame (ny, nx); pixels without a value are not counted."""
        has_value = np.isfinite(frame)
        seen = frame if has_value.all() else np.where(has_value, frame, 0)
        self._sum += seen
        self._squares += np.square(seen, dtype=np.float64)
        np.fmax(self._most, frame, out=self._most)
        self._counts += has_value

    def mean(self) -> Image:
        """Mean of all frames (ny, nx), the brightest value of each pixel too; NaN where there is none."""
        with np.errstate(invalid="ignore"):
            return np.where(self._counts > 0, self._sum / np.maximum(self._counts, 1), np.nan).astype(np.float32)

    def usual(self) -> Usual | None:
        """What to compare with; None after fewer than eight frames."""
        if self._counts.max() < LEAST_FRAMES:
            return None
        most = np.where(self._counts > 0, self._most, 0).astype(np.float64)
        others = np.maximum(self._counts - 1, 1)
        mean = (self._sum - most) / others
        variance = np.maximum((self._squares - most**2) / others - mean**2, 0)
        # A pixel that happens to be dark in all other frames has no width of its own.
        sigma = np.maximum(np.sqrt(variance), np.median(np.sqrt(variance)))
        # Nor does one that the star reached but once: those around it, which it reached more often, tell.
        sigma = ndimage.maximum_filter(sigma, size=NEARBY_PX)
        return Usual(mean.astype(np.float32), sigma.astype(np.float32))


def cosmic_rays(frame: Image, usual: Usual) -> Mask:
    """Pixels (ny, nx) of a frame that a particle hit. Both must be of the same part of the detector."""
    excess = frame - usual.mean
    with np.errstate(invalid="ignore"):
        high = excess > np.maximum(ABOVE_SIGMA * usual.sigma, LEAST_ELECTRON)
    hit = np.zeros(frame.shape, dtype=bool)
    candidates = np.argwhere(high)
    if len(candidates) == 0:
        return hit
    around = _median_around(excess, candidates)
    y, x = candidates[around < NEIGHBOURS_MOST * excess[high]].T
    hit[y, x] = True
    with np.errstate(invalid="ignore"):
        return hit | (ndimage.binary_dilation(hit, np.ones((3, 3), dtype=bool)) & (excess > GROWN_SIGMA * usual.sigma))


def without_cosmic_rays(frame: Image, usual: Usual | None) -> Image:
    """The frame (ny, nx) with the usual value where a particle hit; as it is when nothing is known of the usual."""
    if usual is None:
        return frame
    hit = cosmic_rays(frame, usual)
    return np.where(hit, usual.mean, frame) if hit.any() else frame


def _median_around(excess: Image, places: NDArray[np.intp]) -> NDArray[np.float32]:
    """Median of the pixels within one row and column of each place, in the frame."""
    padded = np.pad(excess, 1, constant_values=np.nan)
    steps = np.arange(3)
    y = places[:, :1, np.newaxis] + steps[:, np.newaxis]
    x = places[:, 1:, np.newaxis] + steps
    around: NDArray[np.float32] = np.nanmedian(padded[y, x], axis=(1, 2))
    return around
