"""Examples of the OpenAPI document: one body for each operation that takes or gives JSON."""

from typing import Any

from archive.api import (
    contrast_examples,
    family_examples,
    muse_examples,
    observation_examples,
    site_examples,
    telemetry_examples,
    upload_examples,
)

VERSION: dict[str, Any] = {
    "id": 41,
    "key": "20250310T011002123456Z-9e4729e1",
    "md5": "d593536ca5c708c59fe24d89c29b8e71",
    "extension": ".fits.fz",
    "url": "https://archive.example.org/store/lsc/fa15/20250309/raw/lsc1m005-fa15-20250309-0004-e00.fits.fz?…",
    "created": "2025-03-10T01:10:02.123456Z",
}
COLUMNS: dict[str, Any] = {
    "reduction_level": 0,
    "observation_day": "2025-03-09",
    "observation_date": "2025-03-10T01:08:31.456000Z",
    "proposal_id": "EXAMPLE2025A-001",
    "instrument_id": "fa15",
    "target_name": "M 51",
    "site_id": "lsc",
    "telescope_id": "1m0a",
    "exposure_time": 60.0,
    "primary_optical_element": "rp",
    "public_date": "2026-03-10T01:08:31.456000Z",
    "configuration_type": "EXPOSE",
    "observation_id": 900000001,
    "request_id": 2100001,
}
AREA = {
    "type": "Polygon",
    "coordinates": [[[-157.2, 46.9], [-157.2, 47.4], [-157.8, 47.4], [-157.8, 46.9], [-157.2, 46.9]]],
}
KEPT_SEARCH = {
    "name": "M 51 at night", "query": "target_name=M51", "way": "webhook", "address": "https://alice.example.org/frames",
}  # fmt: skip
SAVED_SEARCH = {
    "id": 3, **KEPT_SEARCH, "secret": "5f2c…", "is_active": True, "fault": "", "created_at": "2026-11-28T08:20:00Z",
}  # fmt: skip
NAME = "lsc1m005-fa15-20250309-0004-e00"
FILE = {"filename": f"{NAME}.fits.fz", "url": VERSION["url"]}
FRAME = {
    "id": 4, "basename": NAME, **COLUMNS, "version_set": [VERSION], **FILE, "area": AREA, "related_frames": [5],
}  # fmt: skip
POSTED = {
    "basename": NAME,
    **COLUMNS,
    "headers": {"SITEID": "lsc", "OBJECT": "M 51", "EXPTIME": 60.0},
    "area": AREA,
    "related_frame_filenames": ["lsc1m005-fa15-20250309-0001-b00"],
    "version_set": [{name: VERSION[name] for name in ("key", "md5", "extension")}],
}
THUMBNAIL = {
    "id": 12, "frame": 4, "size": "small", "basename": f"{NAME}-small", "extension": ".jpg",
    "key": "20250310T011004316351Z-d8c34950", "url": "https://archive.example.org/store/archive/previews/…",
}  # fmt: skip
POSTED_THUMBNAIL = {
    **POSTED,
    "basename": f"{NAME}-small",
    "frame_basename": NAME,
    "size": "small",
    "related_frame_filenames": [],
    "version_set": [{"key": THUMBNAIL["key"], "md5": "5" * 32, "extension": ".jpg"}],
}
TOKEN = {"token": "5b61803d16e88cd09205800f2d8cc900897cbab0"}
LISTS = {
    "sites": ["lsc", "ogg"], "telescopes": ["0m4b", "1m0a"], "filters": ["gp", "rp"], "instruments": ["fa15", "kb27"],
    "obstypes": ["BIAS", "EXPOSE"], "proposals": ["EXAMPLE2025A-001"], "generated_at": "2026-11-21T02:03:46.123Z",
}  # fmt: skip
IMAGE = {"hdu": 1, "name": "SCI", "width": 4096, "height": 4096, "planes": 1}
NODE = [-0.6241, -0.2582, 0.7374]
IMAGES = {
    "frame": 4, "version": 41, **IMAGE, "unit": "electron", "images": [IMAGE], "x0": 0, "y0": 0, "sky_fault": "",
    "sky": {"x": [-0.5, 4095.5], "y": [-0.5, 4095.5], "vectors": [NODE, NODE, NODE, NODE], "error_arcsec": 0.004},
}  # fmt: skip

PICTURE = {
    "id": 7, "target_name": "M 51", "site_id": "ogg", "instrument_id": "kb27", "observed_at": "2025-03-10T01:08:31Z",
    "made_at": "2026-11-21T02:00:12Z", "width_px": 768, "height_px": 512, "pixel_arcsec": 1.142, "up_deg": -3.5,
    "ra_deg": 202.4696, "dec_deg": 47.1953,
    "bands": [
        {"colour": colour, "frame": frame, "basename": f"{NAME[:-1]}{frame}", "primary_optical_element": name,
         "wavelength_nm": wavelength_nm, "exposure_time": 180.0, "observation_date": "2025-03-10T01:08:31Z"}
        for colour, frame, name, wavelength_nm in (
            ("red", 4, "ip", 767.2), ("green", 5, "rp", 626.1), ("blue", 6, "gp", 482.5),
        )
    ],
    "picture": "https://archive.example.org/gallery/7/picture.jpg",
    "small_picture": "https://archive.example.org/gallery/7/small.jpg",
    "planes": "https://archive.example.org/gallery/7/planes.fits.fz",
    "page": "https://archive.example.org/gallery/7/",
}  # fmt: skip


def _page(row: Any) -> dict[str, Any]:
    return {"count": 1, "next": None, "previous": None, "results": [row], "count_estimated": False}


# Path and method: the body that is sent, and the one that is answered.
EXAMPLES: dict[tuple[str, str], tuple[Any, Any]] = {
    ("/frames/", "get"): (None, _page(FRAME)),
    ("/frames/", "post"): (POSTED, FRAME),
    ("/frames/{id}/", "get"): (None, FRAME),
    ("/frames/{id}/", "put"): (POSTED, FRAME),
    ("/frames/{id}/", "patch"): ({"target_name": "M 51"}, FRAME),
    ("/frames/{id}/headers/", "get"): (None, {"data": POSTED["headers"]}),
    ("/frames/{id}/related/", "get"): (None, [FRAME]),
    ("/frames/{id}/cutout/sky/", "get"): (None, IMAGES),
    ("/frames/aggregate/", "get"): (None, LISTS),
    ("/frames/zip/", "post"): ({"frame_ids": [4, 5], "uncompress": False}, None),
    ("/thumbnails/", "get"): (None, _page(THUMBNAIL)),
    ("/thumbnails/", "post"): (POSTED_THUMBNAIL, {"frame": FRAME, **THUMBNAIL}),
    ("/thumbnails/{id}/", "get"): (None, THUMBNAIL),
    ("/thumbnails/{id}/", "put"): (POSTED_THUMBNAIL, THUMBNAIL),
    ("/thumbnails/{id}/", "patch"): ({"size": "small"}, THUMBNAIL),
    ("/versions/", "get"): (None, _page(VERSION)),
    ("/versions/{id}/", "get"): (None, VERSION),
    ("/filtered_images/", "get"): (None, _page(family_examples.FAMILY)),
    ("/image/{base}/", "get"): (None, family_examples.FAMILY),
    ("/fitsheader/{base}/", "get"): (None, family_examples.HEADER),
    ("/{site}/latest_images/{n}/", "get"): (None, [family_examples.FAMILY]),
    ("/latest_image_all_sites/", "get"): (None, family_examples.LATEST),
    ("/infoimage/{site}/{channel}/", "get"): (None, family_examples.INFO_IMAGE),
    ("/downloads/", "post"): ({"frame_ids": [4, 5]}, upload_examples.SELECTION),
    ("/events/replay/", "get"): (None, upload_examples.REPLAY),
    ("/ingest/{name}", "post"): (None, FRAME),
    ("/ingest/{name}", "put"): (None, FRAME),
    ("/recentuploads/", "get"): (None, _page(upload_examples.ENTRY)),
    ("/uploads/", "post"): (upload_examples.ASKED, upload_examples.OPENED),
    ("/uploads/{id}/", "get"): (None, upload_examples.FINISHED),
    ("/uploads/{id}/parts/", "post"): ({"numbers": [1]}, upload_examples.PARTS),
    ("/uploads/{id}/complete/", "post"): (upload_examples.SENT, upload_examples.FINISHED),
    ("/observations/", "get"): (None, _page(observation_examples.OBSERVATION)),
    ("/observations/{name}/", "get"): (None, observation_examples.REDUCTION),
    ("/observations/{name}/", "patch"): (observation_examples.DESCRIPTION, observation_examples.REDUCTION),
    ("/observations/{name}/redo/", "post"): (observation_examples.REDO, observation_examples.FORCED),
    ("/observations/{name}/cancel/", "post"): (observation_examples.CANCEL, observation_examples.CANCELLED),
    ("/nights/", "get"): (None, _page(observation_examples.NIGHT_SUMMARY)),
    ("/nights/{date}/", "get"): (None, observation_examples.NIGHT),
    ("/nights/{date}/progress/", "get"): (None, observation_examples.PROGRESS),
    ("/quality/strehl/", "get"): (None, _page(observation_examples.STREHL_ROW)),
    ("/quality/seeing/", "get"): (None, _page(observation_examples.SEEING_ROW)),
    ("/quality/seeing/statistics/", "get"): (None, {"results": [observation_examples.SEEING_QUARTILES]}),
    ("/quality/strehl/statistics/", "get"): (None, {"results": [observation_examples.STREHL_QUARTILES]}),
    ("/quality/contrast/statistics/", "get"): (None, {"results": [observation_examples.CONTRAST_LIMITS]}),
    ("/quality/dead-times/", "get"): (None, observation_examples.DEAD_TIMES),
    ("/quality/contrast/", "get"): (None, _page(contrast_examples.CONTRAST_ROW)),
    ("/quality/companions/", "get"): (None, _page(contrast_examples.COMPANION_ROW)),
    **muse_examples.OPERATIONS,
    ("/muse/targets/", "get"): (None, _page(muse_examples.TARGET)),
    ("/muse/exposures/", "get"): (None, _page(muse_examples.EXPOSURE)),
    ("/colour-pictures/", "get"): (None, _page(PICTURE)),
    ("/saved-searches/", "get"): (None, _page(SAVED_SEARCH)),
    ("/saved-searches/", "post"): (KEPT_SEARCH, SAVED_SEARCH),
    ("/saved-searches/{search_id}/", "get"): (None, SAVED_SEARCH),
    ("/saved-searches/{search_id}/", "patch"): ({"is_active": False}, {**SAVED_SEARCH, "is_active": False}),
    ("/psf-library/", "get"): (None, _page(contrast_examples.CANDIDATE)),
    ("/psf-library/", "post"): (contrast_examples.ADDED, contrast_examples.CANDIDATE_ALONE),
    ("/psf-library/{name}/", "get"): (None, contrast_examples.CANDIDATE_ALONE),
    ("/psf-library/versions/{sha256}/", "get"): (None, contrast_examples.LIBRARY_VERSION),
    ("/nights/{date}/subtract-anew/", "post"): (contrast_examples.WHY_ANEW, contrast_examples.ANEW),
    ("/sites/", "get"): (None, site_examples.VERSIONS),
    ("/sites/{site}/config/", "get"): (None, site_examples.VERSION),
    ("/sites/{site}/config/", "put"): (site_examples.CONFIGURATION, site_examples.VERSION),
    ("/sites/{site}/config/history/", "get"): (None, site_examples.VERSIONS),
    ("/sites/{site}/nightlog/", "get"): (None, site_examples.NOTES),
    ("/sites/{site}/nightlog/", "post"): (site_examples.NOTE_SENT, site_examples.NOTE),
    ("/sites/{site}/calendar/", "get"): (None, site_examples.CALENDAR),
    ("/telemetry/", "get"): (None, telemetry_examples.RECORDS),
    ("/telemetry/channels/", "get"): (None, telemetry_examples.CHANNELS),
    ("/telemetry/latest/", "get"): (None, telemetry_examples.LATEST),
    ("/telemetry/binned/", "get"): (None, telemetry_examples.BINNED),
    ("/telemetry/at/", "get"): (None, telemetry_examples.AT),
    ("/telemetry/gaps/", "get"): (None, telemetry_examples.GAPS),
    ("/telemetry/spans/", "get"): (None, telemetry_examples.SPANS),
    ("/frames/{id}/telemetry/", "get"): (None, telemetry_examples.AT),
    ("/files/", "get"): (None, _page(telemetry_examples.FILE)),
    ("/files/{id}/", "get"): (None, telemetry_examples.WHOLE_FILE),
    ("/files/lag/", "get"): (None, telemetry_examples.LAG),
    ("/replicas/", "get"): (None, telemetry_examples.LOCATIONS),
    ("/profile/", "get"): (
        None,
        {"username": "alice", "profile": {"proposals": ["EXAMPLE2025A-001"]}, "is_staff": False},
    ),
    ("/api-token-auth/", "post"): ({"username": "alice", "password": "…"}, TOKEN),
    ("/revoke_token/", "post"): (None, {"message": "API token revoked."}),
    ("/authprofile/addupdateuser/", "post"): (
        {"username": "alice", "profile": {"staff_view": False}, "tokens": {"api_token": "…"}},
        {"message": "User account updated"},
    ),
}


def add_examples(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Put the examples into the document: a hook of drf-spectacular."""
    for (path, method), (sent, answered) in EXAMPLES.items():
        operation = result["paths"][path][method]
        _add(operation.get("requestBody", {}), sent)
        for code, answer in operation["responses"].items():
            if code.startswith("2"):
                _add(answer, answered)
    return result


def _add(body: dict[str, Any], example: Any) -> None:
    media = body.get("content", {}).get("application/json")
    if media is not None and example is not None:
        media["example"] = example
