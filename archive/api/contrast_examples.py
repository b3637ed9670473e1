"""Examples of the OpenAPI document for the PSF library, limits of contrast and companions."""

from typing import Any

from archive.api.observation_examples import HERE, LINK, NAME, SHA256

LIBRARY = "9b5a1f1f3c7d0f6a6fd1a5a6b3c8c9e0a4d27cf0f16f2f7a7bb0e2d5c4f3a2b1"
OF_WHAT: dict[str, Any] = {
    "observation": NAME,
    "proposal_id": "4",
    "target_name": "351_Yrsa",
    "night": "2016-09-25",
    "observed_at_utc": "2016-09-25T11:04:27.040912Z",
    "camera": "VIC",
    "primary_optical_element": "Si",
    "exposure_time_s": 90.0,
    "magnitude_mag": 11.5,
    "kind": "bright-pca",
}
CONTRAST_ROW: dict[str, Any] = {
    **OF_WHAT,
    "limit_at_0p5_arcsec_mag": 4.92,
    "limit_at_1p0_arcsec_mag": 6.61,
    "separations_arcsec": [0.21, 0.5, 1.0],
    "limits_mag": [2.95, 4.92, 6.61],
    "throughputs": [0.83, 0.91, 0.95],
    "thresholds": [6.9, 5.8, 5.4],
    "sigma": 5.0,
    "fwhm_arcsec": 0.083,
    "component_count": 3,
    "reference_count": 40,
    "library_version": LIBRARY,
    "measured_at_utc": "2016-09-25T11:25:03.882000Z",
}
COMPANION_ROW: dict[str, Any] = {
    **OF_WHAT,
    "number": 1,
    "separation_arcsec": 0.902,
    "separation_error_arcsec": 0.002,
    "position_angle_deg": 128.1,
    "position_angle_error_deg": 0.14,
    "delta_mag": 4.03,
    "delta_mag_error": 0.06,
    "t": 18.4,
    "threshold": 5.4,
    "y_px": -31.66,
    "x_px": -40.38,
}
CANDIDATE: dict[str, Any] = {
    "observation": NAME,
    "proposal_id": "4",
    "target_name": "351_Yrsa",
    "night": "2016-09-25",
    "observed_at": "2016-09-25T11:04:27.040912Z",
    "telescope_id": "kpno-2.1m",
    "camera": "VIC",
    "primary_optical_element": "Si",
    "seeing_nearest_arcsec": 1.24,
    "strehl_ratio": 0.184,
    "fwhm_arcsec": 0.083,
    "warnings": [],
    "companion_count": 0,
    "sha256": SHA256,
    "in_library": True,
    "is_outdated": False,
    "image": LINK,
    "picture": LINK,
    "address": f"{HERE}/psf-library/{NAME}/",
}
MEMBERSHIP: dict[str, Any] = {
    "sha256": SHA256,
    "added_at": "2016-09-26T18:02:11.402000Z",
    "added_by": "carol",
    "added_reason": "round, no companion",
    "removed_at": None,
    "removed_by": "",
    "removed_reason": "",
}
CANDIDATE_ALONE: dict[str, Any] = {**CANDIDATE, "memberships": [MEMBERSHIP]}
ADDED = {"observation": NAME, "reason": "round, no companion"}
LIBRARY_VERSION: dict[str, Any] = {
    "sha256": LIBRARY,
    "telescope_id": "kpno-2.1m",
    "camera": "VIC",
    "primary_optical_element": "Si",
    "created_at": "2016-09-26T18:02:11.402000Z",
    "members": [{"sha256": SHA256, "observation": NAME}],
}
WHY_ANEW = {"reason": "the library has twice as many stars now"}
ANEW = {"night": "2016-09-25", "n_products": 112}
