"""Seeing, from the width of a star in a long exposure without correction."""

import math
from dataclasses import dataclass

from archive.errors import UsageError
from pipeline.arrays.fwhm import Model, Profile, fit_profile
from pipeline.arrays.planes import Pixels
from pipeline.arrays.psf_model import ARCSEC, Telescope

BOX_PX = 150
REFERENCE_NM = 500.0
WAVELENGTH_POWER, AIRMASS_POWER = 0.2, 0.6
LEGACY_NARROWEST_PX = 10.0
SIGMA_TO_FWHM = 2 * math.sqrt(2 * math.log(2))


@dataclass(frozen=True, slots=True)
class Seeing:
    """Full widths at half maximum, arcsec, and errors of one standard deviation.

    `model` is the fit that all of it is from; `gaussian_fwhm_arcsec` stands beside it, as the original archive measured
    it, or is None where no Gaussian fits. `zenith_500nm_arcsec` is what the air alone would do at 500 nm in the zenith;
    None where the zenith distance is not known. `is_dropped_by_legacy` tells that the original archive would have
    dropped the star, as it did with all narrower than 10 px.
    """

    model: Model
    fwhm_arcsec: float
    fwhm_error_arcsec: float
    fwhm_y_arcsec: float
    fwhm_x_arcsec: float
    gaussian_fwhm_arcsec: float | None
    zenith_500nm_arcsec: float | None
    zenith_500nm_error_arcsec: float | None
    is_dropped_by_legacy: bool
    at_yx: tuple[float, float]  # px from zero


def measure_seeing(
    image: Pixels,
    *,
    near_yx: tuple[float, float],
    scale_arcsec: float,
    wavelength_nm: float,
    telescope: Telescope,
    zenith_distance_deg: float | None,
    smoothing_sigma_px: float = 0.0,
    box_px: int = BOX_PX,
    saturation_count: float | None = None,
) -> Seeing:
    """Measure the seeing by a star of (ny, nx), count, sky in it or not.

    A Moffat function is fitted first, which a star behind turbulence is close to; where it does not fit, a Gaussian,
    whose width is 1 to 6 % more. These widths are as seen: only a Gaussian smoothing of the image before,
    `smoothing_sigma_px`, is taken out, by the root of the difference of squares. The seeing is that of the air, as it
    would be at 500 nm in the zenith: (w - `widening_arcsec`) (λ / 500 nm)^0.2 cos(z)^0.6.

    Pixels that are not finite or saturated are left out of the fits. Raises UsageError if neither function fits, if the
    star is not wider than the smoothing, or the zenith distance is none of a star above the horizon.
    """
    if zenith_distance_deg is not None and not 0 <= zenith_distance_deg < 90:
        raise UsageError(f"A zenith distance of {zenith_distance_deg} degrees is not above the horizon.")
    gaussian = _fit("gaussian", image, near_yx, box_px, saturation_count)
    profile = _fit("moffat", image, near_yx, box_px, saturation_count) or gaussian
    if profile is None:
        raise UsageError(
            f"Neither a Moffat function nor a Gaussian fits what is at y={near_yx[0]:.1f}, x={near_yx[1]:.1f}."
        )

    def seen_arcsec(width_px: float) -> float:
        return _without_smoothing(width_px, smoothing_sigma_px) * scale_arcsec

    fwhm_arcsec = seen_arcsec(profile.fwhm_px)
    # Of the root of a difference of squares the error grows as the root shrinks.
    error_arcsec = profile.fwhm_error_px * scale_arcsec * (profile.fwhm_px * scale_arcsec / fwhm_arcsec)
    air_arcsec = max(fwhm_arcsec - widening_arcsec(telescope, wavelength_nm), 0.0)
    factor = None if zenith_distance_deg is None else to_zenith_500nm(wavelength_nm, zenith_distance_deg)
    return Seeing(
        model=profile.model,
        fwhm_arcsec=fwhm_arcsec,
        fwhm_error_arcsec=error_arcsec,
        fwhm_y_arcsec=seen_arcsec(profile.fwhm_y_px),
        fwhm_x_arcsec=seen_arcsec(profile.fwhm_x_px),
        gaussian_fwhm_arcsec=None if gaussian is None else seen_arcsec(gaussian.fwhm_px),
        zenith_500nm_arcsec=None if factor is None else air_arcsec * factor,
        zenith_500nm_error_arcsec=None if factor is None else error_arcsec * factor,
        is_dropped_by_legacy=profile.fwhm_px < LEGACY_NARROWEST_PX,
        at_yx=profile.at_yx,
    )


def to_zenith_500nm(wavelength_nm: float, zenith_distance_deg: float) -> float:
    """Seeing at 500 nm in the zenith over the seeing at a wavelength and zenith distance."""
    airmass = 1 / math.cos(math.radians(zenith_distance_deg))
    return float((wavelength_nm / REFERENCE_NM) ** WAVELENGTH_POWER * airmass**-AIRMASS_POWER)


def widening_arcsec(telescope: Telescope, wavelength_nm: float) -> float:
    """By how much a telescope widens a star that the air has already made much wider than λ/D.

    The transfer function of an aperture falls at first in proportion to frequency, by the length of its edges: as if
    the image were folded with a Lorentz-like function of width 0.31 λ / (D - d). Of such a width a core like
    Kolmogorov's takes on 0.7. By the exact transfer functions this is within 0.5 % of the seeing from 0.7" to 2.2".
    """
    return 0.7 * 0.31 * 1e-9 * wavelength_nm / (telescope.primary_m - telescope.obstruction_m) / ARCSEC


def _fit(
    model: Model, image: Pixels, near_yx: tuple[float, float], box_px: int, saturation_count: float | None
) -> Profile | None:
    try:
        return fit_profile(image, model=model, near_yx=near_yx, box_px=box_px, saturation_count=saturation_count)
    except UsageError:
        return None


def _without_smoothing(width_px: float, smoothing_sigma_px: float) -> float:
    smoothing_px = SIGMA_TO_FWHM * smoothing_sigma_px
    if width_px <= smoothing_px:
        raise UsageError(f"A star of {width_px:.2f} px is not wider than what smoothed it, {smoothing_px:.2f} px.")
    return math.sqrt(width_px**2 - smoothing_px**2)
