"""How well a template fits at each place of a window: the matched filter, its noise, and its highest point."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.arrays import fourier
from pipeline.arrays.fourier import Transform
from pipeline.arrays.frames import Image, Mask
from pipeline.arrays.robust import GAUSSIAN

TEMPLATE_FULL_PX, TEMPLATE_END_PX = 16.0, 24.0  # a template is whole within the first radius, dark from the second on
EDGE_PX = 1.0  # a star this near to the end of the search may lie beyond it
TINY = 1e-30  # stands for the noise of windows without any
NOISE_STEP = 3  # of the places that tell the noise: the map is smooth


@dataclass(frozen=True, slots=True)
class Prior:
    """Where the star is expected (y, x), px from the lock, how far from it, and the S/N of a frame that is typical."""

    place_yx: NDArray[np.float64]
    width_px: float
    typical_snr: float


@dataclass(frozen=True, slots=True)
class Found:
    """Highest point of the matched filter of one frame.

    snr : its height over the noise of the filter's answer where there is no star.
    chance_snr : the highest answer where there is no star: what noise alone can do.
    value : the height itself.
    """

    shift_yx: tuple[float, float]
    snr: float
    chance_snr: float
    value: float
    is_at_edge: bool


class Correlator:
    """The matched filter over windows (2 * half_px, 2 * half_px), the lock in the pixel (half_px, half_px).

    Frames are smoothed by a round Gaussian of `smoothing_px` and correlated with a template. The star is looked for
    within `radius_px` of the lock. `is_blank` (ny, nx) marks the pixels beyond; `taper` (ny, nx) is 1 around the lock
    and 0 where a template's image ends.
    """

    def __init__(self, *, half_px: int, radius_px: float, smoothing_px: float) -> None:
        self.shape = (2 * half_px, 2 * half_px)
        self._smoothing = fourier.gaussian_window(self.shape, sigma_px=smoothing_px)
        places = fft.fftfreq(2 * half_px) * 2 * half_px
        self._y, self._x = places[:, np.newaxis], places[np.newaxis]
        distance = np.hypot(self._y, self._x)
        self._is_searched: Mask = distance <= radius_px
        self._shows_noise = np.flatnonzero(distance > radius_px)[::NOISE_STEP]
        self.radius_px = radius_px
        self.taper = _taper(half_px)
        self.is_blank: Mask = fft.fftshift(distance > radius_px)

    def template_of(self, image: Image) -> Transform:
        """Filter of a template (ny, nx) whose star lies on the lock; what lies far from it is left out."""
        filtered = np.conj(fourier.transform_of(image * self.taper))
        filtered *= self._smoothing
        return filtered

    def answer(self, transform: Transform, template: Transform) -> Transform:
        """Transform of the filter's answer; its value at (y, x) is how well the star fits, moved so from the lock."""
        result: Transform = transform * template
        return result

    def find(self, transform: Transform, template: Transform, prior: Prior | None) -> Found:
        """The best place of the template in a frame, given by its transform.

        With a prior, the logarithm of the likelihood (typical S/N times that of the place) has the prior's added: a
        faint frame's star is not lost to noise far away, and a bright one's is where it is.
        """
        answer = self.answer(transform, template)
        values = fourier.image_of(answer, self.shape)
        blank = values.reshape(-1)[self._shows_noise]
        level = float(np.median(blank))
        noise = GAUSSIAN * float(np.median(np.abs(blank - level))) or TINY
        likely = (values - level) / noise
        if prior is not None:
            squared = (self._y - prior.place_yx[0]) ** 2 + (self._x - prior.place_yx[1]) ** 2
            likely = prior.typical_snr * likely - squared / (2 * prior.width_px**2)
        likely = np.where(self._is_searched, likely, -np.inf)
        row, column = np.unravel_index(np.argmax(likely), self.shape)
        start = (float(self._y[row, 0]), float(self._x[0, column]))
        y, x, value = fourier.peak_near(answer, self.shape, start)
        return Found(
            shift_yx=(y, x),
            snr=(value - level) / noise,
            chance_snr=(float(blank.max()) - level) / noise,
            value=value - level,
            is_at_edge=bool(np.hypot(*start) > self.radius_px - EDGE_PX),
        )


def _taper(half_px: int) -> NDArray[np.float32]:
    """1 around the lock, falling to 0 as half a cosine."""
    end = min(TEMPLATE_END_PX, half_px)
    full = TEMPLATE_FULL_PX * end / TEMPLATE_END_PX
    places = np.arange(2 * half_px) - half_px
    distance = np.hypot(places[:, np.newaxis], places)
    fall = np.clip((distance - full) / (end - full), 0, 1)
    taper: NDArray[np.float32] = (0.5 * (1 + np.cos(np.pi * fall))).astype(np.float32)
    return taper
