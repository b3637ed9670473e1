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
