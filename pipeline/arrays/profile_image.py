"""The image that a fitted star's function makes, to be held against the pixels it was fitted to."""

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.fwhm import Profile


def profile_image(
    profile: Profile, *, shape: tuple[int, int], origin_yx: tuple[int, int] = (0, 0)
) -> NDArray[np.float64]:
    """Counts (ny, nx) of a fitted star, without its sky; `origin_yx` is the first pixel's place in the fitted image.

    As in `fwhm.fit_profile`: A 2^-q for a Gaussian and A [1 + (2^(1/β) - 1) q]^-β for a Moffat function, with
    q = (2y/w_y)² + (2x/w_x)².
    """
    y, x = (np.arange(side) + first - at for side, first, at in zip(shape, origin_yx, profile.at_yx, strict=True))
    q = (2 * y[:, np.newaxis] / profile.fwhm_y_px) ** 2 + (2 * x / profile.fwhm_x_px) ** 2
    if profile.beta is None:
        return profile.peak_count * np.exp2(-q)
    image: NDArray[np.float64] = profile.peak_count * (1 + (2 ** (1 / profile.beta) - 1) * q) ** -profile.beta
    return image
