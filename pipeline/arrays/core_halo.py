"""Widths of a corrected star's core and of its halo, and whether they look like one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, optimize

from archive.errors import UsageError
from pipeline.arrays.filters import Filter
from pipeline.arrays.planes import Pixels
from pipeline.arrays.psf_model import Telescope, core_fwhm_arcsec
from pipeline.arrays.stamp import stamp_of

Floats = NDArray[np.float64]

# The original's numbers were px of its 2x grid at Kitt Peak, 0.0176" each: a square of 41 px, split at 3 px.
SQUARE_ARCSEC = 0.3516  # half of its side
SPLIT_ARCSEC = 0.0527
CORE_START_ARCSEC, HALO_START_ARCSEC = 0.088, 0.352
BETA_START = 2.0
CORE_MIN_ARCSEC, HALO_MAX_ARCSEC = 0.04, 1.0
LEAST_OF_PERFECT = 0.6
COARSEST_ARCSEC = 0.025
MARGIN = 2.0  # of the square, so that what the interpolation does at the stamp's edge stays outside
NARROWEST_ARCSEC, WIDEST_ARCSEC = 0.001, 10.0
LEAST_BETA, MOST_BETA = 1.0, 20.0
HIGHEST = 10.0  # of the fit over the highest pixel
ABSOLUTE_ABOVE = 0.01  # of the highest pixel: residuals above count by their size, not its square
MOST_EVALUATIONS = 1000
LEAST_PIXELS = 4  # one more than a Moffat function has parameters


@dataclass(frozen=True, slots=True)
class CoreHalo:
    """Full widths at half maximum, arcsec; None where there is no light above the sky."""

    core_arcsec: float | None
    halo_arcsec: float | None
    is_ok: bool


def narrowest_core_arcsec(telescope: Telescope, passband: Filter) -> float:
    """Width below which a core is not a star's: 0.04" as in the original, and 0.6 of a perfect image's.

    A spike that Fourier interpolation has brought to the 2x grid is up to 0.045" wide; a star at Kitt Peak in i' is
    0.08".
    """
    return max(CORE_MIN_ARCSEC, LEAST_OF_PERFECT * core_fwhm_arcsec(telescope, passband))


def core_and_halo(
    image: Pixels,
    *,
    at_yx: tuple[float, float],
    scale_arcsec: float,
    sky_count_px: float,
    core_min_arcsec: float = CORE_MIN_ARCSEC,
    halo_max_arcsec: float = HALO_MAX_ARCSEC,
) -> CoreHalo:
    """Fit a Moffat function to a star's core and another to its halo, in (ny, nx).

    M(r) = s [1 + (r/a)²]^-β, whose width is 2 a sqrt(2^(1/β) - 1), on no base (`sky_count_px` is subtracted). The core
    is what lies within 0.053" of `at_yx`, the halo the rest of a square of 0.70". Residuals count by their size rather
    than its square, as in the original, which leaves a bad pixel its one voice; the original's search (Nelder & Mead)
    stopped short for wide stars. A star is OK if core and halo are not narrower than `core_min_arcsec`, which noise is,
    and the halo is not wider than `halo_max_arcsec`, which that of a star without correction is.

    An image whose pixels are coarser than 0.025" is first brought to a finer grid by Fourier interpolation. Pixels that
    are not finite are left out there (their ring stands for them in the interpolation). Saturated ones are used, and
    widen the core. Raises UsageError if core or halo have fewer than four pixels. The fit gives no errors: how noise
    scatters both is in docs/science.md.
    """
    times = int(np.ceil(scale_arcsec / COARSEST_ARCSEC))
    half_px = int(np.ceil(MARGIN * SQUARE_ARCSEC / scale_arcsec))
    stamp = stamp_of(image, at_yx=at_yx, half_px=half_px)
    light = finer(stamp.values, times) - sky_count_px
    y, x = (np.abs(np.arange(light.shape[0]) / times - centre) * scale_arcsec for centre in stamp.centre_yx)
    radius = np.hypot(y[:, np.newaxis], x[np.newaxis])
    used = np.outer(y <= SQUARE_ARCSEC, x <= SQUARE_ARCSEC)
    used[::times, ::times] &= stamp.has_value
    core, halo = (used & part for part in (radius <= SPLIT_ARCSEC, radius > SPLIT_ARCSEC))
    if min(core.sum(), halo.sum()) < LEAST_PIXELS:
        raise UsageError(f"Too few pixels about y={at_yx[0]:.1f}, x={at_yx[1]:.1f} have a value to fit core and halo.")
    halo_arcsec = _width(radius[halo], light[halo], HALO_START_ARCSEC, at_most=WIDEST_ARCSEC)
    # A core that noise has made flat has no width of its own.
    widest_core_arcsec = max(halo_arcsec or 0.0, 2 * CORE_START_ARCSEC)
    core_arcsec = _width(radius[core], light[core], CORE_START_ARCSEC, at_most=widest_core_arcsec)
    is_ok = (
        core_arcsec is not None
        and halo_arcsec is not None
        and core_arcsec >= core_min_arcsec
        and core_min_arcsec <= halo_arcsec <= halo_max_arcsec
    )
    return CoreHalo(core_arcsec, halo_arcsec, is_ok)


def finer(image: Floats, times: int) -> Floats:
    """(times ny, times nx) through the values of an image (ny, nx), by its transform; the first pixels coincide."""
    if times == 1:
        return image
    ny, nx = image.shape
    transform = fft.fft2(image) * times**2
    wide = np.zeros((times * ny, times * nx), dtype=np.complex128)
    rows, columns = (np.round(fft.fftfreq(n) * n).astype(np.intp) for n in (ny, nx))
    wide[np.ix_(rows, columns)] = transform
    fine: Floats = fft.ifft2(wide).real
    return fine


def _width(radius_arcsec: Floats, light: Floats, start_arcsec: float, *, at_most: float) -> float | None:
    """Full width at half maximum of the Moffat function that comes closest; None where no light is above the sky."""
    height = float(light.max())
    if not height > 0:
        return None
    relative = light / height

    def residuals(parameters: Floats) -> Floats:
        share, log_width, log_beta = parameters
        shape = _moffat(radius_arcsec, float(np.exp(log_width)), float(np.exp(log_beta)))
        return np.asarray(share * shape - relative, dtype=np.float64)

    found = optimize.least_squares(
        residuals,
        (1.0, np.log(start_arcsec), np.log(BETA_START)),
        bounds=((0.0, *np.log([NARROWEST_ARCSEC, LEAST_BETA])), (HIGHEST, *np.log([at_most, MOST_BETA]))),
        loss="soft_l1",
        f_scale=ABSOLUTE_ABOVE,
        max_nfev=MOST_EVALUATIONS,
    )
    return float(np.exp(found.x[1]))


def _moffat(radius: Floats, fwhm: float, beta: float) -> Floats:
    """Of height 1."""
    alpha = fwhm / (2 * np.sqrt(2 ** (1 / beta) - 1))
    profile: Floats = (1 + (radius / alpha) ** 2) ** -beta
    return profile
