"""Images whose Strehl ratio is known by formula: an ideal core in a halo of another law than the simulated air's."""

import numpy as np
from numpy.typing import NDArray

from pipeline.simulation.optics import Image, Optics, ideal_image
from pipeline.simulation.psf import FinePsf, peak_between_samples

MOFFAT_BETA = 2.5


def exponential_halo_psf(optics: Optics, *, core_share: float, scale_arcsec: float, n: int = 512) -> FinePsf:
    """An ideal core that holds `core_share` of the light, in a halo that falls as exp(-r / scale)."""
    radius = radius_arcsec(optics, n) / scale_arcsec
    return _psf(optics, core_share, np.exp(-radius) / (2 * np.pi * scale_arcsec**2))


def moffat_halo_psf(optics: Optics, *, core_share: float, fwhm_arcsec: float, n: int = 512) -> FinePsf:
    """An ideal core that holds `core_share` of the light, in a Moffat halo of beta 2.5."""
    alpha = fwhm_arcsec / (2 * np.sqrt(2 ** (1 / MOFFAT_BETA) - 1))
    radius = radius_arcsec(optics, n) / alpha
    return _psf(optics, core_share, (MOFFAT_BETA - 1) / (np.pi * alpha**2) * (1 + radius**2) ** -MOFFAT_BETA)


def radius_arcsec(optics: Optics, n: int) -> NDArray[np.float64]:
    """Distance of each sample (n, n) of a fine image from its centre."""
    axis = (np.arange(n) - n // 2) * optics.pixel_arcsec / 2
    return np.hypot(axis[:, np.newaxis], axis[np.newaxis])


def _psf(optics: Optics, core_share: float, halo_per_arcsec2: NDArray[np.float64]) -> FinePsf:
    """Core and halo, of flux 1 over the whole sky: what of the halo lies outside the image is missing in its sum."""
    n = halo_per_arcsec2.shape[0]
    halo: NDArray[np.float64] = (1 - core_share) * halo_per_arcsec2 * (optics.pixel_arcsec / 2) ** 2
    ideal = ideal_image(optics, n)
    image: Image = (core_share * ideal + halo).astype(np.float32)
    return FinePsf(image, core_share + float(halo.max()) / peak_between_samples(ideal))
