"""Frames moved back to the lock and added up: the stack that registration makes anew in each of its rounds."""

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays import fourier
from pipeline.arrays.fourier import Transform
from pipeline.arrays.frames import Cube, Image, Places


class Recentred:
    """Sum of the frames (n_frames, ny, nx) that are in it, each moved back by its shift (n_frames, 2), px."""

    def __init__(self, frames: Cube, shifts_yx: Places, is_in: NDArray[np.bool_]) -> None:
        self._shape = (frames.shape[1], frames.shape[2])
        self._frames, self._shifts_yx, self._is_in = frames, shifts_yx, is_in
        self.n_frames = int(is_in.sum())
        self._total: NDArray[np.complex128] = np.zeros((self._shape[0], self._shape[1] // 2 + 1), dtype=np.complex128)
        for number in np.flatnonzero(is_in).tolist():
            self._total += self._back(fourier.transform_of(frames[number]), number)

    def mean(self) -> Image:
        return self._mean(self._total, self.n_frames)

    def of_others(self, transform: Transform, number: int) -> Image:
        """Mean of all frames but `number`, whose transform is given."""
        if not self._is_in[number]:
            return self.mean()
        return self._mean(self._total - self._back(transform, number), self.n_frames - 1)

    def variance(self) -> NDArray[np.float64]:
        """How the frames scatter about their mean, pixel by pixel (ny, nx); of two frames at least."""
        mean = self.mean()
        squares: NDArray[np.float64] = np.zeros(self._shape)
        for number in np.flatnonzero(self._is_in).tolist():
            back = self._back(fourier.transform_of(self._frames[number]), number)
            squares += np.square(fourier.image_of(back, self._shape) - mean, dtype=np.float64)
        return squares / (self.n_frames - 1)

    def _back(self, transform: Transform, number: int) -> Transform:
        """Transform of frame `number` with its star on the lock."""
        return fourier.moved(transform, self._shape, -self._shifts_yx[number])

    def _mean(self, total: NDArray[np.complex128], n_frames: int) -> Image:
        return fourier.image_of((total / max(n_frames, 1)).astype(np.complex64), self._shape)
