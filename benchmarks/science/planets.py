"""Planets: how well their discs are brought together, and whether the sharper frames make a sharper stack."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.science.figures import Figure, at_least, at_most
from pipeline.arrays.frames import Cube, Places
from pipeline.arrays.limb import FoundDisc
from pipeline.arrays.planetary import Planet, stack_planet
from pipeline.arrays.sharpness import gradient_energy
from pipeline.arrays.stacking import stack_frames
from pipeline.simulation.detector import exposed
from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.planet import Disc, draw_air, point_strehl
from pipeline.simulation.psf import FinePsf, fine_psf
from pipeline.simulation.scene import Scene

OPTICS = KITT_PEAK.optics("Si")
SAMPLES, SIZE_PX, N_FRAMES = 512, 256, 30
MOST_SHIFT_PX = 8.0
ELECTRON_PX = 60.0  # of the disc, in one frame
SKY_ELECTRON = 2.0
RADII_PX = (30.0, 50.0, 75.0, 100.0)
REPEATS = 20  # of as many frames each: 600 shifts a figure
REALISTIC = (
    8  # short exposures in a frame; an image of so few moves by itself, which no shift can tell from the planet's
)


def measure() -> Iterator[Figure]:
    for radius in RADII_PX:
        for air, n_speckle, aim in (("one image for all frames", 0, at_most(0.2)), ("changing air", REALISTIC, None)):
            errors = np.concatenate([_errors(radius, seed, n_speckle) for seed in range(REPEATS)])
            yield Figure(
                f"disc of {2 * radius:.0f} px, {air}: shifts, rms of each axis",
                float(np.sqrt(np.mean(errors**2))),
                "px",
                aim,
                f"worst {np.abs(errors).max():.2f}",
            )
    for radius in RADII_PX:
        gains, ranks, chance = zip(*(_gain(radius, seed) for seed in range(REPEATS)), strict=True)
        name = f"disc of {2 * radius:.0f} px, changing air: "
        note = f"{min(gains):.2f} to {max(gains):.2f}; 20 % taken by chance {np.mean(chance):.2f}"
        yield Figure(
            f"{name}gradient energy of the sharpest 20 % over that of all", float(np.min(gains)), "", at_least(1), note
        )
        yield Figure(f"{name}rank correlation of sharpness with the true Strehl ratio", float(np.mean(ranks)), "")


def _errors(radius_px: float, seed: int, n_speckle: int) -> Places:
    """Of shifts in frames of `n_speckle` short exposures each, or with one image for all if there are none."""
    rng = np.random.default_rng([7, seed, round(radius_px)])
    psf = None
    if n_speckle == 0:
        psf = fine_psf(OPTICS, seeing_arcsec=1.2, leak=0.05, n_speckle=32, rng=rng, n=SAMPLES)
    frames, shifts, _, _ = _frames(radius_px, rng, psf, n_speckle=max(n_speckle, 1))
    table = stack_planet(frames).table
    errors = (table.shifts_yx - shifts)[table.is_used]
    return errors - np.median(errors, axis=0)


def _gain(radius_px: float, seed: int) -> tuple[float, float, float]:
    """Gradient energy of the sharpest fifth over that of all, rank correlation, and the former by chance."""
    rng = np.random.default_rng([8, seed, round(radius_px)])
    frames, _, strehls, lights = _frames(radius_px, rng, None)
    found = stack_planet(frames)
    ranks = [np.argsort(np.argsort(values)) for values in (found.table.quality, strehls)]
    every = _energy(found, lights, np.ones(N_FRAMES, dtype=bool))
    best = np.argsort(-found.table.quality)[: N_FRAMES // 5]
    drawn = rng.choice(N_FRAMES, N_FRAMES // 5, replace=False)
    sharp, by_chance = (_energy(found, lights, np.isin(np.arange(N_FRAMES), chosen)) for chosen in (best, drawn))
    return sharp / every, float(np.corrcoef(ranks[0], ranks[1])[0][1]), by_chance / every


def _energy(found: Planet, lights: Cube, is_in: NDArray[np.bool_]) -> float:
    """Gradient energy of frames without noise, stacked by the shifts found: noise is no sharpness."""
    stack = stack_frames(lights, shifts_yx=found.table.shifts_yx, groups={"all": is_in})["all"]
    place = FoundDisc(found.centre_yx, found.radius_px, 0.0)
    return gradient_energy(np.nan_to_num(stack.raw), place)


def _frames(
    radius_px: float, rng: np.random.Generator, psf: FinePsf | None, *, n_speckle: int = 2
) -> tuple[Cube, Places, NDArray[np.float64], Cube]:
    """Frames of a planet, its shifts, Strehl ratios of the air in them, and their light without noise and sky."""
    shifts = rng.uniform(-MOST_SHIFT_PX, MOST_SHIFT_PX, (N_FRAMES, 2))
    flux = ELECTRON_PX * np.pi * radius_px**2
    shape = Disc(radius_px).shape(SAMPLES, rng=rng)
    scene = Scene(optics=OPTICS, flux_electron=flux, shape=shape, n=SAMPLES, n_speckle=n_speckle, psf=psf)
    air = draw_air(N_FRAMES, rng=rng)
    centre = (SIZE_PX / 2, SIZE_PX / 2)
    lights, strehls = [], []
    for seen in scene.frames(air, size_px=SIZE_PX, centre_yx=centre, shifts_yx=shifts, rng=rng):
        lights.append(seen.light_electron)
        strehls.append(point_strehl(seen.image, OPTICS))
    frames = np.array([exposed(light + np.float32(SKY_ELECTRON), rng=rng) for light in lights])
    return frames, shifts, np.array(strehls), np.array(lights)
