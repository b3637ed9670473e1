"""Stars whose light beside them is a few known patterns, so that what is left of it is known too."""

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.high_contrast.geometry import offset_yx

FWHM_PX = 4.0
SIDE = 101
Floats = NDArray[np.float64]


def gaussian(offset: tuple[float, float] = (0.0, 0.0), *, side: int = SIDE) -> Floats:
    """A star of peak 1 at an offset from the middle pixel."""
    y, x = np.indices((side, side)) - side // 2
    width = FWHM_PX / np.sqrt(8 * np.log(2))
    star: Floats = np.exp(-((y - offset[0]) ** 2 + (x - offset[1]) ** 2) / (2 * width**2))
    return star


def smooth_pattern(rng: np.random.Generator, *, side: int = SIDE) -> Floats:
    """Speckles of the star's width, of scatter 1."""
    waves = np.fft.rfft2(rng.normal(size=(side, side)))
    frequency = np.hypot(np.fft.fftfreq(side)[:, np.newaxis], np.fft.rfftfreq(side))
    pattern = np.fft.irfft2(waves * np.exp(-((frequency * FWHM_PX * 1.5) ** 2)), s=(side, side))
    scaled: Floats = pattern / pattern.std()
    return scaled


class Sky:
    """Stars that share `n_patterns` patterns of speckles in proportions of their own, and noise."""

    def __init__(self, *, n_patterns: int = 3, noise: float = 1e-5, seed: int = 1, side: int = SIDE) -> None:
        self._rng = np.random.default_rng(seed)
        self._patterns = 1e-3 * np.array([smooth_pattern(self._rng, side=side) for _ in range(n_patterns)])
        self._noise, self._side = noise, side

    def star(self, *companions: tuple[float, float, float]) -> Floats:
        """A star of peak 1; companions are separation (px), position angle (degrees), flux."""
        weights = self._rng.normal(size=len(self._patterns))
        image = gaussian(side=self._side) + np.tensordot(weights, self._patterns, axes=1)
        for separation, angle, flux in companions:
            image += flux * gaussian(offset_yx(separation, angle), side=self._side)
        return image + self._noise * self._rng.normal(size=image.shape)

    def stars(self, count: int) -> Floats:
        return np.array([self.star() for _ in range(count)])
