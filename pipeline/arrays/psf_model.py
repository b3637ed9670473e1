"""What an annular telescope without air or aberrations makes of a point, by formula."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special

from pipeline.arrays.filters import Filter

Floats = NDArray[np.float64]

ARCSEC = float(np.radians(1 / 3600))  # rad
PIXEL_NODES = 5  # Gauss-Legendre, along each axis of a pixel
LEGACY_BOX_ARCSEC = 3.0


@dataclass(frozen=True, slots=True)
class Telescope:
    """An annular aperture."""

    primary_m: float
    obstruction_m: float

    @property
    def area_m2(self) -> float:
        return float(np.pi / 4 * (self.primary_m**2 - self.obstruction_m**2))


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an image was sampled.

    `scale_arcsec` is the distance of two pixels of the image, `pixel_arcsec` the side of the square over which the
    detector integrated. They are equal in an image as the detector gave it; an image on the 2x grid has a scale of half
    a detector pixel. A `pixel_arcsec` of zero is an image sampled at points.
    """

    scale_arcsec: float
    pixel_arcsec: float

    @property
    def area_rad2(self) -> float:
        return (self.scale_arcsec * ARCSEC) ** 2


def annular_airy(radius_rad: Floats, wavelength_m: float, telescope: Telescope) -> Floats:
    """Intensity of the annular Airy pattern over its peak, at distances `radius_rad` of any shape from its centre.

    {[2 J1(x)/x - ε² 2 J1(εx)/(εx)] / (1 - ε²)}² with x = π D r / λ and ε the obstruction over the primary.

    References
    ----------
    Born & Wolf, Principles of Optics, section 8.6.2.
    """
    x = np.pi * telescope.primary_m / wavelength_m * np.asarray(radius_rad, dtype=np.float64)
    ratio = telescope.obstruction_m / telescope.primary_m
    amplitude = (_jinc(x) - ratio**2 * _jinc(ratio * x)) / (1 - ratio**2)
    intensity: Floats = amplitude**2
    return intensity


def model_image(
    telescope: Telescope,
    passband: Filter,
    sampling: Sampling,
    *,
    shape: tuple[int, int],
    centre_yx: tuple[float, float],
) -> Floats:
    """Image (ny, nx) of a point at `centre_yx`, px from zero, of total flux 1 over the whole sky.

    Each value is the mean over the detector's pixel about that place, times the area of a pixel of the image.
    """
    places, shares = _pixel_nodes(sampling)
    image = np.zeros(shape)
    for step_y, share_y in zip(places, shares, strict=True):
        y = (np.arange(shape[0]) - centre_yx[0]) * sampling.scale_arcsec + step_y
        for step_x, share_x in zip(places, shares, strict=True):
            x = (np.arange(shape[1]) - centre_yx[1]) * sampling.scale_arcsec + step_x
            radius = np.hypot(y[:, np.newaxis], x[np.newaxis]) * ARCSEC
            image += share_y * share_x * _intensity(radius, telescope, passband)
    return image * sampling.area_rad2


@lru_cache(maxsize=64)
def peak_per_flux(telescope: Telescope, passband: Filter, sampling: Sampling) -> float:
    """Highest value that a pixel of the image can have, its centre on the point, for a total flux of 1."""
    return float(model_image(telescope, passband, sampling, shape=(1, 1), centre_yx=(0.0, 0.0))[0, 0])


def pixel_loss(telescope: Telescope, passband: Filter, pixel_arcsec: float) -> float:
    """Share by which integrating over a detector's pixel lowers the peak."""
    seen, by_points = (
        peak_per_flux(telescope, passband, Sampling(pixel_arcsec, pixel)) for pixel in (pixel_arcsec, 0.0)
    )
    return 1 - seen / by_points


@lru_cache(maxsize=64)
def reference_factor(telescope: Telescope, passband: Filter, scale_arcsec: float) -> float:
    """Peak over the flux in a box of 3" of a perfect image sampled at points: the F of the legacy Strehl ratio.

    The published table of the original archive was made this way, on the 2x grid: the pixel is left out, which makes a
    Strehl ratio too low by `pixel_loss`.
    """
    half = legacy_half_width(scale_arcsec)
    side = 2 * half + 1
    image = model_image(
        telescope, passband, Sampling(scale_arcsec, 0.0), shape=(side, side), centre_yx=(float(half), float(half))
    )
    return float(image[half, half] / image.sum())


def legacy_half_width(scale_arcsec: float) -> int:
    """Pixels on each side of the brightest one in the box of the legacy Strehl ratio."""
    return round(round(LEGACY_BOX_ARCSEC / scale_arcsec) / 2)


def share_outside(telescope: Telescope, passband: Filter, radius_arcsec: float) -> float:
    """Share of a perfect image's light beyond a radius that is many times λ/D, its rings averaged out.

    Light that the edges of the aperture diffract falls as 1/r³ whatever the phase over the aperture, so that images
    behind turbulence have the same share: λ P / (2 π² r A), P the length of the edges and A the open area. (An
    aperture's transfer function falls at first in proportion to the length of its edges; this is its transform.)
    """
    edges_m = np.pi * (telescope.primary_m + telescope.obstruction_m)
    mean_wavelength_m = 1e-9 * float(np.dot(passband.weights, passband.wavelengths_nm))
    return float(mean_wavelength_m * edges_m / (2 * np.pi**2 * radius_arcsec * ARCSEC * telescope.area_m2))


def core_fwhm_arcsec(telescope: Telescope, passband: Filter) -> float:
    """Full width at half maximum of a perfect image sampled at points."""
    radius = np.linspace(0, 2e-9 * passband.central_nm / telescope.primary_m, 4001)
    profile = _intensity(radius, telescope, passband)
    return float(2 * radius[int(np.argmax(profile < profile[0] / 2))] / ARCSEC)


def _intensity(radius_rad: Floats, telescope: Telescope, passband: Filter) -> Floats:
    """Flux per rad² of a point of flux 1."""
    total = np.zeros_like(radius_rad)
    for wavelength_nm, weight in zip(passband.wavelengths_nm, passband.weights, strict=True):
        wavelength_m = 1e-9 * wavelength_nm
        peak = telescope.area_m2 / wavelength_m**2
        total += weight * peak * annular_airy(radius_rad, wavelength_m, telescope)
    return total


def _pixel_nodes(sampling: Sampling) -> tuple[Floats, Floats]:
    """Places along one axis of a pixel, arcsec from its middle, and their shares, sum 1."""
    if sampling.pixel_arcsec == 0:
        return np.zeros(1), np.ones(1)
    nodes, weights = np.polynomial.legendre.leggauss(PIXEL_NODES)
    return nodes * sampling.pixel_arcsec / 2, weights / 2


def _jinc(x: Floats) -> Floats:
    """2 J1(x) / x, 1 at zero."""
    small = np.abs(x) < 1e-6
    return np.where(small, 1.0, 2 * special.j1(x) / np.where(small, 1.0, x))
