"""Whether another star shines into a star's aperture."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from pipeline.arrays.stamp import Stamp

Floats = NDArray[np.float64]

INNER_CORES, OUTER_ARCSEC = 3.5, 3.0  # nearer, the star's own rings and lumps are as bright
LEAST_SIGMA = 10.0
SIGMA_CORES = 0.42  # of a Gaussian as wide as the core, which a point stands out best behind
LEAST_HEIGHT = 0.02  # of the star's


def has_companion(stamp: Stamp, *, scale_arcsec: float, core_fwhm_arcsec: float) -> bool:
    """Whether a point stands out of its ring about the star by 10 sigma of the ring and 2 % of the star's peak.

    Looked for between 3.5 widths of a perfect image's core and 3" from the star. A ring is half such a width wide; its
    level and sigma are median and scaled median deviation, which speckles, lumps and photons all are in.
    """
    core_px = core_fwhm_arcsec / scale_arcsec
    smooth = ndimage.gaussian_filter(stamp.values, SIGMA_CORES * core_px)
    radius = stamp.radius_px
    used = (radius >= INNER_CORES * core_px) & (radius <= OUTER_ARCSEC / scale_arcsec) & stamp.has_value
    above, sigma = _above_rings(smooth[used], (radius[used] / (core_px / 2)).astype(np.intp))
    height = smooth[radius <= core_px].max() - np.median(smooth[used])
    return bool(((above > LEAST_SIGMA * sigma) & (above > LEAST_HEIGHT * height)).any())


def _above_rings(values: Floats, ring: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """What each value is above its ring's median, and its ring's sigma."""
    above, sigma = np.empty_like(values), np.empty_like(values)
    order = np.argsort(ring, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(ring[order])) + 1):
        above[members] = values[members] - np.median(values[members])
        sigma[members] = 1.4826 * np.median(np.abs(above[members]))
    return above, sigma
