"""Shifts of faint stars, and the stacks made by them, beside the original method and a stack by the true shifts."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.science.figures import Figure, Range, at_least, at_most
from benchmarks.science.original import original_shifts
from pipeline.arrays import fourier
from pipeline.arrays.faint import FaintStar, stack_faint
from pipeline.arrays.frames import Cube, Image, Places
from pipeline.arrays.stacking import CleanFrames, stack_frames
from pipeline.simulation.detector import exposed
from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.phase import Residual
from pipeline.simulation.psf import fine_psf
from pipeline.simulation.scene import Scene, random_shifts

OPTICS = KITT_PEAK.optics("Si")
AIR = Residual(1.44, 0.06)  # Strehl ratio 0.19
N_FRAMES, SIZE_PX, SAMPLES = 150, 128, 256
WANDER_PX = 2.5
REPEATS = 20
# Of a pixel in one frame. With 0.3 electrons the spec's own figures come out again; 2 is the sky of a bright night.
SKY_ELECTRON, BRIGHT_SKY_ELECTRON = 0.3, 2.0
FLUXES_ELECTRON = (1e4, 3e3, 1e3, 500.0, 300.0, 200.0, 100.0)
LIGHTS = (  # what it is called, short exposures in each frame, sky; 0 is one image for all frames
    ("one image", 0, SKY_ELECTRON),
    (f"one image, sky of {BRIGHT_SKY_ELECTRON:.0f} e-", 0, BRIGHT_SKY_ELECTRON),
    ("8 speckle patterns", 8, SKY_ELECTRON),
)
MOST_RMS_PX = {
    0: {1e4: 0.12, 3e3: 0.20, 1e3: 0.35, 500.0: 0.55, 300.0: 0.8},
    8: {1e4: 0.25, 3e3: 0.32, 1e3: 0.45, 500.0: 0.6, 300.0: 0.85},
}
OUTLIER_PX = 5.0


@dataclass(frozen=True, slots=True)
class Found:
    """What one cube gave."""

    errors_px: Places  # of the used frames
    pulls: NDArray[np.float64]
    stack_over_perfect: float
    original_over_perfect: float
    sum_over_perfect: float
    star: FaintStar


def measure() -> Iterator[Figure]:
    for kind, n_speckle, sky in LIGHTS:
        lights = list(_lights(n_speckle))
        for flux in FLUXES_ELECTRON:
            found = [_found(*light, flux, sky) for light in lights]
            yield from _figures(f"{flux:.0f} e-, {kind}", found, flux, MOST_RMS_PX[n_speckle].get(flux))


def _figures(name: str, found: list[Found], flux: float, most_rms_px: float | None) -> Iterator[Figure]:
    """Figures of one kind of cube; those without an aim for its shifts are only told, but for the doubt at last."""
    errors = np.concatenate([one.errors_px for one in found])
    has_aim = most_rms_px is not None
    used = 100 * len(errors) / (N_FRAMES * len(found))
    rms = float(np.sqrt(np.mean(errors**2)))
    yield Figure(
        f"{name}: shifts, rms of each axis",
        rms,
        "px",
        at_most(most_rms_px) if most_rms_px else None,
        f"{used:.1f} % used",
    )
    outliers = 100 * float(np.mean(np.hypot(*errors.T) > OUTLIER_PX))
    yield Figure(f"{name}: off by more than {OUTLIER_PX:.0f} px", outliers, "%", at_most(0) if has_aim else None)
    pull = float(np.concatenate([one.pulls for one in found]).std())
    yield Figure(f"{name}: scatter over the error stated", pull, "")
    ours, original, simple = (
        np.array([getattr(one, f"{which}_over_perfect") for one in found]) for which in ("stack", "original", "sum")
    )
    yield Figure(
        f"{name}: peak of the stack over the perfect one",
        float(ours.mean()),
        "",
        Range(0.88, 1.08 if flux >= 1e3 else 1.15) if has_aim else None,
        f"{ours.min():.3f} to {ours.max():.3f}; sum {simple.mean():.2f}",
    )
    if flux <= 1e3:
        yield Figure(
            f"{name}: the same, above the original method's",
            float((ours - original).min()),
            "",
            at_least(0) if has_aim else None,
            f"original {original.mean():.3f}",
        )
    doubted = 100 * float(np.mean([not one.star.is_confident for one in found]))
    aims = {100.0: at_least(100)} | dict.fromkeys(FLUXES_ELECTRON[:4], at_most(0))
    noise = float(np.mean([one.star.self_noise for one in found]))
    yield Figure(f"{name}: stacks that are doubted", doubted, "%", aims.get(flux), f"self-noise {noise:.2f}")


def _lights(n_speckle: int) -> Iterator[tuple[Cube, Places]]:
    """Cubes of a star of one electron a frame without noise, and its shifts; `n_speckle` 0 is one image for all."""
    rng = np.random.default_rng([5, n_speckle])
    psf = None
    if n_speckle == 0:
        psf = fine_psf(OPTICS, seeing_arcsec=AIR.seeing_arcsec, leak=AIR.leak, n_speckle=64, rng=rng, n=SAMPLES)
    scene = Scene(optics=OPTICS, flux_electron=1.0, n=SAMPLES, n_speckle=max(n_speckle, 1), psf=psf)
    for _ in range(REPEATS):
        shifts = random_shifts(N_FRAMES, rms_px=WANDER_PX, rng=rng)
        centre = (SIZE_PX / 2, SIZE_PX / 2)
        seen = scene.frames([AIR] * N_FRAMES, size_px=SIZE_PX, centre_yx=centre, shifts_yx=shifts, rng=rng)
        yield np.array([one.light_electron for one in seen]), shifts


def _found(light: Cube, shifts: Places, flux: float, sky: float) -> Found:
    rng = np.random.default_rng([6, round(flux), round(1e6 * float(shifts[0, 0]) % 1e6)])
    cube = np.array([exposed(np.float32(flux) * frame + np.float32(sky), rng=rng) for frame in light])
    lock = (SIZE_PX // 2, SIZE_PX // 2)
    star = stack_faint(cube, lock_yx=lock, pixel_arcsec=OPTICS.pixel_arcsec)
    errors = star.table.shifts_yx - shifts
    errors = (errors - np.median(errors, axis=0))[star.table.is_used]
    perfect = _peak(_stack(cube, shifts, sky))
    return Found(
        errors_px=errors,
        pulls=(errors / star.table.sigma_px[star.table.is_used, np.newaxis]).ravel(),
        stack_over_perfect=_peak(star.summed.raw) / perfect,
        original_over_perfect=_peak(_stack(cube, original_shifts(cube), sky)) / perfect,
        sum_over_perfect=_peak(star.simple - np.float32(sky)) / perfect,
        star=star,
    )


def _stack(cube: Cube, shifts: Places, sky: float) -> Image:
    is_in = np.asarray(np.isfinite(shifts).all(axis=1), dtype=bool)
    clean = CleanFrames(cube, np.full(len(cube), sky))
    return stack_frames(clean, shifts_yx=shifts, groups={"all": is_in})["all"].raw


def _peak(stack: Image) -> float:
    """Highest value between the pixels of the middle of a stack."""
    middle = SIZE_PX // 4
    inside = np.nan_to_num(stack)[middle:-middle, middle:-middle]
    row, column = np.unravel_index(np.argmax(inside), inside.shape)
    transform = fourier.transform_of(np.nan_to_num(stack))
    return fourier.peak_near(transform, (SIZE_PX, SIZE_PX), (middle + float(row), middle + float(column)))[2]
