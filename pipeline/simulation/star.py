"""A star on the detector, frame by frame, with companions where wanted; and how it moves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.simulation.detector import Transform, displaced, exposed, pasted, through_pixels
from pipeline.simulation.optics import Image, Optics
from pipeline.simulation.phase import Phase, Residual
from pipeline.simulation.psf import FinePsf, mean_image, psf_of

Shifts = NDArray[np.float64]
Cube = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Companion:
    """A second star. Position angle from north (up, +y) through east (left, -x)."""

    separation_arcsec: float
    position_angle_deg: float
    delta_mag: float  # fainter by

    def offset_yx_px(self, optics: Optics) -> tuple[float, float]:
        """Where it lies from the star."""
        distance, angle = self.separation_arcsec / optics.pixel_arcsec, np.radians(self.position_angle_deg)
        return float(distance * np.cos(angle)), float(-distance * np.sin(angle))


@dataclass(frozen=True, slots=True, kw_only=True)
class StarRecipe:
    """All that one star's frames are made of. Fluxes are electrons a frame, before multiplication."""

    flux_electron: float
    seeing_arcsec: float = 1.2  # at 500 nm
    leak: float = 0.05
    sky_electron_px: float = 0.0
    n_speckle: int = 2  # short exposures in a frame
    companions: Sequence[Companion] = ()
    static_rad: Phase | None = None
    psf: FinePsf | None = None  # the same image in every frame, in place of seeing, leak and speckles


@dataclass(frozen=True, slots=True)
class SimulatedStar:
    """Frames and their truth."""

    cube: Cube  # (n_frames, ny, nx), electron: sky is in it, dark current and bias are not
    shifts_yx: Shifts  # (n_frames, 2), px
    centre_yx: tuple[float, float]  # of the star in a frame without shift, pixels from zero
    strehl: float  # of the mean of all frames, noiseless and recentred
    psf: FinePsf  # that mean


class StarFrames:
    """Noiseless frames of a star, one after the other; remembers the sum of their images for the truth."""

    def __init__(self, optics: Optics, recipe: StarRecipe, *, rng: np.random.Generator, n: int = 512) -> None:
        self._optics, self._recipe, self._rng = optics, recipe, rng
        self._n = n if recipe.psf is None else recipe.psf.array.shape[0]
        self._total = np.zeros((self._n, self._n), dtype=np.float64)
        self._n_frames = 0
        self._companions = self._companion_transform()
        self._static = None if recipe.psf is None else self._seen(recipe.psf.array)

    def lights(self, *, size_px: int, centre_yx: tuple[float, float], shifts_yx: Shifts) -> Iterator[Image]:
        """Electrons expected in each pixel (size_px, size_px) of one frame a shift, with the sky."""
        recipe = self._recipe
        for shift_y, shift_x in shifts_yx:
            transform = self._next_transform() if self._static is None else self._static
            centre = (centre_yx[0] + shift_y, centre_yx[1] + shift_x)
            star = pasted(transform, size_px=size_px, centre_yx=centre)
            yield np.float32(recipe.flux_electron) * star + np.float32(recipe.sky_electron_px)

    def mean_psf(self) -> FinePsf:
        """Mean image of the star over all frames so far, companions left out."""
        if self._recipe.psf is not None:
            return self._recipe.psf
        return psf_of((self._total / self._n_frames).astype(np.float32), self._optics)

    def _next_transform(self) -> Transform:
        recipe = self._recipe
        image = mean_image(
            self._optics,
            Residual(recipe.seeing_arcsec, recipe.leak),
            n_speckle=recipe.n_speckle,
            rng=self._rng,
            n=self._n,
            static_rad=recipe.static_rad,
        )
        self._total += image
        self._n_frames += 1
        return self._seen(image)

    def _seen(self, image: Image) -> Transform:
        seen = through_pixels(image)
        return seen if self._companions is None else seen * self._companions

    def _companion_transform(self) -> Transform | None:
        if not self._recipe.companions:
            return None
        point = np.ones((self._n, self._n // 2 + 1), dtype=np.complex64)
        factor = point.copy()
        for companion in self._recipe.companions:
            moved = displaced(point, by_px=companion.offset_yx_px(self._optics))
            factor += np.float32(10 ** (-0.4 * companion.delta_mag)) * moved
        return factor


def star_cube(
    optics: Optics,
    *,
    n_frames: int,
    size_px: int,
    flux_electron: float,
    seeing_arcsec: float = 1.2,
    leak: float = 0.05,
    shifts_px_yx: Shifts | None = None,
    sky_electron_px: float = 0.0,
    rng: np.random.Generator,
    n: int = 512,
    n_speckle: int = 2,
    psf: FinePsf | None = None,
    static_rad: Phase | None = None,
    companions: Sequence[Companion] = (),
    centre_yx: tuple[float, float] | None = None,
    noise: bool = True,
) -> SimulatedStar:
    """Frames (n_frames, size_px, size_px) of a star as an EMCCD reads them, electron, and the truth.

    The star lies at `centre_yx` (the pixel size_px // 2 when None) plus the frame's shift. With `psf` every frame has
    that one image, which is fast; without, each frame has `n_speckle` short exposures of its own. `n` samples of the
    fine image are n // 2 pixels: the halo ends there. Without `noise` the frames are the light expected in each pixel.
    """
    shifts = np.zeros((n_frames, 2)) if shifts_px_yx is None else np.asarray(shifts_px_yx, dtype=np.float64)
    if shifts.shape != (n_frames, 2):
        raise ValueError(f"{n_frames} frames take shifts of shape ({n_frames}, 2), not {shifts.shape}")
    centre = centre_yx if centre_yx is not None else (float(size_px // 2), float(size_px // 2))
    recipe = StarRecipe(
        flux_electron=flux_electron,
        seeing_arcsec=seeing_arcsec,
        leak=leak,
        sky_electron_px=sky_electron_px,
        n_speckle=n_speckle,
        companions=companions,
        static_rad=static_rad,
        psf=psf,
    )
    frames = StarFrames(optics, recipe, rng=rng, n=n)
    cube = np.empty((n_frames, size_px, size_px), dtype=np.float32)
    for number, light in enumerate(frames.lights(size_px=size_px, centre_yx=centre, shifts_yx=shifts)):
        cube[number] = exposed(light, rng=rng) if noise else light
    mean = frames.mean_psf()
    return SimulatedStar(cube=cube, shifts_yx=shifts, centre_yx=centre, strehl=mean.strehl, psf=mean)


def random_shifts(n_frames: int, *, rms_px: float, rng: np.random.Generator, memory: float = 0.8) -> Shifts:
    """Shifts (n_frames, 2) of a star that wanders: each remembers the share `memory` of the one before.

    `rms_px` is per axis.
    """
    shifts = np.empty((n_frames, 2))
    shifts[0] = rng.normal(0, rms_px, 2)
    for number in range(1, n_frames):
        shifts[number] = memory * shifts[number - 1] + rng.normal(0, rms_px * np.sqrt(1 - memory**2), 2)
    return shifts
