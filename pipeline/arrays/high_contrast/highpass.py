"""What is smooth in an image taken out, so that the halo does not drown the speckles' pattern.

Both filters are linear and shift with what they filter: a companion's image is filtered as the star's is.
"""

from typing import Any, Literal, assert_never

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.fourier import gaussian_window, image_of, transform_of
from pipeline.arrays.wavelet import starlet

HighPass = Literal["none", "gaussian", "starlet"]

SIGMA_PX = 12.0
SCALES_KEPT = 2  # details of 1 and 2 px
Pixels = NDArray[np.float64]


def high_passed(image: NDArray[np.floating[Any]], how: HighPass) -> Pixels:
    """The image (ny, nx) without what is smooth; blanks count as zero.

    "gaussian" takes out the image smoothed with 12 px, round the edges; "starlet" leaves details of 1 and 2 px, edges
    mirrored, as the original archive did; "none" only fills the blanks.
    """
    filled = np.where(np.isfinite(image), image, 0.0).astype(np.float64)
    match how:
        case "none":
            return filled
        case "gaussian":
            smooth = image_of(transform_of(filled) * gaussian_window(filled.shape, sigma_px=SIGMA_PX), filled.shape)
            return filled - smooth
        case "starlet":
            scale = float(np.abs(filled).max()) or 1.0  # single precision holds what is near one best
            details = starlet((filled / scale).astype(np.float32), n_scales=SCALES_KEPT)[:-1]
            kept: Pixels = scale * details.astype(np.float64).sum(axis=0)
            return kept
        case _:
            assert_never(how)
