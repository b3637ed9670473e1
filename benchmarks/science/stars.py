"""Simulated stars as the measuring functions get them: with pixels, sky and noise, on one grid or another.

What is simulated comes from `pipeline.simulation`, which shares no code with what measures it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from pipeline.arrays.filters import Filter, monochromatic
from pipeline.arrays.psf_model import Sampling, Telescope
from pipeline.arrays.strehl import Setting
from pipeline.simulation.detector import exposed, pasted, through_pixels
from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.psf import FinePsf, fine_psf
from pipeline.simulation.star import Companion, companion_shape

Floats = NDArray[np.float64]

OPTICS = KITT_PEAK.optics("Si")
TELESCOPE = Telescope(KITT_PEAK.primary_m, KITT_PEAK.obstruction_m)
AT_ONE_WAVELENGTH = monochromatic("Si", OPTICS.wavelength_nm)
PIXEL_ARCSEC = OPTICS.pixel_arcsec
SKY_SHARE = 1e-4  # of a star's light in each pixel of the detector: 2 electrons where the star has 20,000
EMCCD_VARIANCE = 2.0  # of an electron
N_SPECKLE = 200


@dataclass(frozen=True, slots=True)
class Air:
    """Seeing at 500 nm, what the mirror lets through of it, and about which Strehl ratio that gives."""

    seeing_arcsec: float
    leak: float
    about: float


CORRECTED = (Air(0.8, 0.02, 0.62), Air(1.2, 0.05, 0.30), Air(1.44, 0.06, 0.19), Air(1.8, 0.08, 0.07))
BADLY_CORRECTED = Air(2.2, 0.08, 0.026)


@lru_cache(maxsize=32)
def corrected(air: Air, *, seed: int, n: int = 512, n_speckle: int = N_SPECKLE) -> FinePsf:
    """A star's image through the air, of `n_speckle` short exposures: n / 2 pixels of the detector wide."""
    return fine_psf(
        OPTICS,
        seeing_arcsec=air.seeing_arcsec,
        leak=air.leak,
        n_speckle=n_speckle,
        rng=np.random.default_rng([seed, n]),
        n=n,
    )


@dataclass(frozen=True, slots=True)
class Star:
    """One image, and where the star lies in it."""

    image: Floats
    at_yx: tuple[float, float]
    setting: Setting


def stars(
    psf: FinePsf,
    *,
    flux_electron: float,
    count: int,
    seed: int,
    times: int = 2,
    passband: Filter = AT_ONE_WAVELENGTH,
    companions: tuple[Companion, ...] = (),
    sky_share: float = SKY_SHARE,
    off_px: float = 0.5,
) -> Iterator[Star]:
    """Images of one star, each with a place in its pixel and noise of its own.

    Their grid is `times` finer than the detector's, by Fourier interpolation as in stacks. The star lies up to `off_px`
    from the middle of a pixel of the detector.
    """
    rng = np.random.default_rng([seed, round(flux_electron), times])
    seen, size_px = through_pixels(psf.array), psf.array.shape[0] // 2
    if (shape := companion_shape(OPTICS, companions, psf.array.shape[0])) is not None:
        seen = seen * shape
    for _ in range(count):
        y, x = size_px // 2 + rng.uniform(-off_px, off_px, 2)
        light = (pasted(seen, size_px=size_px, centre_yx=(y, x)) + sky_share) * flux_electron
        frame = exposed(light.astype(np.float32), rng=rng)
        yield Star(finer(frame, times), (times * y, times * x), setting(passband, times))


def setting(passband: Filter, times: int) -> Setting:
    return Setting(TELESCOPE, passband, Sampling(PIXEL_ARCSEC / times, PIXEL_ARCSEC), EMCCD_VARIANCE)


def finer(image: NDArray[np.float32], times: int) -> Floats:
    """(times ny, times nx) of the same sum, through the values of an image of even sides."""
    ny, nx = image.shape
    wide = np.zeros((times * ny, times * nx), dtype=np.complex128)
    first_y, first_x = (times - 1) * ny // 2, (times - 1) * nx // 2
    wide[first_y : first_y + ny, first_x : first_x + nx] = fft.fftshift(fft.fft2(image))
    interpolated: Floats = fft.ifft2(fft.ifftshift(wide)).real
    return interpolated
