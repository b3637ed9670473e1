"""Details of an image, scale by scale, and an image with some of them made stronger.

References
----------
Starck & Murtagh 2006, Astronomical Image and Data Analysis, 2nd ed. (the starlet: undecimated, with a B3 spline).
"""

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from archive.errors import UsageError
from pipeline.arrays.frames import Cube, Image

B3_SPLINE = np.array([1, 4, 6, 4, 1], dtype=np.float32) / 16
GAINS = (1.0, 2.5, 2.5, 1.5)  # of details of 1, 2, 4 and 8 px; the finest hold most of the noise


def starlet(image: Image, *, n_scales: int) -> Cube:
    """Details (n_scales, ny, nx) of 1, 2, 4 … px of an image without gaps, and behind them what is left (1, ny, nx).

    Their sum is the image. Beyond its edges the image is taken to be mirrored.
    """
    planes = []
    smooth = np.asarray(image, dtype=np.float32)
    for scale in range(n_scales):
        smoother = _smoothed(smooth, step=1 << scale)
        planes.append(smooth - smoother)
        smooth = smoother
    return np.stack([*planes, smooth])


def sharpened(image: Image, *, gains: Sequence[float] = GAINS) -> Image:
    """The image (ny, nx) with its details of 1, 2, 4 … px multiplied by `gains`; NaN stays NaN, and counts as dark.

    Noise grows with them, and the light of a single pixel means nothing any more: for eyes, not for measuring.
    Raises UsageError for a gain that is negative or no number.
    """
    if not all(np.isfinite(gain) and gain >= 0 for gain in gains):
        raise UsageError(f"Gains of details are numbers from zero upwards, and {tuple(gains)} are not all such.")
    gaps = ~np.isfinite(image)
    planes = starlet(np.where(gaps, 0, image), n_scales=len(gains))
    total: Image = np.tensordot(np.array([*gains, 1.0], dtype=np.float32), planes, axes=1)
    return np.where(gaps, np.nan, total).astype(np.float32)


def _smoothed(image: Image, *, step: int) -> Image:
    kernel = np.zeros(4 * step + 1, dtype=np.float32)
    kernel[::step] = B3_SPLINE
    along_y = ndimage.convolve1d(image, kernel, axis=0, mode="mirror")
    smoothed: Image = ndimage.convolve1d(along_y, kernel, axis=1, mode="mirror")
    return smoothed
