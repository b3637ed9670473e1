"""Writes files where an instrument's processes would."""

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.telemetry.night.roster import Device
from tests.telemetry.night.truth import File

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NESTED_HOST = "icc"  # its processes write into a folder of their own, as those of 2025 do
README = """# Synthetic telemetry

Made by `python -m tests.telemetry.night`. No instrument wrote any of this. `expected/` says what must be found in it.
"""


def stamp(ns: int) -> str:
    """23 digits, UTC."""
    return f"{_moment(ns):%Y%m%d%H%M%S}{ns % 1_000_000_000:09}"


def stamp_of_start(ns: int) -> str:
    return f"{_moment(ns):%Y-%m-%dT%H%M%S}"


def iso(ns: int) -> str:
    """What Python's `isoformat` gives: no fraction where there are no microseconds."""
    return (_moment(ns) + timedelta(microseconds=ns // 1000 % 1_000_000)).replace(tzinfo=None).isoformat()


def _moment(ns: int) -> datetime:
    return EPOCH + timedelta(seconds=ns // 1_000_000_000)


class Tree:
    """The computers' files below one folder, and the list of them."""

    def __init__(self, root: Path, *, roll_over_bytes: int) -> None:
        self.root = root
        self.files: list[File] = []
        self._roll_over_bytes = roll_over_bytes

    def binary(self, device: Device, kind: str, records: list[tuple[int, bytes]]) -> None:
        """One run's records, in as many files as its size asks."""
        pieces: list[bytes] = []
        first = size = 0
        for number, (_, data) in enumerate(records):
            if pieces and size + len(data) > self._roll_over_bytes:
                self._binary(device, kind, records[first:number], pieces)
                pieces, first, size = [], number, 0
            pieces.append(data)
            size += len(data)
        if pieces:
            self._binary(device, kind, records[first:], pieces)

    def _binary(self, device: Device, kind: str, records: list[tuple[int, bytes]], pieces: list[bytes]) -> None:
        folder = "telem" if kind == "bintel" else "logs"
        if device.host == NESTED_HOST and kind == "bintel":
            folder += f"/{device.name}/2025"
        name = f"{folder}/{device.name}_{stamp(records[0][0])}.{kind}"
        self._write(device, name, kind, b"".join(pieces), records[0][0], [ns for ns, _ in records])

    def lines(self, device: Device, start_ns: int, lines: list[tuple[int, bytes]], *, is_open: bool) -> None:
        """One run of a Python process: plain while it runs, gzip once another has begun."""
        text = b"".join(line for _, line in lines)
        suffix = "" if is_open else ".gz"
        name = f"telem/{device.name}/{device.name}_{stamp_of_start(start_ns)}.ndjson{suffix}"
        data = text if is_open else gzip.compress(text, 6, mtime=0)
        begun = start_ns // 1_000_000_000 * 1_000_000_000
        self._write(device, name, "ndjson", data, begun, [ns for ns, _ in lines])
        log = f"{iso(start_ns)} {device.name} began\n".encode()
        log_name = f"logs/{device.name}/{device.name}_{stamp_of_start(start_ns)}.log{suffix}"
        self._write(device, log_name, "log", log if is_open else gzip.compress(log, 6, mtime=0), begun, None)

    def image(self, device: Device, ns: int, data: bytes) -> None:
        self._write(device, f"rawimages/{device.name}/{device.name}_{stamp(ns)}.xrif", "xrif", data, ns, None)

    def _write(self, device: Device, name: str, kind: str, data: bytes, stamp_ns: int, times: list[int] | None) -> None:
        path = f"/opt/MagAOX/{name}"
        place = self.root / device.host / path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        last = times[-1] if times else stamp_ns
        os.utime(place, ns=(last, last))
        counted = (len(times), times[0], last) if times else (None, None, None)
        self.files.append(File(device.host, path, device.name, kind, len(data), stamp_ns, *counted))
