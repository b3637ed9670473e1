"""Angular differential imaging: a star whose speckles stay with the optics and drift, while the field turns by 60°."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.science.companions import Error, errors_of, figures_of
from benchmarks.science.figures import Figure, Range, at_most, within
from benchmarks.science.library import (
    COMMON_RAD,
    FRAME_PX,
    FWHM_PX,
    LEAK,
    OWN_RAD,
    SCALE_ARCSEC,
    SEED,
    SEEING_ARCSEC,
)
from benchmarks.science.stars import OPTICS, SKY_SHARE, finer
from pipeline.arrays.fourier import Transform
from pipeline.arrays.high_contrast.angular import AngularSetting, sequence_of
from pipeline.arrays.high_contrast.angular_analysis import AngularAnalysis, analyse_angular, companions_of
from pipeline.arrays.high_contrast.crop import crop_star
from pipeline.arrays.high_contrast.detection import standing
from pipeline.arrays.high_contrast.geometry import Zone, offset_yx
from pipeline.arrays.high_contrast.noise import ApertureSums
from pipeline.simulation.detector import exposed, pasted, through_pixels
from pipeline.simulation.phase import static_phase
from pipeline.simulation.psf import fine_psf
from pipeline.simulation.star import Companion, companion_shape

Floats = NDArray[np.float64]

N_FRAMES = 30
TURN_DEG = 60.0
FLUX_ELECTRON = 1e6  # in each frame
N_SPECKLE = 12
HALF_PX = 60  # 1.05"
STAR_PX = 20  # radius of the star's image that is given
SETTING = AngularSetting(FWHM_PX, zone=Zone(FWHM_PX, 58.0), components=5)
BRIGHT = ((0.4, 4.0), (0.6, 5.0), (0.85, 6.0))  # separation, arcsec, and fainter by, mag
N_ANGLES = 3
AT_ARCSEC = (0.3, 0.45, 0.6, 0.9)
N_INJECTED = 5  # angles at each separation
STARS = (1, 2)


def measure() -> Iterator[Figure]:
    errors = [_error(number, *case) for number, case in enumerate(_cases())]
    yield from figures_of("companions", errors, mean_mag=0.15, worst_mag=0.35, worst_mas=10)
    yield from _limits()
    yield from _throughput()
    yield from _injections()


@lru_cache(maxsize=1)
def angles_deg() -> Floats:
    """Of each frame."""
    return np.linspace(-20.0, TURN_DEG - 20.0, N_FRAMES)


@lru_cache(maxsize=8)
def light(number: int) -> tuple[tuple[Transform, ...], float]:
    """A star's light by its transforms, one for each frame, and their mean Strehl ratio; optics drift by a quarter."""
    rng = np.random.default_rng([SEED, 7, number])
    common = static_phase(OPTICS, rms_rad=COMMON_RAD, rng=rng)
    first, second = (static_phase(OPTICS, rms_rad=OWN_RAD, rng=rng) for _ in range(2))
    images, strehls = [], []
    for turn in np.linspace(0, np.pi / 2, N_FRAMES):
        aberration = common + np.cos(turn) * first + np.sin(turn) * second
        psf = fine_psf(
            OPTICS, seeing_arcsec=SEEING_ARCSEC, leak=LEAK, n_speckle=N_SPECKLE, rng=rng, static_rad=aberration
        )
        images.append(through_pixels(psf.array))
        strehls.append(psf.strehl)
    return tuple(images), float(np.mean(strehls))


def frames(number: int, *companions: tuple[float, float, float]) -> Floats:
    """Frames (n, 121, 121) of a star with companions: separation, arcsec, position angle on the sky, and magnitudes."""
    rng = np.random.default_rng([SEED, 8, number])
    cube = []
    for image, angle in zip(light(number)[0], angles_deg(), strict=True):
        turned = [Companion(separation, (place - angle) % 360, mag) for separation, place, mag in companions]
        shape = companion_shape(OPTICS, turned, image.shape[0])
        seen: Transform = image if shape is None else image * shape
        y, x = FRAME_PX // 2 + rng.uniform(-0.5, 0.5, 2)
        electron = (pasted(seen, size_px=FRAME_PX, centre_yx=(y, x)) + SKY_SHARE) * FLUX_ELECTRON
        taken = finer(exposed(electron.astype(np.float32), rng=rng), 2)
        cube.append(crop_star(taken, near_yx=(2 * y, 2 * x), half_px=HALF_PX, fwhm_px=FWHM_PX))
    return np.array(cube)


def star_of(cube: Floats) -> Floats:
    """The star's image (41, 41): the mean of its frames, in which a companion is smeared out and mostly cut off."""
    inside = slice(HALF_PX - STAR_PX, HALF_PX + STAR_PX + 1)
    mean = cube.mean(axis=0)
    star: Floats = mean[inside, inside] - np.median(mean[:STAR_PX])
    return star


def _cases() -> Iterator[tuple[float, float, float]]:
    for kind, (separation, mag) in enumerate(BRIGHT):
        for turn in range(N_ANGLES):
            yield separation, (360 * turn / N_ANGLES + 31 * kind) % 360, mag


def _error(number: int, separation: float, angle: float, mag: float) -> Error | None:
    cube = frames(STARS[number % len(STARS)], (separation, angle, mag))
    found, _ = companions_of(sequence_of(cube, angles_deg(), star_of(cube), SETTING))
    return errors_of([each.companion for each in found], separation, angle, mag)


@lru_cache(maxsize=2)
def _analysis_of(number: int) -> AngularAnalysis:
    """Of a star without companions."""
    cube = frames(number)
    return analyse_angular(cube, angles_deg(), star_of(cube), SETTING)


def _limits() -> Iterator[Figure]:
    found, alarms = [], 0
    for number in STARS:
        analysis = _analysis_of(number)
        alarms += len(analysis.companions)
        found.append([analysis.curve.delta_mag_at(separation / SCALE_ARCSEC) for separation in AT_ARCSEC])
    strehl = np.mean([light(number)[1] for number in STARS])
    for separation, limits in zip(AT_ARCSEC, np.transpose(found), strict=True):
        note = f"{limits.min():.2f} to {limits.max():.2f}; {len(STARS)} stars, S {strehl:.2f}"
        yield Figure(f'limit at {separation}"', float(np.median(limits)), "mag", None, note)
    yield Figure(f"false companions of {len(STARS)} stars without", alarms, "", at_most(0))


def _throughput() -> Iterator[Figure]:
    """What is stated, against what a faint companion that is added to the same frames leaves of itself."""
    cube = frames(STARS[0])
    alone = sequence_of(cube, angles_deg(), star_of(cube), SETTING)
    errors, stated = [], []
    for number, separation in enumerate(AT_ARCSEC):
        place, flux = offset_yx(separation / SCALE_ARCSEC, 77.0 * number), 1e-6
        gained = (alone.without(place, -flux).residual - alone.residual) / flux
        left = float(ApertureSums(gained, diameter_px=FWHM_PX).at(np.array(place))) / alone.star_sum
        stated.append(alone.throughput(place))
        errors.append(stated[-1] - left)
    note = f"stated {min(stated):.2f} to {max(stated):.2f}"
    worst = float(np.max(np.abs(errors)))
    yield Figure("throughput: worst difference from an injection", worst, "", within(0.01), note)


def _injections() -> Iterator[Figure]:
    shares = []
    for number in STARS:
        cube, analysis = frames(number), _analysis_of(number)
        alone = sequence_of(cube, angles_deg(), star_of(cube), SETTING)
        for separation in AT_ARCSEC:
            flux = 10 ** (-0.4 * analysis.curve.delta_mag_at(separation / SCALE_ARCSEC))
            for turn in range(N_INJECTED):
                place = offset_yx(separation / SCALE_ARCSEC, 360 * turn / N_INJECTED)
                sums = ApertureSums(alone.without(place, -flux).residual, diameter_px=FWHM_PX)
                shares.append(standing(sums, place, fwhm_px=FWHM_PX).share)
    name = f"{len(shares)} companions at the limit"
    yield Figure(f"{name}: found", float(np.mean(np.array(shares) >= 1)), "", Range(0.35, 0.65))
    yield Figure(f"{name}: median t over its threshold", float(np.median(shares)), "", Range(0.9, 1.1))
