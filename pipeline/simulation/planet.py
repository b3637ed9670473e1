"""A planet: a disc, darker towards its limb, with belts and spots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.simulation.detector import Transform, exposed
from pipeline.simulation.optics import SAMPLES_PER_PIXEL, Image, Optics, ideal_image
from pipeline.simulation.phase import Phase, Residual
from pipeline.simulation.scene import Scene, Shifts

EDGE_STEPS = 2  # along each axis of a sample, to draw the limb smoothly
AIR = (Residual(0.9, 0.03), Residual(1.2, 0.05), Residual(1.6, 0.07), Residual(2.0, 0.08))  # from sharp to soft


@dataclass(frozen=True, slots=True)
class Disc:
    """A sphere seen from afar. Brightness falls from the middle as 1 - darkening * (1 - cos of the angle)."""

    radius_px: float
    darkening: float = 0.6
    n_belts: int = 5
    belt_depth: float = 0.15
    n_spots: int = 6
    spot_depth: float = 0.35

    def drawn(self, n: int, *, rng: np.random.Generator) -> Image:
        """Fine image (n, n) of sum 1, centre at n // 2. Where the spots lie is drawn."""
        if self.radius_px >= n / SAMPLES_PER_PIXEL / 2:
            raise ValueError(f"a disc of radius {self.radius_px} px does not fit into {n // SAMPLES_PER_PIXEL} px")
        steps = (np.arange(n * EDGE_STEPS) + 0.5) / EDGE_STEPS - 0.5 - n // 2
        places = steps / (self.radius_px * SAMPLES_PER_PIXEL)
        y, x = places[:, np.newaxis], places[np.newaxis]
        cosine = np.sqrt(np.maximum(1 - y**2 - x**2, 0))
        surface = 1 - self.belt_depth * np.cos(self.n_belts * np.pi * y) ** 2
        for _ in range(self.n_spots):
            distance, angle, size = rng.uniform(0, 0.75), rng.uniform(0, 2 * np.pi), rng.uniform(0.04, 0.12)
            spot_y, spot_x = distance * np.sin(angle), distance * np.cos(angle)
            surface = surface * (1 - self.spot_depth * np.exp(-((y - spot_y) ** 2 + (x - spot_x) ** 2) / size**2))
        bright = np.where(cosine > 0, surface * (1 - self.darkening * (1 - cosine)), 0)
        image = bright.reshape(n, EDGE_STEPS, n, EDGE_STEPS).mean(axis=(1, 3))
        disc: Image = (image / image.sum()).astype(np.float32)
        return disc

    def shape(self, n: int, *, rng: np.random.Generator) -> Transform:
        """Transform (n, n // 2 + 1) of the disc, for a `Scene`."""
        transform: Transform = fft.rfft2(fft.ifftshift(self.drawn(n, rng=rng)))
        return transform


@dataclass(frozen=True, slots=True)
class SimulatedPlanet:
    """Frames and their truth."""

    cube: NDArray[np.float32]  # (n_frames, ny, nx), electron
    shifts_yx: Shifts  # (n_frames, 2), px
    centre_yx: tuple[float, float]  # of the disc in a frame without shift, pixels from zero
    strehls: NDArray[np.float64]  # (n_frames,): of a point seen through the air of each frame


def draw_air(n_frames: int, *, rng: np.random.Generator) -> list[Residual]:
    """Draw air for each frame: sometimes sharp, sometimes soft."""
    return [AIR[number] for number in rng.integers(0, len(AIR), n_frames)]


def point_strehl(image: Image, optics: Optics) -> float:
    """Highest sample of a fine image (n, n) over that of the ideal one: quick, and enough to rank frames by."""
    return float(image.max() / ideal_image(optics, image.shape[0]).max())


def planet_cube(
    optics: Optics,
    *,
    disc: Disc,
    size_px: int,
    flux_electron: float,
    shifts_px_yx: Shifts,
    rng: np.random.Generator,
    air: Sequence[Residual] | None = None,
    sky_electron_px: float = 0.0,
    n: int = 512,
    n_speckle: int = 2,
    static_rad: Phase | None = None,
    centre_yx: tuple[float, float] | None = None,
    noise: bool = True,
) -> SimulatedPlanet:
    """Frames (n_frames, size_px, size_px) of a planet as an EMCCD reads them, electron, one for each shift.

    `flux_electron` is of the whole disc in one frame. Without `air`, some frames are sharp and some soft, by chance.
    """
    shifts = np.asarray(shifts_px_yx, dtype=np.float64)
    residuals = list(air) if air is not None else draw_air(len(shifts), rng=rng)
    scene = Scene(
        optics=optics,
        flux_electron=flux_electron,
        sky_electron_px=sky_electron_px,
        shape=disc.shape(n, rng=rng),
        n=n,
        n_speckle=n_speckle,
        static_rad=static_rad,
    )
    centre = centre_yx if centre_yx is not None else (float(size_px // 2), float(size_px // 2))
    cube = np.empty((len(shifts), size_px, size_px), dtype=np.float32)
    strehls = np.empty(len(shifts))
    frames = scene.frames(residuals, size_px=size_px, centre_yx=centre, shifts_yx=shifts, rng=rng)
    for number, seen in enumerate(frames):
        cube[number] = exposed(seen.light_electron, rng=rng) if noise else seen.light_electron
        strehls[number] = point_strehl(seen.image, optics)
    return SimulatedPlanet(cube=cube, shifts_yx=shifts, centre_yx=centre, strehls=strehls)
