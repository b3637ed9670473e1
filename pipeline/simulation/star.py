"""A star, with companions where wanted: its frames and their truth."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.simulation.detector import Transform, displaced, exposed
from pipeline.simulation.optics import Optics
from pipeline.simulation.phase import Phase, Residual
from pipeline.simulation.psf import FinePsf
from pipeline.simulation.scene import Mean, Scene, Shifts, random_shifts

__all__ = ["Companion", "SimulatedStar", "companion_shape", "random_shifts", "star_cube"]


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


@dataclass(frozen=True, slots=True)
class SimulatedStar:
    """Frames and their truth."""

    cube: NDArray[np.float32]  # (n_frames, ny, nx), electron: sky is in it, dark current and bias are not
    shifts_yx: Shifts  # (n_frames, 2), px
    centre_yx: tuple[float, float]  # of the star in a frame without shift, pixels from zero
    strehl: float  # of the mean of all frames, noiseless and recentred
    psf: FinePsf  # that mean


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

    The star lies at `centre_yx` (the pixel size_px // 2 when None) plus the frame's shift; its flux, and the sky in
    each pixel, are those of one frame. With `psf` every frame has that one image, which is fast; without, each frame
    has `n_speckle` short exposures of its own. `n` samples of the fine image are n // 2 pixels: the halo ends there.
    Without `noise` the frames are the light expected in each pixel.
    """
    shifts = np.zeros((n_frames, 2)) if shifts_px_yx is None else np.asarray(shifts_px_yx, dtype=np.float64)
    n = n if psf is None else psf.array.shape[0]
    scene = Scene(
        optics=optics,
        flux_electron=flux_electron,
        sky_electron_px=sky_electron_px,
        shape=companion_shape(optics, companions, n),
        n=n,
        n_speckle=n_speckle,
        static_rad=static_rad,
        psf=psf,
    )
    centre = centre_yx if centre_yx is not None else (float(size_px // 2), float(size_px // 2))
    residuals = [Residual(seeing_arcsec, leak)] * n_frames
    cube = np.empty((n_frames, size_px, size_px), dtype=np.float32)
    mean = Mean(optics)
    frames = scene.frames(residuals, size_px=size_px, centre_yx=centre, shifts_yx=shifts, rng=rng)
    for number, seen in enumerate(frames):
        cube[number] = exposed(seen.light_electron, rng=rng) if noise else seen.light_electron
        if psf is None:
            mean.add(seen.image)
    true = mean.psf() if psf is None else psf
    return SimulatedStar(cube=cube, shifts_yx=shifts, centre_yx=centre, strehl=true.strehl, psf=true)


def companion_shape(optics: Optics, companions: Sequence[Companion], n: int) -> Transform | None:
    """Transform (n, n // 2 + 1) of a star of flux 1 and its companions, which are on top of that; None without any."""
    if not companions:
        return None
    point = np.ones((n, n // 2 + 1), dtype=np.complex64)
    fainter = [np.float32(10 ** (-0.4 * companion.delta_mag)) for companion in companions]
    places = [companion.offset_yx_px(optics) for companion in companions]
    return point + sum(share * displaced(point, by_px=place) for share, place in zip(fainter, places, strict=True))
