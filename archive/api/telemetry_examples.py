"""Examples of the OpenAPI document for telemetry and the inventory of its files."""

from typing import Any

CHANNEL = {"device": "camsci1", "event": "telem_stdcam"}
RECORD: dict[str, Any] = {
    "ts": "2024-04-15T22:30:50.997960288Z",
    **CHANNEL,
    "priority": 64,
    "prio": "TELM",
    "msg": {"mode": "onlymode", "roi": {"xcen": 511.5, "ycen": 511.5}, "fps": 12.5, "tempCtrl": {"temp": -40.0}},
    "nonfinite": {},
    "undecoded": False,
    "recording": 12,
    "seq": 4096,
}
RECORDS = {
    "next": "https://archive.example.org/telemetry/?device=camsci1&cursor=1713220250997960288-12-4096",
    "results": [RECORD],
}
LATEST = {"results": [{**RECORD, "age_s": 4.2}]}
CHANNELS = {
    "results": [
        {**CHANNEL, "latest": RECORD["ts"], "undecoded": False, "keys": [{"key": "roi.xcen", "type": "number"}]},
    ]
}
TIMES = {"start": "2024-04-15T22:30:00.000000000Z", "end": "2024-04-15T22:31:00.000000000Z"}
BINNED = {
    **TIMES,
    "bin_s": 30.0,
    "series": [
        {
            **CHANNEL, "key": "fps", "kind": "number", "start_unix_s": [1713220200.0, 1713220230.0],
            "min": [12.4, 12.5], "max": [12.6, 12.5], "mean": [12.5, 12.5],
            "count": [3, 3], "nonfinite": [0, 0], "undecoded": [0, 0],
        }
    ],
}  # fmt: skip
AT = {
    **TIMES,
    "results": [
        {
            **CHANNEL, "key": "fps", "rule": "continuous", "value": 12.5, "invalid": False, "reason": "",
            "nonfinite": None, "changed": False,
            "at": ["2024-04-15T22:30:20.997960288Z", "2024-04-15T22:30:30.998960288Z"],
        }
    ],
}  # fmt: skip
GAPS = {
    "results": [
        {
            **CHANNEL,
            "start": "2024-04-15T22:30:50.997960288Z",
            "end": "2024-04-15T22:40:01.000000000Z",
            "duration_s": 549.0,
            "reason": "device_state",
            "says": "The device told the state 4 (POWEROFF) at 2024-04-15T22:30:52.000000000Z.",
        }
    ]
}
SPANS = {"results": [{**TIMES, "email": "observer@example.edu", "title": "beta Pic"}]}
FILE: dict[str, Any] = {
    "id": 7,
    "host": "icc",
    "path": "/opt/MagAOX/telem/camsci1_20240415223050997960288.bintel",
    "device": "camsci1",
    "kind": "bintel",
    "size_bytes": 10485700,
    "created": "2024-04-15T22:30:50.997960288Z",
    "modified": "2024-04-16T01:12:09.000000000Z",
    "sha256": None,
    "waiting": False,
    "listed_at": "2024-04-15T22:31:00Z",
    "changed_at": "2024-04-16T01:12:10Z",
    "gone_at": None,
    "n_copies": 1,
    "recording": {
        "id": 12, "state": "partial", "reason": "1 damaged place", "n_records": 96540, "n_bad": 1, "n_undecoded": 0,
        "n_unknown_fields": 0, "bytes_consumed": 10485700, "generation": 1, "bundle_digest": "6b" * 32,
        "first": "2024-04-15T22:30:50.997960288Z", "last": "2024-04-16T01:12:08.412000000Z",
        "ingested_at": "2024-04-16T01:12:12Z",
    },
}  # fmt: skip
WHOLE_FILE = {
    **FILE,
    "damages": [{"seq": 5242880, "length": 108, "reason": "the vtable lies outside of the message"}],
    "copies": [
        {
            "location": "backup-1", "path": "icc/opt/MagAOX/telem/camsci1_20240415223050997960288.bintel",
            "state": "ok",
            "is_current": True, "origin_size_bytes": 10485700, "origin_modified": "2024-04-16T01:12:09.000000000Z",
            "sha256": "5d" * 32, "copied_at": "2024-04-16T12:00:00Z", "verified_at": None,
        }
    ],
}  # fmt: skip
LOCATION = {
    "location": "backup-1", "prefix": "/mnt/backup", "is_local": True, "n_ok": 5120, "n_differs": 0, "n_missing": 0,
    "size_bytes": 53687091200, "n_not_copied": 3, "n_older": 1,
}  # fmt: skip
LOCATIONS = {"results": [LOCATION]}
LAG = {
    "hosts": [
        {
            "host": "icc", "n_files": 5124, "n_gone": 0, "n_waiting": 2, "waiting_bytes": 20971400,
            "oldest_waiting": "2024-04-16T01:12:09.000000000Z", "newest_record": "2024-04-16T01:12:08.412000000Z",
        }
    ],
    "locations": [LOCATION],
}  # fmt: skip
