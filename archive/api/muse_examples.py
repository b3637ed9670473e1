"""Examples of MUSE's part of the OpenAPI document."""

from typing import Any

TARGET: dict[str, Any] = {
    "id": 7, "name": "NGC 3201", "aliases": ["GCl 15"], "comment": "", "exposure_count": 12,
    "address": "/muse/targets/7/",
}  # fmt: skip
EXPOSURE: dict[str, Any] = {
    "id": 31,
    "name": "NGC3201_a",
    "target": {"id": 7, "name": "NGC 3201"},
    "proposal_id": "0102.D-0270(A)",
    "public_date": "2020-02-01T05:12:33.650Z",
    "observed_at": "2019-02-01T05:12:33.650Z",
    "ins_mode": "WFM-AO-N",
    "obs_id": 2161234,
    "seeing_arcsec": 0.72,
    "airmass": 1.12,
    "seeing_los_arcsec": 0.77,
    "tau0_s": 0.0061,
    "ground_layer_fraction": 0.64,
    "guide_star_flux": 310.5,
    "is_tip_tilt_closed": True,
    "is_degraded": False,
    "strehl_1": 0.31,
    "strehl_2": 0.29,
    "strehl_3": 0.33,
    "strehl_4": 0.3,
    "n_sources": 20,
    "is_complete": True,
    "missing": [],
    "comment": "",
    "modified_at": "2026-11-28T08:00:00Z",
    "address": "/muse/exposures/NGC3201_a/",
}
FILE = {
    "frame": 812, "filename": "NGC3201_a.prm.fits", "key": "20261128T080000123456Z-9e4729e1",
    "md5": "d593536ca5c708c59fe24d89c29b8e71", "sha256": "0f1e…", "size_bytes": 158400,
}  # fmt: skip
ALONE = {
    **EXPOSURE,
    "cube": {**FILE, "frame": 810, "filename": "NGC3201_a.fits"},
    "raws": [{"place": 1, "key": "MUSE.2019-02-01T05:12:33.650", "frame": 809}],
    "fits": [
        {
            "number": 1,
            "began_at": "2026-11-28T08:00:00Z",
            "prm": FILE,
            "psf": {**FILE, "frame": 813, "filename": "NGC3201_a.psf.fits"},
            "inherited": "",
        }
    ],
    "source_names": ["PM_1", "PM_2", "PM_17"],
    "said": {},
    "created_by": "",
}
DATA = {"PRIMARY": {"ESO TEL AMBI TAU0": 0.0061}, "CHAN01": {"NAXIS": 2}, "ASM_DATA": {"DIMM_SEEING": [0.71, 0.73]}}
PSF_PARAMS = {"fwhm": [4.0, 3.99], "beta": [2.3, 2.31], "wavelength": [475.0, 475.125]}
SOURCES = {"PM_17": {"snr": [12.5, None], "flux": [310.0, None]}}
FILLED = {"is_new": True}
NAME = "/muse/exposures/{name}/"
OPERATIONS: dict[tuple[str, str], tuple[Any, Any]] = {
    ("/muse/", "get"): (
        None,
        {
            "targets": "https://archive.example.org/muse/targets/",
            "exposures": "https://archive.example.org/muse/exposures/",
            "target_count": 7,
            "exposure_count": 31,
        },
    ),
    ("/muse/table/", "get"): (None, [{"exposure": "NGC3201_a", "airmass": 1.12, "ASM_DATA.DIMM_SEEING": 0.72}]),
    ("/frames/{id}/tables/", "get"): (
        None,
        [{"name": "ASM_DATA", "n_rows": 5, "columns": [{"name": "DIMM_SEEING", "unit": "arcsec"}], "unread": []}],
    ),
    ("/frames/{id}/tables/{name}/", "get"): (
        None,
        {"time_utc": ["2019-02-01T05:12:33.650000Z"], "DIMM_SEEING": [0.71]},
    ),
    ("/muse/targets/", "post"): ({"name": "NGC 3201", "aliases": ["GCl 15"]}, TARGET),
    ("/muse/targets/{target_id}/", "get"): (None, TARGET),
    ("/muse/targets/{target_id}/", "patch"): ({"aliases": ["GCl 15"]}, TARGET),
    ("/muse/targets/{target_id}/merge/", "post"): ({"target": 9}, TARGET),
    ("/muse/exposures/", "post"): ({"name": "NGC3201_a", "target": "NGC 3201", "values": {"airmass": 1.12}}, ALONE),
    (NAME, "get"): (None, ALONE),
    (NAME, "patch"): ({"target": "NGC 3201", "values": {"airmass": None}}, ALONE),
    (f"{NAME}data/", "get"): (None, DATA),
    (f"{NAME}data/", "put"): (DATA, FILLED),
    (f"{NAME}data/{{hdu}}/", "get"): (None, DATA["ASM_DATA"]),
    (f"{NAME}psfParams/", "get"): (None, PSF_PARAMS),
    (f"{NAME}psfParams/", "put"): (PSF_PARAMS, FILLED),
    (f"{NAME}sources/", "get"): (None, SOURCES),
    (f"{NAME}sources/", "put"): (SOURCES, FILLED),
    (f"{NAME}sources/{{source}}/", "get"): (None, SOURCES["PM_17"]),
}
