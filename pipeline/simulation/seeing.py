"""A star in a long exposure without correction: the transfer function is known, so that no phase is drawn."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft, optimize

from pipeline.simulation.optics import Image, Optics, ideal_image
from pipeline.simulation.phase import Residual


def seeing_image(optics: Optics, *, seeing_arcsec: float, n: int = 1024) -> Image:
    """Fine image (n, n) of flux 1 through Kolmogorov turbulence of infinite outer scale; seeing at 500 nm (Fried 1966).

    Telescope and air are both in it. Its pixels and its noise are not.
    """
    telescope = fft.rfft2(fft.ifftshift(ideal_image(optics, n).astype(np.float64)))
    image = fft.fftshift(fft.irfft2(telescope * _air(optics, seeing_arcsec, n), s=(n, n)))
    return np.maximum(image, 0).astype(np.float32)


def air_fwhm_arcsec(optics: Optics, *, seeing_arcsec: float) -> float:
    """Full width at half maximum of the air alone at this wavelength: 0.976 wavelength / r0."""
    r0_m = Residual(seeing_arcsec, leak=1).r0_m(optics.wavelength_m)
    return float(np.degrees(0.976 * optics.wavelength_m / r0_m) * 3600)


def fwhm_arcsec(image: Image, optics: Optics) -> float:
    """Full width at half maximum of a noiseless round fine image (n, n), centre at n // 2."""
    n = image.shape[0]
    profile = image[n // 2, n // 2 :].astype(np.float64)
    below = int(np.argmax(profile < profile[0] / 2))
    nearby = slice(max(below - 3, 0), below + 3)
    cubic = np.polynomial.Polynomial.fit(np.arange(n - n // 2)[nearby], profile[nearby] - profile[0] / 2, 3)
    half_width = optimize.brentq(cubic, below - 1, below)
    return float(2 * half_width * optics.pixel_arcsec / 2)


def _air(optics: Optics, seeing_arcsec: float, n: int) -> NDArray[np.float64]:
    frequency = np.hypot(*np.meshgrid(fft.fftfreq(n), fft.rfftfreq(n), indexing="ij")) / optics.sample_rad
    r0_m = Residual(seeing_arcsec, leak=1).r0_m(optics.wavelength_m)
    attenuation: NDArray[np.float64] = np.exp(-3.44 * (optics.wavelength_m * frequency / r0_m) ** (5 / 3))
    return attenuation
