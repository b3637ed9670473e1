"""The square about a star, moved so that the star lies on its middle pixel."""

from typing import Any

import numpy as np
from astropy.stats import gaussian_fwhm_to_sigma
from numpy.typing import NDArray
from scipy import ndimage

from archive.errors import UsageError
from pipeline.arrays.cutout import cut_around
from pipeline.arrays.fourier import image_of, moved, peak_near, transform_of
from pipeline.arrays.high_contrast.geometry import YX

Pixels = NDArray[np.float64]

SEARCH_PX = 5.0
MARGIN_PX = 8  # beyond the square, so that what wraps round in the transform is cut off again


def crop_star(
    image: NDArray[np.floating[Any]], *, near_yx: YX, half_px: int, fwhm_px: float, search_px: float = SEARCH_PX
) -> Pixels:
    """Cut (2 * half_px + 1) squared pixels of an image (ny, nx), the star's peak on the middle one.

    The peak is that of the image smoothed to its core's width, within `search_px` of `near_yx` (y, x, px from zero), to
    a twentieth of a pixel and a parabola through that. The image is moved there by its transform, so it must be
    sampled at two pixels in λ/D or finer. Blanks become zero.

    Raises UsageError if the square does not lie in the image, or if no peak lies within the search: the star is farther
    off, or there is none.
    """
    cut = cut_around(image, centre_yx=near_yx, half_px=half_px + MARGIN_PX, edge="fill")
    inner = np.isfinite(cut.pixels[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX])
    if not (inner[0].any() and inner[-1].any() and inner[:, 0].any() and inner[:, -1].any()):
        raise UsageError(
            f"The square of {2 * half_px + 1} px about the star at y = {near_yx[0]:.1f}, x = {near_yx[1]:.1f} "
            "does not lie in the image: take a smaller one, or point the star nearer to the middle."
        )
    pixels = np.where(np.isfinite(cut.pixels), cut.pixels, 0.0).astype(np.float64)
    peak = _peak_of(pixels, near_yx=cut.centre_yx, fwhm_px=fwhm_px, search_px=search_px)
    middle = half_px + MARGIN_PX
    shift = np.array([middle - peak[0], middle - peak[1]])
    centred = image_of(moved(transform_of(pixels), pixels.shape, shift), pixels.shape)
    return centred[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX].astype(np.float64)


def _peak_of(pixels: Pixels, *, near_yx: YX, fwhm_px: float, search_px: float) -> YX:
    smooth = ndimage.gaussian_filter(pixels, fwhm_px * gaussian_fwhm_to_sigma)
    y, x = np.indices(smooth.shape)
    near = np.hypot(y - near_yx[0], x - near_yx[1]) <= search_px + 1
    row, column = np.unravel_index(int(np.where(near, smooth, -np.inf).argmax()), smooth.shape)
    found_y, found_x, _ = peak_near(transform_of(smooth), smooth.shape, (float(row), float(column)))
    if not smooth[row, column] > 0 or np.hypot(found_y - near_yx[0], found_x - near_yx[1]) > search_px:
        raise UsageError(
            f"No peak lies within {search_px:g} px of where the star should be: look at the image, and give its place."
        )
    return found_y, found_x
