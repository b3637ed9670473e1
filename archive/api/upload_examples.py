"""Examples of the OpenAPI document for what comes in, and for downloads of many files."""

from typing import Any

NAME = "lsc1m005-fa15-20250309-0010-e00.fits"
HOST = "https://archive.example.org"
TICKET_ID = "0b7f3c1e-5a0b-4f5e-9d0f-3f2f6f1f5a11"
SELECTION_ID = "6f1d5a11-0b7f-4c1e-9d0f-5a0b3f2f4f5e"
TICKET: dict[str, Any] = {
    "id": TICKET_ID,
    "kind": "data",
    "object_name": NAME,
    "size": 84_000_960,
    "info_channel": None,
    "expires": None,
    "valid_until": "2026-11-27T13:05:00Z",
    "finished_at": None,
}
PUT = {"url": f"{HOST}/bucket/data/{NAME}?X-Amz-Signature=…", "headers": {}}
OPENED = {
    **TICKET,
    "frame": 10,
    "base_filename": None,
    "put": PUT,
    "post": None,
    "parts": None,
    "complete": f"{HOST}/uploads/{TICKET_ID}/complete/",
}
OBJECT = {"key": "1795777520.05663", "state": "taken", "reason": "", "frame": 10}
FINISHED = {**TICKET, "finished_at": "2026-11-27T12:41:10Z", "objects": [OBJECT]}
ASKED = {"object_name": NAME, "kind": "data", "size": TICKET["size"], "header": {"OBJECT": "M 51", "SITEID": "lsc"}}
PARTS = {"parts": [{"number": 1, "url": f"{HOST}/bucket/data/{NAME}?partNumber=1&…", "headers": {}}]}
SENT = {"parts": [{"number": 1, "etag": "9e107d9d372bb6826bd81d3542a419d6"}]}
ENTRY = {
    "site": "lsc",
    "filename": NAME,
    "size_bytes": TICKET["size"],
    "uploaded_at": "2026-11-27T12:41:10Z",
    "upload_timestamp_s": 1795783270.0,
    "expire_timestamp_s": 1795956070.0,
    "frame": 10,
}
SELECTION = {
    "url": f"{HOST}/downloads/{SELECTION_ID}/",
    "count": 2,
    "size_bytes": 14_405_760,
    "expires_at": "2026-11-28T12:41:10Z",
    "filename": "ocs_archive_data-20261127-2.zip",
    "left_out": [],
}
EVENT = {
    "id": TICKET_ID,
    "event": "frame.ingested",
    "position": 412,
    "created_at": "2026-11-27T12:41:10.123456Z",
    "frame_id": 10,
    "body": {"frameid": 10, "filename": NAME, "SITEID": "lsc"},
}
REPLAY = {"position": 412, "next": None, "results": [EVENT]}
