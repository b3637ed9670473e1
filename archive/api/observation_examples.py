"""Examples of the OpenAPI document for observations, nights and measurements."""

from typing import Any

NAME = "4_351_Yrsa_VIC_Si_o_20160925_110427.040912"
SHA256 = "3f0a377ba0a4a460ecb616f6507ce0d8cfa3e704025d4fda3ed0c5ca05468728"
LINK = "https://archive.example.org/store/archive/products/…"
HERE = "https://archive.example.org"
STATISTICS: dict[str, Any] = {
    "n": 14,
    "median_arcsec": 1.31,
    "mean_arcsec": 1.36,
    "median_zenith_500nm_arcsec": 1.27,
    "mean_zenith_500nm_arcsec": 1.3,
}
MEASURED: dict[str, Any] = {
    "strehl_ratio": 0.184,
    "strehl_error": 0.006,
    "strehl_legacy": 0.171,
    "core_arcsec": 0.083,
    "halo_arcsec": 0.31,
    "fwhm_arcsec": 0.112,
    "signal_to_noise": 412.0,
    "flag": "OK",
    "warnings": [],
    "y_px": 1021.37,
    "x_px": 1030.82,
}
STREHL = {"kind": "bright-strehl", **MEASURED, "measured_at": "2016-09-25T11:21:40.120000Z"}
STATE: dict[str, Any] = {
    "kind": "bright",
    "state": "done",
    "reason": "",
    "error": "",
    "attempts": 1,
    "finished_at": "2016-09-25T11:20:12.513000Z",
}
PREVIEW = {"kind": "bright-preview", "role": "full", "filename": f"{NAME}_full.png", "url": LINK}
OBSERVATION: dict[str, Any] = {
    "name": NAME,
    "proposal_id": "4",
    "target_name": "351_Yrsa",
    "alternative_names": ["Yrsa"],
    "camera": "VIC",
    "primary_optical_element": "Si",
    "marker": "o",
    "observed_at": "2016-09-25T11:04:27.040912Z",
    "night": "2016-09-25",
    "public_date": "2017-09-25T11:04:27.040912Z",
    "telescope_id": "kpno-2.1m",
    "exposure_time": 90.0,
    "magnitude": 11.5,
    "ra_deg": 30.4583,
    "dec_deg": 11.2042,
    "altitude_deg": 61.3,
    "azimuth_deg": 152.8,
    "signal_class": "high_flux",
    "comment": "",
    "modified_at": "2016-09-25T11:20:12.513000Z",
    "seeing": {**STATISTICS, "nearest_arcsec": 1.24, "nearest_at": "2016-09-25T10:58:03.118274Z"},
    "products": [STATE],
    "strehl": [STREHL],
    "previews": [PREVIEW],
    "address": f"{HERE}/observations/{NAME}/",
}
NIGHT_FILE: dict[str, Any] = {
    "role": "stack",
    "filename": f"{NAME}_100p.fits",
    "size_bytes": 16_784_640,
    "sha256": SHA256,
    "frame": 4711,
    "url": LINK,
}
FILE = {**NIGHT_FILE, "address": f"{HERE}/observations/{NAME}/products/bright/stack"}
ATTEMPT: dict[str, Any] = {
    "lease": 1,
    "worker": "reductions-212@ao1",
    "forced_by": "",
    "forced_reason": "",
    "started_at": "2016-09-25T11:18:55.001000Z",
    "finished_at": "2016-09-25T11:20:12.513000Z",
    "error": "",
}
CALIBRATION: dict[str, Any] = {
    **STATE,
    "subject": NAME,
    "night": "2016-09-25",
    "algorithm": "bright",
    "version": "1",
    "fingerprint": SHA256,
    "parameters": {"sigma_px": 1.5},
    "values": {"n_frames": 774},
    "created_at": "2016-09-25T11:17:27.000000Z",
    "started_at": "2016-09-25T11:18:55.001000Z",
    "inputs": [{"name": f"{NAME}.fits.bz2", "role": "raw", "sha256": SHA256}],
    "files": [NIGHT_FILE],
}
PRODUCT = {**CALIBRATION, "files": [FILE], "history": [ATTEMPT]}
RAW_FILE: dict[str, Any] = {
    "frame": 4705,
    "basename": NAME,
    "filename": f"{NAME}.fits.bz2",
    "file_number": 0,
    "observed_at": "2016-09-25T11:04:27.040912Z",
    "detector_mode": "1",
    "size_bytes": 201_326_592,
    "url": LINK,
}
RELATION = {
    "source": 4705, "source_name": NAME, "kind": "raw-of", "derived": 4711, "derived_name": f"{NAME}_100p",
}  # fmt: skip
REDUCTION = {**OBSERVATION, "products": [PRODUCT], "raw_files": [RAW_FILE], "relations": [RELATION]}
DESCRIPTION = {"alternative_names": ["Yrsa"], "comment": "Passes a star of 9 mag at 11:05."}
REDO = {"kind": "faint", "reason": "The flat of that night was taken anew."}
FORCED = {**PRODUCT, "kind": "faint", "algorithm": "faint", "state": "pending", "attempts": 0, "finished_at": None}
CANCEL = {"kind": "faint", "reason": "The dome was closed."}
CANCELLED = {
    **FORCED,
    "state": "skipped",
    "reason": "It was cancelled: The dome was closed.",
    "files": [],
    "values": {},
}
NIGHT_SUMMARY = {
    "night": "2016-09-25",
    "n_observations": 112,
    "programmes": [
        {
            "proposal_id": "4",
            "n_observations": 112,
            "signal_classes": {"high_flux": 93, "faint": 18, "failed": 1},
            "products": {"done": 530, "failed": 1, "skipped": 2},
        }
    ],
    "seeing": STATISTICS,
    "address": f"{HERE}/nights/2016-09-25/",
}
SEEING_MEASURED: dict[str, Any] = {
    "primary_optical_element": "Si",
    "fwhm_arcsec": 1.24,
    "fwhm_error_arcsec": 0.02,
    "fwhm_y_arcsec": 1.27,
    "fwhm_x_arcsec": 1.21,
    "zenith_500nm_arcsec": 1.19,
    "model": "moffat",
}
SEEING = {
    "subject": "seeing_VIC_Si_20160925_105803.118274",
    "observed_at": "2016-09-25T10:58:03.118274Z",
    **SEEING_MEASURED,
    "exposure_time": 10.0,
    "measured_at": "2016-09-25T11:01:20.441000Z",
    "files": [{**NIGHT_FILE, "role": "fit", "filename": "seeing_VIC_Si_20160925_105803.118274.png", "frame": None}],
}
PLOT = {
    **CALIBRATION,
    "kind": "night-seeing",
    "subject": "night_20160925",
    "algorithm": "night-seeing",
    "values": {"n": 3, "median_arcsec": 1.4, "mean_arcsec": 1.6, "text": "Seeing of the night 2016-09-25 …"},
    "inputs": [{"name": "seeing of seeing_VIC_Si_20160925_105803.118274", "role": "measured", "sha256": SHA256}],
    "files": [{**NIGHT_FILE, "role": "plot", "filename": "seeing.20160925.png", "frame": None}],
}
NIGHT = {
    "night": "2016-09-25",
    "n_observations": 112,
    "programmes": [{"proposal_id": "4", "observations": [OBSERVATION]}],
    "failed": [
        {
            "subject": NAME,
            "proposal_id": "4",
            "kind": "faint",
            "error": "no star was found in any frame.",
            "attempts": 5,
        }
    ],
    "seeing": {**STATISTICS, "measurements": [SEEING]},
    "calibrations": [{**CALIBRATION, "kind": "dark", "subject": "dark_1"}],
    "plots": [PLOT],
    "progress": f"{HERE}/nights/2016-09-25/progress/",
}
PROGRESS = {
    "night": "2016-09-25",
    "total": 536,
    "open": 3,
    "states": {"done": 530, "failed": 1, "skipped": 2, "pending": 3},
    "kinds": {"bright": {"done": 112}, "faint": {"done": 106, "failed": 1, "skipped": 2, "pending": 3}},
}
STREHL_ROW = {
    "observation": NAME,
    "proposal_id": "4",
    "target_name": "351_Yrsa",
    "night": "2016-09-25",
    "observed_at_utc": "2016-09-25T11:04:27.040912Z",
    "camera": "VIC",
    "primary_optical_element": "Si",
    "exposure_time_s": 90.0,
    "magnitude_mag": 11.5,
    "kind": "bright-strehl",
    **MEASURED,
    "measured_at_utc": "2016-09-25T11:21:40.120000Z",
}
SEEING_ROW = {
    "exposure": "seeing_VIC_Si_20160925_105803.118274",
    "night": "2016-09-25",
    "observed_at_utc": "2016-09-25T10:58:03.118274Z",
    **SEEING_MEASURED,
    "exposure_time_s": 10.0,
    "measured_at_utc": "2016-09-25T11:01:20.441000Z",
}
SEEING_QUARTILES = {
    "period": "2016-09-25", "n": 24, "mean_arcsec": 1.31,
    "as_seen_q1": 1.1, "as_seen_median": 1.24, "as_seen_q3": 1.48,
    "zenith_500nm_q1": 1.06, "zenith_500nm_median": 1.2, "zenith_500nm_q3": 1.43,
}  # fmt: skip
STREHL_QUARTILES = {
    "primary_optical_element": "Si", "kind": "bright-strehl", "low": 1.2, "high": 1.4,
    "n": 310, "mean": 0.061, "q1": 0.041, "median": 0.058, "q3": 0.079,
}  # fmt: skip
CONTRAST_LIMITS = {
    "primary_optical_element": "Si", "kind": "bright-pca", "n": 93,
    "median_at_0p5": 4.1, "median_at_1p0": 5.6, "best_tenth_at_0p5": 5.2, "best_tenth_at_1p0": 6.8,
}  # fmt: skip
DEAD_TIMES = {
    "n": 108, "n_overlaps": 0,
    "quartiles_s": {"q1": 31.2, "median": 38.5, "q3": 61.0},
    "histograms": [
        {"below_s": 60, "edges_s": [6.0 * edge for edge in range(11)], "counts": [0, 0, 0, 2, 9, 31, 22, 9, 5, 2]}
    ],
}  # fmt: skip
