"""Forty stars of one night that differ in air and a little in the optics, cut out as the PSF library holds them."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.science.stars import OPTICS, PIXEL_ARCSEC, SKY_SHARE, finer
from pipeline.arrays.high_contrast.analysis import Setting
from pipeline.arrays.high_contrast.crop import crop_star
from pipeline.arrays.high_contrast.highpass import HighPass
from pipeline.simulation.detector import exposed, pasted, through_pixels
from pipeline.simulation.phase import Phase, static_phase
from pipeline.simulation.psf import fine_psf
from pipeline.simulation.star import Companion, companion_shape

Floats = NDArray[np.float64]

N_STARS = 40
FLUX_ELECTRON = 5e6
SEEING_ARCSEC, LEAK = 1.2, 0.05
COMMON_RAD, OWN_RAD = 0.55, 0.20  # aberrations that all stars share, and each one's own
N_SPECKLE = 200
SCALE_ARCSEC = PIXEL_ARCSEC / 2
FWHM_PX = 4.1  # of the core on the grid of half pixels
HALF_PX = 100
FRAME_PX = 256
FILTERS: tuple[HighPass, ...] = ("gaussian", "starlet")
SEED = 7
FIRST_TARGET = 1000  # numbers of stars that are not in the library


def setting(highpass: HighPass) -> Setting:
    return Setting(FWHM_PX, highpass=highpass)


@lru_cache(maxsize=1)
def library() -> tuple[Floats, float]:
    """Stars (40, 201, 201), and their mean Strehl ratio."""
    stars, strehls = zip(*(star(number) for number in range(N_STARS)), strict=True)
    return np.array(stars), float(np.mean(strehls))


def star(number: int, *companions: Companion) -> tuple[Floats, float]:
    """A star (201, 201) whose air, optics, place and noise belong to its number; and its Strehl ratio."""
    rng = np.random.default_rng([SEED, number])
    aberration = _common() + static_phase(OPTICS, rms_rad=OWN_RAD, rng=rng)
    psf = fine_psf(OPTICS, seeing_arcsec=SEEING_ARCSEC, leak=LEAK, n_speckle=N_SPECKLE, rng=rng, static_rad=aberration)
    seen = through_pixels(psf.array)
    if (shape := companion_shape(OPTICS, companions, psf.array.shape[0])) is not None:
        seen = seen * shape
    y, x = FRAME_PX // 2 + rng.uniform(-0.5, 0.5, 2)
    light = (pasted(seen, size_px=FRAME_PX, centre_yx=(y, x)) + SKY_SHARE) * FLUX_ELECTRON
    image = finer(exposed(light.astype(np.float32), rng=rng), 2)
    return crop_star(image, near_yx=(2 * y, 2 * x), half_px=HALF_PX, fwhm_px=FWHM_PX), psf.strehl


@lru_cache(maxsize=1)
def _common() -> Phase:
    return static_phase(OPTICS, rms_rad=COMMON_RAD, rng=np.random.default_rng(SEED))
