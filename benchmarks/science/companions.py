"""Companions beside stars that are not in the library: how bright and where they are found."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from archive.errors import FatalError
from benchmarks.science.figures import Figure, at_most
from benchmarks.science.library import FILTERS, FIRST_TARGET, FWHM_PX, SCALE_ARCSEC, library, setting, star
from pipeline.arrays.high_contrast.analysis import analyse
from pipeline.arrays.high_contrast.companion_fit import Companion as FoundCompanion
from pipeline.arrays.high_contrast.companion_fit import position_error_px
from pipeline.arrays.high_contrast.geometry import offset_yx
from pipeline.arrays.high_contrast.highpass import HighPass
from pipeline.simulation.star import Companion

BRIGHT = ((0.3, 3.0), (0.5, 4.0), (0.8, 5.0))  # separation, arcsec, and fainter by, mag: found at 10 sigma and more
WEAK = (0.5, 5.0)
N_ANGLES = 7  # 21 bright companions
WITHIN_ARCSEC = 0.1


class Error(NamedTuple):
    """Of one companion that was found: found less true, and what was stated."""

    mag: float
    mag_stated: float
    place_mas: float
    place_stated_mas: float


def measure() -> Iterator[Figure]:
    for highpass in FILTERS:
        bright = [_error(highpass, number, *case, angle) for number, (case, angle) in enumerate(_cases(BRIGHT))]
        yield from figures_of(f"{highpass}, bright", bright, mean_mag=0.15, worst_mag=0.35, worst_mas=10)
        weak = [
            _error(highpass, 500 + number, *case, angle) for number, (case, angle) in enumerate(_cases((WEAK,) * 3))
        ]
        yield from figures_of(f'{highpass}, 0.5" 5 mag', weak, mean_mag=None, worst_mag=0.5, worst_mas=30)


def _cases(kinds: tuple[tuple[float, float], ...]) -> Iterator[tuple[tuple[float, float], float]]:
    for kind_number, kind in enumerate(kinds):
        for turn in range(N_ANGLES):
            yield kind, (360 * turn / N_ANGLES + 17 * kind_number) % 360


def _error(highpass: HighPass, number: int, separation: float, delta_mag: float, angle: float) -> Error | None:
    image, _ = star(FIRST_TARGET + number, Companion(separation, angle, delta_mag))
    found = [each.companion for each in analyse(image, library()[0], setting(highpass)).companions]
    return errors_of(found, separation, angle, delta_mag)


def errors_of(
    found: Sequence[FoundCompanion], separation_arcsec: float, angle_deg: float, delta_mag: float
) -> Error | None:
    """Of the one nearest to a true companion; None when none is within a tenth of an arcsecond."""
    true = np.array(offset_yx(separation_arcsec / SCALE_ARCSEC, angle_deg))
    off_px = [float(np.hypot(*(np.array(each.offset_yx) - true))) for each in found]
    if not found or min(off_px) * SCALE_ARCSEC > WITHIN_ARCSEC:
        return None
    nearest = found[int(np.argmin(off_px))]
    to_mas = 1000 * SCALE_ARCSEC
    return Error(
        nearest.delta_mag - delta_mag,
        nearest.delta_mag_error,
        min(off_px) * to_mas,
        np.sqrt(2) * position_error_px(nearest, FWHM_PX) * to_mas,
    )


def figures_of(
    name: str, errors: list[Error | None], *, mean_mag: float | None, worst_mag: float, worst_mas: float
) -> Iterator[Figure]:
    """How many were not found, and the mean and the worst of the errors of those that were."""
    found = [error for error in errors if error is not None]
    if not found:
        raise FatalError(f"{name}: none of {len(errors)} companions was found.")
    mag, mag_stated, place, place_stated = np.array(found).T
    yield Figure(f"{name}: not found of {len(errors)}", len(errors) - len(found), "")
    aim = None if mean_mag is None else at_most(mean_mag)
    note = f"mean {mag.mean():+.3f}; scatter over stated error {np.std(mag / mag_stated):.2f}"
    yield Figure(f"{name}: mean error of brightness, unsigned", float(np.abs(mag).mean()), "mag", aim, note)
    yield Figure(f"{name}: worst error of brightness", float(np.abs(mag).max()), "mag", at_most(worst_mag))
    note = f"mean {place.mean():.1f}; rms over stated {np.sqrt(np.mean((place / place_stated) ** 2)):.2f}"
    yield Figure(f"{name}: worst error of place", float(place.max()), "mas", at_most(worst_mas), note)
