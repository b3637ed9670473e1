"""How sharp the image of a disc is.

References
----------
Pech-Pacheco et al. 2000, Proc. 15th ICPR 3, 314 (variance of the Laplacian as a measure of focus).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.arrays import fourier
from pipeline.arrays.frames import Image, disc
from pipeline.arrays.limb import BEYOND_LIMB_PX, FoundDisc

LAPLACIAN_SMOOTHING_PX = 3.0  # less, and noise is most of it in a frame of some tens of electrons a pixel
GRADIENT_SMOOTHING_PX = 1.5
OPTICS_END = 0.45  # cycles a pixel: no wave of light from a telescope is shorter, so what is there is noise

Filter = NDArray[np.float32]  # (ny, nx // 2 + 1)


def sharpness(window: Image, place: FoundDisc) -> float:
    """Variance of the Laplacian in the disc, over the square of its mean, of a window (ny, nx) without sky and gaps.

    The Laplacian is that of the image smoothed by a Gaussian of 3 px. What noise adds to its variance is told by the
    frequencies that the optics do not pass, and taken off: so in a faint and soft frame the answer may be below zero.
    """
    shape = (window.shape[0], window.shape[1])
    squared = fft.fftfreq(shape[0])[:, np.newaxis] ** 2 + fft.rfftfreq(shape[1]) ** 2
    smoothing = fourier.gaussian_window(shape, sigma_px=LAPLACIAN_SMOOTHING_PX)
    laplacian = (-4 * np.pi**2 * squared * smoothing).astype(np.float32)
    beyond_optics = (squared > OPTICS_END**2).astype(np.float32)
    inside = disc(shape, centre_yx=place.centre_yx, radius_px=place.radius_px + BEYOND_LIMB_PX)
    transform = fourier.transform_of(window)
    variances = [
        float(np.var(fourier.image_of(transform * kernel, shape)[inside], dtype=np.float64))
        for kernel in (laplacian, beyond_optics)
    ]
    noise = variances[1] * _power(laplacian, shape) / _power(beyond_optics, shape)
    return (variances[0] - noise) / float(np.mean(window[inside], dtype=np.float64)) ** 2


def gradient_energy(image: Image, place: FoundDisc) -> float:
    """Mean square of the gradient in the disc, a px², over the square of its mean, of (ny, nx) smoothed by 1.5 px."""
    shape = (image.shape[0], image.shape[1])
    smoothed = fourier.transform_of(image) * fourier.gaussian_window(shape, sigma_px=GRADIENT_SMOOTHING_PX)
    inside = disc(shape, centre_yx=place.centre_yx, radius_px=place.radius_px + BEYOND_LIMB_PX)
    energy = 0.0
    for along in (fft.fftfreq(shape[0])[:, np.newaxis], fft.rfftfreq(shape[1])):
        slope = fourier.image_of((2j * np.pi * along * smoothed).astype(np.complex64), shape)[inside]
        energy += float(np.mean(np.square(slope, dtype=np.float64)))
    return energy / float(np.mean(image[inside], dtype=np.float64)) ** 2


def _power(kernel: Filter, shape: tuple[int, int]) -> float:
    """Variance that white noise of variance 1 has behind a filter."""
    squares = np.square(kernel, dtype=np.float64)
    twice = 2 * squares.sum() - squares[:, 0].sum()
    if shape[1] % 2 == 0:
        twice -= squares[:, -1].sum()
    return float(twice) / (shape[0] * shape[1])
