"""Frames of whatever lies before the telescope, one after the other, through its air and its optics."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.simulation.detector import Transform, pasted, through_pixels
from pipeline.simulation.optics import Image, Optics
from pipeline.simulation.phase import Phase, Residual
from pipeline.simulation.psf import FinePsf, mean_image, psf_of

Shifts = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame as it is before noise."""

    light_electron: Image  # (size_px, size_px), expected in each pixel
    image: Image  # (n, n), what a point looks like in it: two samples a pixel


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A source and what is between it and the detector.

    `shape` is the transform (n, n // 2 + 1) of the source, of sum 1 times `flux_electron`; None is a point. With `psf`
    every frame has that image; without, each has `n_speckle` short exposures of its own.
    """

    optics: Optics
    flux_electron: float  # a frame, before multiplication
    sky_electron_px: float = 0.0  # a frame
    shape: Transform | None = None
    n: int = 512  # samples of a fine image along each axis: n // 2 pixels
    n_speckle: int = 2
    static_rad: Phase | None = None
    psf: FinePsf | None = None

    def frames(
        self,
        residuals: Iterable[Residual],
        *,
        size_px: int,
        centre_yx: tuple[float, float],
        shifts_yx: Shifts,
        rng: np.random.Generator,
    ) -> Iterator[Seen]:
        """Give one frame for each residual and shift (n_frames, 2), its origin at `centre_yx` plus the shift."""
        still = None if self.psf is None else self._transform(self.psf.array)
        for residual, shift in zip(residuals, shifts_yx, strict=True):
            image = self._image(residual, rng) if self.psf is None else self.psf.array
            transform = self._transform(image) if still is None else still
            centre = (float(centre_yx[0] + shift[0]), float(centre_yx[1] + shift[1]))
            light = np.float32(self.flux_electron) * pasted(transform, size_px=size_px, centre_yx=centre)
            yield Seen(light + np.float32(self.sky_electron_px), image)

    def _image(self, residual: Residual, rng: np.random.Generator) -> Image:
        return mean_image(
            self.optics, residual, n_speckle=self.n_speckle, rng=rng, n=self.n, static_rad=self.static_rad
        )

    def _transform(self, image: Image) -> Transform:
        seen = through_pixels(image)
        return seen if self.shape is None else seen * self.shape


class Mean:
    """The mean of fine images, taken as they come."""

    def __init__(self, optics: Optics) -> None:
        self._optics = optics
        self._total: NDArray[np.float64] | None = None
        self._n = 0

    def add(self, image: Image) -> None:
        self._total = image.astype(np.float64) if self._total is None else self._total + image
        self._n += 1

    def psf(self) -> FinePsf:
        if self._total is None:
            raise ValueError("the mean of no image")
        return psf_of((self._total / self._n).astype(np.float32), self._optics)


def random_shifts(n_frames: int, *, rms_px: float, rng: np.random.Generator, memory: float = 0.8) -> Shifts:
    """Shifts (n_frames, 2) of a star that wanders: each remembers the share `memory` of the one before.

    `rms_px` is per axis.
    """
    shifts = rng.normal(0, rms_px, (n_frames, 2))
    for number in range(1, n_frames):
        shifts[number] = memory * shifts[number - 1] + np.sqrt(1 - memory**2) * shifts[number]
    return shifts
