"""Many frames to one image: each moved by its own fraction of a pixel, summed as transforms, put on a finer grid once.

Moving an image by the shift theorem is exact as long as the optics leave nothing above the grid's highest frequency,
and it goes round the edges: so frames lie in a larger field, dark around them, and the mean is taken over the frames
that reach each pixel. A 1000-frame cube needs one transform a frame and two at the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from archive.errors import UsageError
from pipeline.arrays import fourier
from pipeline.arrays.bad_pixels import without_gaps
from pipeline.arrays.cosmic_rays import Usual, without_cosmic_rays
from pipeline.arrays.fourier import Transform
from pipeline.arrays.frames import Frames, Image, Places, shape_of

FINE = 2  # pixels of the fine grid along a raw one
MARGIN_PX = 4  # more than the shifts need: what a frame's edge leaves behind by ringing


@dataclass(frozen=True, slots=True)
class Stack:
    """Mean of frames with their star brought to one place.

    raw : (ny, nx), the frames' unit, a frame; NaN where no frame reaches.
    fine : (2 * ny, 2 * nx); pixel (y, x) of raw is (2 * y, 2 * x) here and has a quarter of the light.
    n_frames : how many there are. coverage : (ny, nx), how many of them reach each pixel.
    """

    raw: Image
    fine: Image
    n_frames: int
    coverage: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class CleanFrames:
    """Frames (electron) without their sky, gaps and cosmic rays, each made so when it is asked for.

    sky_electron : (n_frames,), one level a frame. usual : what `cosmic_rays` compares with, or None.
    """

    frames: Frames
    sky_electron: NDArray[np.float64]
    usual: Usual | None = None

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, number: int, /) -> Image:
        frame = without_cosmic_rays(self.frames[number], self.usual)
        return without_gaps(frame) - np.float32(self.sky_electron[number])


def stack_frames(frames: Frames, *, shifts_yx: Places, groups: Mapping[str, NDArray[np.bool_]]) -> dict[str, Stack]:
    """Stack each group of frames, all in one pass over the cube.

    frames : electron, sky about zero (an edge of light would ring), no gaps. shifts_yx : (n_frames, 2), px, of the star
    in each frame from where it shall be. groups : by name, which frames (n_frames,) belong to it.

    Raises UsageError if a group is empty, or a shift leaves nothing of its frame.
    """
    shape = shape_of(frames)
    for name, is_in in groups.items():
        if not is_in.any():
            raise UsageError(f"No frame is left for the {name} stack: all were rejected, and the table says why.")
    used = np.flatnonzero(np.any(list(groups.values()), axis=0))
    field = _Field.around(shape, shifts_yx[used])
    sums = {name: _ShiftedSum(field) for name in groups}
    for number in used:
        transform = field.recentred(frames[int(number)], shifts_yx[number])
        for name, is_in in groups.items():
            if is_in[number]:
                sums[name].add(transform, shifts_yx[number])
    return {name: total.stack() for name, total in sums.items()}


@dataclass(frozen=True, slots=True)
class _Field:
    """The dark field in which frames of `shape` are moved."""

    shape: tuple[int, int]
    padded: tuple[int, int]

    @classmethod
    def around(cls, shape: tuple[int, int], shifts_yx: Places) -> "_Field":
        farthest = np.abs(shifts_yx).max(axis=0)
        if not np.all(farthest < shape):
            raise UsageError(
                f"A shift of {farthest.max():.0f} px moves a frame of {shape} pixels out of itself: "
                "give a smaller rate, or fewer frames."
            )
        ny, nx = (
            fft.next_fast_len(side + int(np.ceil(shift)) + MARGIN_PX, real=True)
            for side, shift in zip(shape, farthest, strict=True)
        )
        return cls(shape, (ny, nx))

    def recentred(self, frame: Image, shift_yx: NDArray[np.float64]) -> Transform:
        transform: Transform = fft.rfft2(frame, s=self.padded, workers=1)
        return fourier.moved(transform, self.padded, -shift_yx)


class _ShiftedSum:
    """Sum of recentred frames, and how many of them reach each pixel."""

    def __init__(self, field: _Field) -> None:
        self._field = field
        self._n_frames = 0
        self._total = np.zeros((field.padded[0], field.padded[1] // 2 + 1), dtype=np.complex128)
        self._steps = np.zeros((field.shape[0] + 1, field.shape[1] + 1), dtype=np.int32)

    def add(self, recentred: Transform, shift_yx: NDArray[np.float64]) -> None:
        self._total += recentred
        self._n_frames += 1
        (top, bottom), (left, right) = (
            _reached(side, float(shift)) for side, shift in zip(self._field.shape, shift_yx, strict=True)
        )
        self._steps[top, left] += 1
        self._steps[top, right] -= 1
        self._steps[bottom, left] -= 1
        self._steps[bottom, right] += 1

    def stack(self) -> Stack:
        ny, nx = self._field.shape
        coverage = self._steps.cumsum(axis=0).cumsum(axis=1)[:ny, :nx]
        total = self._total.astype(np.complex64)
        raw = fourier.image_of(total, self._field.padded)[:ny, :nx]
        fine = fourier.upsampled(total, self._field.padded, factor=FINE)[: FINE * ny, : FINE * nx]
        fine_coverage = coverage.repeat(FINE, axis=0).repeat(FINE, axis=1)
        return Stack(_mean(raw, coverage), _mean(fine, fine_coverage), self._n_frames, coverage)


def _reached(side: int, shift: float) -> tuple[int, int]:
    """First pixel, and the one after the last, that a frame moved back by `shift` reaches."""
    first = min(max(int(np.ceil(-shift)), 0), side)
    return first, max(min(int(np.floor(side - 1 - shift)) + 1, side), first)


def _mean(total: Image, coverage: NDArray[np.int32]) -> Image:
    mean = total / np.maximum(coverage, 1)
    return np.where(coverage > 0, mean, np.nan).astype(np.float32)
