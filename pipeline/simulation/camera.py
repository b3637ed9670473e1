"""The camera's own patterns: bias, dark current and response of each pixel, and the counts that it writes."""

from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pipeline.simulation.detector import exposed
from pipeline.simulation.optics import Image

Counts = NDArray[np.uint16]

SUBARRAY_PX = 256
FULL_WELL_ADU = 65535
BIAS_DRIFT_ADU = 2.0  # of the whole frame, from frame to frame
COLUMN_PATTERN_ADU = 1.5
UNEQUAL_PIXELS = 0.01
HOT_PIXEL_SHARE = 2e-4
HOT_ELECTRON_S = (20.0, 300.0)
GLOW = 3.0  # of the amplifier in one corner: times the dark current elsewhere


@dataclass(frozen=True, slots=True)
class DetectorMode:
    """A way to read the detector. The sub-array is its middle; names of its darks end in 4."""

    number: int
    _: KW_ONLY
    is_subarray: bool = False
    frame_s: float
    bias_adu: float
    dark_electron_s: float
    electron_per_adu: float

    @property
    def token(self) -> str:
        return f"{self.number}{'4' if self.is_subarray else ''}"


FAST = DetectorMode(1, frame_s=0.116, bias_adu=1000.0, dark_electron_s=0.2, electron_per_adu=0.2)
FAST_SUBARRAY = DetectorMode(
    1, is_subarray=True, frame_s=0.116, bias_adu=1020.0, dark_electron_s=0.2, electron_per_adu=0.2
)
SLOW = DetectorMode(2, frame_s=10.0, bias_adu=1100.0, dark_electron_s=0.1, electron_per_adu=0.2)
MODES = (FAST, FAST_SUBARRAY, SLOW)


@dataclass(frozen=True)
class Camera:
    """Patterns of one detector of `size_px` on each side; the same seed gives the same camera."""

    seed: int
    size_px: int

    def side_px(self, mode: DetectorMode) -> int:
        return min(SUBARRAY_PX, self.size_px // 2) if mode.is_subarray else self.size_px

    def response(self, mode: DetectorMode, filter_name: str) -> Image:
        """Relative response to even light (side, side); its mean over the whole detector is 1."""
        rng = self._rng(f"flat {filter_name}")
        y, x = np.indices((self.size_px, self.size_px)) / self.size_px - 0.5
        flat = self._pixels * (1 - 0.2 * (y**2 + x**2))
        for dust_y, dust_x, radius in rng.uniform((-0.5, -0.5, 0.02), (0.5, 0.5, 0.05), (5, 3)):
            flat -= 0.04 * np.exp(-(((np.hypot(y - dust_y, x - dust_x) - radius) / 0.01) ** 2))
        return self._middle(flat / flat.mean(), mode)

    def dark_electron(self, mode: DetectorMode) -> Image:
        """Electrons (side, side) that each pixel makes in one frame without light."""
        y, x = np.indices((self.size_px, self.size_px)) / self.size_px
        glow = 1 + GLOW * np.exp(-(y**2 + x**2) / 0.05)
        rng = self._rng("hot pixels")
        hot = np.where(rng.random(glow.shape) < HOT_PIXEL_SHARE, rng.uniform(*HOT_ELECTRON_S, glow.shape), 0)
        return self._middle((mode.dark_electron_s * glow + hot) * mode.frame_s, mode)

    def bias_adu(self, mode: DetectorMode) -> Image:
        """Counts (side, side) of a pixel without electrons."""
        columns = self._rng(f"bias {mode.token}").normal(0, COLUMN_PATTERN_ADU, self.size_px)
        return self._middle(mode.bias_adu + np.tile(columns, (self.size_px, 1)), mode)

    def dark_frame_adu(self, mode: DetectorMode) -> Image:
        """Counts (side, side) expected of a frame without light: bias and dark current."""
        return self.bias_adu(mode) + self.dark_electron(mode) / np.float32(mode.electron_per_adu)

    @cached_property
    def _pixels(self) -> NDArray[np.float64]:
        return self._rng("pixels").normal(1, UNEQUAL_PIXELS, (self.size_px, self.size_px))

    def _middle(self, pattern: NDArray[np.float64], mode: DetectorMode) -> Image:
        side = self.side_px(mode)
        first = (self.size_px - side) // 2
        return pattern[first : first + side, first : first + side].astype(np.float32)

    def _rng(self, what: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, crc32(what.encode())])


class Readout:
    """The camera in one mode behind one filter, its patterns at hand."""

    def __init__(self, camera: Camera, mode: DetectorMode, filter_name: str) -> None:
        self._electron_per_adu = mode.electron_per_adu
        self._response = camera.response(mode, filter_name)
        self._dark = camera.dark_electron(mode)
        self._bias = camera.bias_adu(mode)

    def frame(self, light_electron: Image, *, rng: np.random.Generator) -> Counts:
        """Counts (side, side) of one frame, of the light expected in each pixel of an even detector."""
        electrons = exposed(light_electron * self._response + self._dark, rng=rng)
        counts = self._bias + rng.normal(0, BIAS_DRIFT_ADU) + electrons / self._electron_per_adu
        return np.clip(np.round(counts), 0, FULL_WELL_ADU).astype(np.uint16)
