"""Where in a frame a star is, and how surely, given its image, its noise, and where it is expected.

The logarithm of the likelihood of a place is the frame times a template moved there. Of photons on a sky of variance v,
of which each adds f to a pixel's variance, the template is log(1 + f s / v) / f, s being the star: its core, where its
own photons are the noise, counts less than in a matched filter for the sky alone, and its wings more.

References
----------
Cash 1979, ApJ 228, 939 (likelihood of photons).
Robbins & Hadwen 2003, IEEE Trans. Electron Devices 50, 1227 (an EMCCD doubles the variance of photons: f is 2).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.arrays import fourier
from pipeline.arrays.fourier import Transform
from pipeline.arrays.frames import Image, Mask

TEMPLATE_SMOOTHING_PX = 0.7
LEAST_NOISE = 1e-3  # of the star's highest pixel: stands for the noise of frames without any
UNLIKELY = 10.0  # places less likely by e to this count for nothing
STEP_PX, STEPS, MOST_STEPS = 0.5, 17, 81
ZOOMS, REACH_SIGMA = 6, 5.0
ENOUGH = 1.5  # steps within one standard deviation

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """Variance of a pixel: `blank` without a star, electron², and `per_electron` more for each electron of it."""

    blank: float
    per_electron: float


@dataclass(frozen=True, slots=True)
class Place:
    """Mean (y, x), px from the lock, and variance along one axis, px²."""

    mean_yx: tuple[float, float]
    variance_px2: float


class StarLikelihood:
    """The likelihood of a star's place in frames of `shape`, the lock in their middle, within `radius_px` of it.

    `taper` (ny, nx) is 1 where a star's image counts, and 0 far from the lock.
    """

    def __init__(self, shape: tuple[int, int], *, radius_px: float, taper: Image, noise: Noise) -> None:
        self._shape, self._taper, self._noise = shape, taper, noise
        self._smoothing = fourier.gaussian_window(shape, sigma_px=TEMPLATE_SMOOTHING_PX)
        self._y, self._x = (fft.fftfreq(side) * side for side in shape)
        self._is_searched: Mask = np.hypot(self._y[:, np.newaxis], self._x) <= radius_px

    def template_of(self, star: Image) -> Transform:
        """Filter whose answer is the logarithm of the likelihood, of a star (ny, nx), electron, on the lock."""
        smooth = fourier.image_of(fourier.transform_of(star) * self._smoothing, self._shape)
        light = np.maximum(smooth, 0) * self._taper
        blank = max(self._noise.blank, (LEAST_NOISE * float(light.max())) ** 2) or 1.0
        each = self._noise.per_electron
        weights = np.log1p(each * light / blank) / each if each > 0 else light / blank
        filtered: Transform = np.conj(fourier.transform_of(weights.astype(np.float32)))
        return filtered

    def place(self, frame: Transform, template: Transform, expected: Place) -> Place:
        """Where a frame's star is, given where it was expected, by the mean over all places by their probability."""
        answer: Transform = frame * template
        values = fourier.image_of(answer, self._shape) + _logarithm(expected, self._y, self._x)
        values = np.where(self._is_searched, values, -np.inf)
        rows, columns = np.nonzero(values > values.max() - UNLIKELY)
        ends = [(found.min() - 1, found.max() + 1) for found in (self._y[rows], self._x[columns])]
        for _ in range(ZOOMS):
            y, x = (np.linspace(low, high, _steps(high - low)) for low, high in ends)
            likely = fourier.values_at(answer, self._shape, y, x) + _logarithm(expected, y, x)
            share = np.exp(likely - likely.max())
            share /= share.sum()
            moments = [_moments(places, share.sum(axis=other)) for places, other in ((y, 1), (x, 0))]
            widths = [
                (np.sqrt(moment[1]), places[1] - places[0]) for moment, places in zip(moments, (y, x), strict=True)
            ]
            if all(step * ENOUGH <= sigma for sigma, step in widths):
                break
            reach = [max(REACH_SIGMA * sigma, 2 * step) for sigma, step in widths]
            ends = [(moment[0] - far, moment[0] + far) for moment, far in zip(moments, reach, strict=True)]
        return Place((moments[0][0], moments[1][0]), (moments[0][1] + moments[1][1]) / 2)


def _logarithm(expected: Place, y: Numbers, x: Numbers) -> Numbers:
    """Logarithm (len(y), len(x)) of how probable each place is by what is expected, but for a constant."""
    squared = (y[:, np.newaxis] - expected.mean_yx[0]) ** 2 + (x - expected.mean_yx[1]) ** 2
    return -squared / (2 * expected.variance_px2)


def _steps(length_px: float) -> int:
    return int(np.clip(length_px / STEP_PX, STEPS, MOST_STEPS))


def _moments(places: Numbers, share: Numbers) -> tuple[float, float]:
    """Mean and variance of places, each with its share."""
    mean = float(share @ places)
    return mean, float(share @ (places - mean) ** 2)
