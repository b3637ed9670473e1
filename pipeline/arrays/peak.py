"""How high a star's image is between its pixels, had the detector no pixels and the noise no waves finer than light."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.arrays.psf_model import ARCSEC, Sampling

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

SIDE_PX = 64
STEPS_PER_PIXEL = 8
LEAST_RESPONSE = 0.3  # of the pixel to a wave: one that it hardly passes is not raised any further


@dataclass(frozen=True, slots=True)
class Peak:
    """Highest point of an image as its optics made it.

    `height` is the flux that a pixel of the image would have there if it were sampled at a point. `weights`
    (64, 64), about `corner_yx` of the image, are those by which the pixels make up the height: its variance is the sum
    of their squares times the variance of the pixels, whether these are correlated by resampling or not.
    """

    height: float
    at_yx: tuple[float, float]
    weights: Floats
    corner_yx: tuple[int, int]

    def variance(self, image: Floats, *, per_count: float, of_sky: float) -> float:
        """Variance of the height, from that of light (`per_count` times `image`, without sky) and that of the sky."""
        y, x = self.corner_yx
        light = np.maximum(image[y : y + SIDE_PX, x : x + SIDE_PX], 0)
        return float((self.weights**2 * (per_count * light + of_sky)).sum())


def peak_of(
    image: Floats, *, near_yx: tuple[float, float], search_px: float, sampling: Sampling, cutoff_per_rad: float
) -> Peak:
    """Find the peak of `image` (ny, nx) within `search_px` of a place, by the transform of 64 pixels about it.

    Waves above `cutoff_per_rad`, which no light of the telescope makes (D/λ), are left out, and with them their share
    of the noise; the others are divided by what a detector's pixel passes of them. The height is found in steps of 1/8
    pixel. All pixels must be finite. An image sampled more coarsely than two pixels in λ/D has lost waves that it can
    not get back: its peak depends on where the star lies in its pixel.
    """
    corner_y, corner_x = (
        int(np.clip(round(place) - SIDE_PX // 2, 0, length - SIDE_PX))
        for place, length in zip(near_yx, image.shape, strict=True)
    )
    cut = image[corner_y : corner_y + SIDE_PX, corner_x : corner_x + SIDE_PX]
    response = _response(sampling, cutoff_per_rad)
    transform = fft.fft2(cut) * response
    near = (near_yx[0] - corner_y, near_yx[1] - corner_x)
    brightest = _brightest_pixel(fft.ifft2(transform).real, near, search_px)
    places = [pixel + np.arange(-STEPS_PER_PIXEL, STEPS_PER_PIXEL + 1) / STEPS_PER_PIXEL for pixel in brightest]
    waves_y, waves_x = (_waves(along) for along in places)
    heights = (waves_y @ transform @ waves_x.T).real / SIDE_PX**2
    at_y, at_x = np.unravel_index(int(heights.argmax()), heights.shape)
    weights = fft.fft2(np.outer(waves_y[at_y], waves_x[at_x]) * response).real / SIDE_PX**2
    return Peak(
        height=float(heights[at_y, at_x]),
        at_yx=(float(places[0][at_y] + corner_y), float(places[1][at_x] + corner_x)),
        weights=weights,
        corner_yx=(corner_y, corner_x),
    )


def _response(sampling: Sampling, cutoff_per_rad: float) -> Floats:
    """Factor (64, 64) of each wave: 0 above the cut-off, below it one over what a pixel passes."""
    waves_per_arcsec = fft.fftfreq(SIDE_PX, sampling.scale_arcsec)
    passed = np.maximum(np.sinc(waves_per_arcsec * sampling.pixel_arcsec), LEAST_RESPONSE)
    frequency = np.hypot(waves_per_arcsec[:, np.newaxis], waves_per_arcsec[np.newaxis])
    response: Floats = np.where(frequency <= cutoff_per_rad * ARCSEC, 1 / np.outer(passed, passed), 0)
    return response


def _brightest_pixel(image: Floats, near_yx: tuple[float, float], search_px: float) -> tuple[int, int]:
    y, x = np.indices(image.shape)
    distance = np.hypot(y - near_yx[0], x - near_yx[1])
    may_be = distance <= max(search_px, distance.min())
    brightest = np.unravel_index(int(np.where(may_be, image, -np.inf).argmax()), image.shape)
    return int(brightest[0]), int(brightest[1])


def _waves(places: Floats) -> Complexes:
    waves: Complexes = np.exp(2j * np.pi * np.outer(places, fft.fftfreq(SIDE_PX)))
    return waves
