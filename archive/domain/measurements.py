"""What was measured, as tables: which columns there are, and of which rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archive.enums import OF_REFERENCES, ProductKind
from archive.models import (
    Companion,
    CompanionQuerySet,
    ContrastCurve,
    ContrastQuerySet,
    Reader,
    SeeingMeasurement,
    SeeingQuerySet,
    StrehlMeasurement,
    StrehlQuerySet,
)

MEASURES_STREHL = (ProductKind.BRIGHT_STREHL, ProductKind.FAINT_STREHL)
# What stands. To name the kinds is redundant: with them an index alone tells which products are meant.
STANDING: Mapping[str, Any] = {"product__is_current": True, "product__kind__in": MEASURES_STREHL}
STANDING_CONTRAST: Mapping[str, Any] = {
    "product__is_current": True,
    "product__kind__in": OF_REFERENCES,
}
STANDING_SEEING: Mapping[str, Any] = {"product__is_current": True, "product__kind": ProductKind.SEEING}

# Names of the tables' columns, units in them, and where their values are.
OF_WHAT: Mapping[str, str] = {
    "observation": "observation__name",
    "proposal_id": "observation__proposal_id",
    "target_name": "observation__target_name",
    "night": "observation__night",
    "observed_at_utc": "observation__observed_at",
    "camera": "observation__camera",
    "primary_optical_element": "observation__primary_optical_element",
    "exposure_time_s": "observation__exposure_time",
    "magnitude_mag": "observation__magnitude",
    "kind": "product__kind",
}
STREHL_TABLE: Mapping[str, str] = {
    **OF_WHAT,
    "strehl_ratio": "strehl_ratio",
    "strehl_error": "strehl_error",
    "strehl_legacy": "strehl_legacy",
    "core_arcsec": "core_arcsec",
    "halo_arcsec": "halo_arcsec",
    "fwhm_arcsec": "fwhm_arcsec",
    "signal_to_noise": "signal_to_noise",
    "flag": "flag",
    "warnings": "warnings",
    "y_px": "y_px",
    "x_px": "x_px",
    "measured_at_utc": "measured_at",
}
CONTRAST_TABLE: Mapping[str, str] = {
    **OF_WHAT,
    "limit_at_0p5_arcsec_mag": "delta_mag_0p5",
    "limit_at_1p0_arcsec_mag": "delta_mag_1p0",
    "separations_arcsec": "separations_arcsec",
    "limits_mag": "delta_mags",
    "throughputs": "throughputs",
    "thresholds": "thresholds",
    "sigma": "sigma",
    "fwhm_arcsec": "fwhm_arcsec",
    "component_count": "component_count",
    "reference_count": "reference_count",
    "library_version": "library_version",
    "measured_at_utc": "measured_at",
}
COMPANION_TABLE: Mapping[str, str] = {
    **OF_WHAT,
    "number": "number",
    "separation_arcsec": "separation_arcsec",
    "separation_error_arcsec": "separation_error_arcsec",
    "position_angle_deg": "position_angle_deg",
    "position_angle_error_deg": "position_angle_error_deg",
    "delta_mag": "delta_mag",
    "delta_mag_error": "delta_mag_error",
    "t": "t",
    "threshold": "threshold",
    "y_px": "y_px",
    "x_px": "x_px",
}
SEEING_TABLE: Mapping[str, str] = {
    "exposure": "product__subject",
    "night": "night",
    "observed_at_utc": "observed_at",
    "primary_optical_element": "primary_optical_element",
    "exposure_time_s": "exposure_time",
    "fwhm_arcsec": "fwhm_arcsec",
    "fwhm_error_arcsec": "fwhm_error_arcsec",
    "fwhm_y_arcsec": "fwhm_y_arcsec",
    "fwhm_x_arcsec": "fwhm_x_arcsec",
    "zenith_500nm_arcsec": "zenith_500nm_arcsec",
    "model": "model",
    "measured_at_utc": "measured_at",
}


def strehl_for(reader: Reader, *, at: datetime) -> StrehlQuerySet:
    """Strehl ratios that stand, of observations that `reader` may see."""
    return StrehlMeasurement.objects.visible_to(reader, at=at).filter(**STANDING)


def contrast_for(reader: Reader, *, at: datetime) -> ContrastQuerySet:
    """Limits of contrast that stand, of observations that `reader` may see."""
    return ContrastCurve.objects.visible_to(reader, at=at).filter(**STANDING_CONTRAST)


def companions_for(reader: Reader, *, at: datetime) -> CompanionQuerySet:
    """Companions that stand, in observations that `reader` may see."""
    return Companion.objects.visible_to(reader, at=at).filter(**STANDING_CONTRAST)


def seeing_for(reader: Reader, *, at: datetime) -> SeeingQuerySet:
    """Seeing that stands and that `reader` may see."""
    return SeeingMeasurement.objects.visible_to(reader, at=at).filter(**STANDING_SEEING)
