"""Print one key of telemetry over a time, in ten-minute bins, and its value at an exposure.

    pip install requests
    export ARCHIVE_TOKEN=… ARCHIVE=https://archive.example.org
    python telemetry_key.py $ARCHIVE camsci1:telem_stdcam:fps 2025-11-01T00:00:00Z 2025-11-01T06:00:00Z

The exposure is the first minute of the time. A key is device:event:key, as /telemetry/channels/ lists them.
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

BIN_S = 600


def ask(address: str, route: str, **terms: str | int) -> dict[str, Any]:
    """What the archive answers. Raises SystemExit with its words if it refuses."""
    headers = {"Authorization": f"Token {os.environ['ARCHIVE_TOKEN']}"}
    answer = requests.get(f"{address}/telemetry/{route}/", params=terms, headers=headers, timeout=60)
    if not answer.ok:
        raise SystemExit(f"{answer.status_code}: {answer.text}")
    return dict(answer.json())


def main(address: str, key: str, start: str, end: str) -> None:
    [series] = ask(address, "binned", keys=key, start=start, end=end, bin_s=BIN_S)["series"]
    if series["kind"] != "number":
        raise SystemExit(f"{key} is no number: ask /telemetry/?keys= for its values.")
    print("UTC                       least       mean   greatest  records")
    columns = (series[name] for name in ("start_unix_s", "min", "mean", "max", "count"))
    for unix_s, least, mean, greatest, count in zip(*columns, strict=True):
        begins = datetime.fromtimestamp(unix_s, UTC)
        print(f"{begins:%Y-%m-%dT%H:%M:%S} {least:11.4f}{mean:11.4f}{greatest:11.4f}{count:9d}")
    closes = (datetime.fromisoformat(start) + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    [value] = ask(address, "at", keys=key, start=start, end=closes)["results"]
    print(f"At the exposure: {value['value']:.4f}, by the rule of {value['rule']} quantities.")


if __name__ == "__main__":
    main(*sys.argv[1:])
