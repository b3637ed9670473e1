"""The neighbourhood of a star, cut out of every frame: all of a cube that registration keeps in memory."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.bad_pixels import without_gaps
from pipeline.arrays.cosmic_rays import Usual, without_cosmic_rays
from pipeline.arrays.frames import Cube, Frames, Image, Mask, Places, disc, shape_of
from pipeline.arrays.robust import clipped_mean

HALF_PX = 96  # 3.4 arcsec of the raw scale: the box of 3 arcsec stays inside when the star wanders by 40 px
LEAST_HALF_PX = 24
SKY_FROM = 0.62  # of the half width: where the annulus of the sky begins; it ends at the window's edge
SKY_CLIP_SIGMA = 10.0  # less would cut into the single electrons of a dark sky


@dataclass(frozen=True, slots=True)
class Window:
    """A square (2 * half_px, 2 * half_px) of the detector around a star; the lock is its pixel (half_px, half_px).

    `lock_yx` is that place on the detector, whole pixels.
    """

    lock_yx: tuple[int, int]
    half_px: int

    @property
    def shape(self) -> tuple[int, int]:
        return 2 * self.half_px, 2 * self.half_px

    @property
    def sky(self) -> Mask:
        """Pixels of the window that show the sky."""
        middle = (self.half_px, self.half_px)
        inner = disc(self.shape, centre_yx=middle, radius_px=SKY_FROM * self.half_px)
        return disc(self.shape, centre_yx=middle, radius_px=self.half_px) & ~inner

    def cut(self, frame: Image) -> Image:
        y, x = (place - self.half_px for place in self.lock_yx)
        return frame[y : y + 2 * self.half_px, x : x + 2 * self.half_px]


@dataclass(frozen=True, slots=True)
class Windows:
    """What `window` shows in each frame.

    pixels : (n_frames, ny, nx), electron; the sky is taken out, gaps are filled from their neighbours.
    sky_electron : (n_frames,), level of the sky that was taken out; NaN of a frame without a value beside the star.
    gaps : of each frame the places (k, 2) in the window that had no value: saturated, or missing in the raw frame.
    """

    window: Window
    pixels: Cube
    sky_electron: NDArray[np.float64]
    gaps: tuple[Places, ...]


def window_around(shape: tuple[int, int], *, lock_yx: tuple[float, float], half_px: int = HALF_PX) -> Window:
    """The window of a frame of `shape` around a star; smaller where the star is nearer to an edge.

    Raises UsageError if less than 24 pixels are left on a side: nothing can be told of a star there.
    """
    y, x = (round(place) for place in lock_yx)
    half = min(half_px, y, x, shape[0] - y, shape[1] - x)
    if half < LEAST_HALF_PX:
        raise UsageError(
            f"The star at y = {y}, x = {x} lies within {LEAST_HALF_PX} pixels of the edge of a frame of {shape}: "
            "choose another star, or point the telescope better."
        )
    return Window((y, x), half)


def cut_windows(frames: Frames, window: Window) -> Windows:
    """Cut `window` out of every frame (electron), take its sky out and fill its gaps."""
    shape_of(frames)
    cut = RawWindows(window, len(frames))
    for number in range(len(frames)):
        cut.add(number, frames[number])
    return cut.finished(None)


class RawWindows:
    """Windows of frames that come one after the other, for those who read each frame for more than its window."""

    def __init__(self, window: Window, n_frames: int) -> None:
        self._window = window
        self._pixels = np.empty((n_frames, *window.shape), dtype=np.float32)

    def add(self, number: int, frame: Image) -> None:
        """Take frame `number`, electron."""
        self._pixels[number] = self._window.cut(frame)

    def finished(self, usual: Usual | None) -> Windows:
        """Take cosmic rays and sky out and fill gaps, in place; to be called once. `usual` is of whole frames."""
        sky_mask, usual = self._window.sky, None if usual is None else usual.cut(self._window.cut)
        sky_electron = np.empty(len(self._pixels))
        gaps = []
        for number, raw in enumerate(self._pixels):
            has_value = np.isfinite(raw)
            gaps.append(np.argwhere(~has_value).astype(np.float64))
            seen = without_gaps(without_cosmic_rays(raw, usual))
            sky_electron[number] = clipped_mean(seen[sky_mask & has_value], clip_sigma=SKY_CLIP_SIGMA)
            self._pixels[number] = seen - np.float32(np.nan_to_num(sky_electron[number]))
        return Windows(self._window, self._pixels, sky_electron, tuple(gaps))
