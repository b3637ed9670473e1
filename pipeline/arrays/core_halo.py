"""Widths of a corrected star's core and of its halo, and whether they look like one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from archive.errors import UsageError
from pipeline.arrays.planes import Pixels
from pipeline.arrays.stamp import stamp_of

Floats = NDArray[np.float64]

# The original's numbers were px of its 2x grid at Kitt Peak, 0.0176" each: a square of 41 px, split at 3 px.
SQUARE_ARCSEC = 0.3516  # half of its side
SPLIT_ARCSEC = 0.0527
CORE_START_ARCSEC, HALO_START_ARCSEC = 0.088, 0.352
BETA_START = 2.0
CORE_MIN_ARCSEC, HALO_MAX_ARCSEC = 0.04, 1.0
MOST_EVALUATIONS = 1000
TOLERANCE = 1e-3
LEAST_PIXELS = 4  # one more than a Moffat function has parameters


@dataclass(frozen=True, slots=True)
class CoreHalo:
    """Full widths at half maximum, arcsec; None where the fit found no star."""

    core_arcsec: float | None
    halo_arcsec: float | None
    is_ok: bool


def core_and_halo(
    image: Pixels,
    *,
    at_yx: tuple[float, float],
    scale_arcsec: float,
    sky_count_px: float,
    core_min_arcsec: float = CORE_MIN_ARCSEC,
    halo_max_arcsec: float = HALO_MAX_ARCSEC,
) -> CoreHalo:
    """Fit a Moffat function to a star's core and another to its halo.

    M(r) = s [1 + (r/α)²]^-β, whose width is 2 α sqrt(2^(1/β) - 1), on no base (`sky_count_px` is subtracted). The core is
    what lies within 0.053" of `at_yx`, the halo the rest of a square of 0.70". Each fit makes the sum of absolute
    residuals least (Nelder & Mead, from widths of 0.088" and 0.35" and β = 2), as the original did: it is robust against
    a bad pixel, and gives no errors. A star is OK if its core is not narrower than `core_min_arcsec`, which a noise spike
    is, and its halo not wider than `halo_max_arcsec`, which a star without correction has.

    Pixels that are not finite are left out. Saturated ones are used, and widen the core. Raises UsageError if either
    part has fewer than four pixels.
    """
    stamp = stamp_of(image, at_yx=at_yx, half_px=int(np.ceil(SQUARE_ARCSEC / scale_arcsec)))
    radius = stamp.radius_px * scale_arcsec
    y, x = (
        np.abs(np.arange(len(stamp.values)) - centre) * scale_arcsec <= SQUARE_ARCSEC * (1 + 1e-9)
        for centre in np.round(stamp.centre_yx)
    )
    used = np.outer(y, x) & stamp.has_value
    light = stamp.values - sky_count_px
    core, halo = (used & part for part in (radius <= SPLIT_ARCSEC, radius > SPLIT_ARCSEC))
    if min(core.sum(), halo.sum()) < LEAST_PIXELS:
        raise UsageError(f"Too few pixels about y={at_yx[0]:.1f}, x={at_yx[1]:.1f} have a value to fit core and halo.")
    core_arcsec = _width(radius[core], light[core], CORE_START_ARCSEC)
    halo_arcsec = _width(radius[halo], light[halo], HALO_START_ARCSEC)
    is_ok = (
        core_arcsec is not None
        and halo_arcsec is not None
        and core_arcsec >= core_min_arcsec
        and halo_arcsec <= halo_max_arcsec
    )
    return CoreHalo(core_arcsec, halo_arcsec, is_ok)


def _width(radius_arcsec: Floats, light: Floats, start_arcsec: float) -> float | None:
    height = float(light.max())
    if not height > 0:
        return None

    def misfit(parameters: Floats) -> float:
        share, width, beta = parameters
        if share <= 0 or width <= 0 or beta <= 0:
            return np.inf
        return float(np.abs(share * _moffat(radius_arcsec, width * start_arcsec, beta) - light / height).sum())

    found = optimize.minimize(
        misfit,
        np.array([1.0, 1.0, BETA_START]),
        method="Nelder-Mead",
        options={"maxfev": MOST_EVALUATIONS, "xatol": TOLERANCE, "fatol": TOLERANCE},
    )
    return float(found.x[1] * start_arcsec) if np.isfinite(found.fun) else None


def _moffat(radius: Floats, fwhm: float, beta: float) -> Floats:
    """Of height 1. Written so that no β is too small or too large for a float."""
    inverse_beta = min(1 / beta, 500.0)
    inner = radius**2 * 4 * np.expm1(np.log(2) * inverse_beta) / fwhm**2
    return np.exp(-beta * np.log1p(inner))
