"""What must be found of a night, by the generator's own values. Nothing here reads a file of telemetry.

The checksum. A line per record: device, event, ns as 19 digits and the canonical message, parted by tabs; SHA-256 over the lines of
all records, each with a newline, sorted by their bytes. A canonical message is JSON as orjson writes it, its keys sorted, after
each number that has no fraction became an integer (PostgreSQL tells 1.0 and 1 apart, and JSON does not). A number of 32 bits has
its shortest text that a float of 32 bits keeps.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

Row = tuple[int, str, Any]  # Unix ns, event type, message


def canonical(message: Any) -> bytes:
    """One text for messages that say the same. Takes what a JSON parser gives; orjson's and json's agree."""
    return orjson.dumps(_plain(message), option=orjson.OPT_SORT_KEYS)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def lines_of(device: str, rows: Iterable[Row]) -> list[bytes]:
    """Sorted lines of one device's records."""
    return sorted(
        b"%s\t%s\t%019d\t%s\n" % (device.encode(), event.encode(), ns, canonical(msg)) for ns, event, msg in rows
    )


@dataclass
class Checksum:
    """Takes devices in the order of their names, and so need not hold all lines at once."""

    of_device: dict[str, str] = field(default_factory=dict)
    _all: Any = field(default_factory=sha256)

    def add(self, device: str, rows: Iterable[Row]) -> None:
        assert all(device > other for other in self.of_device), "devices come in the order of their names"
        text = b"".join(lines_of(device, rows))
        self._all.update(text)
        self.of_device[device] = sha256(text).hexdigest()

    def of_all(self) -> str:
        return str(self._all.hexdigest())


def checksum(records: Iterable[tuple[str, str, int, Any]]) -> str:
    """The checksum of device, event, ns and parsed message of all records, in any order."""
    by_device: dict[str, list[Row]] = {}
    for device, event, ns, message in records:
        by_device.setdefault(device, []).append((ns, event, message))
    total = Checksum()
    for device in sorted(by_device):
        total.add(device, by_device[device])
    return total.of_all()


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence of one channel of telemetry, longer than 12 s: from its last record before to its first one after, Unix ns.

    `if_not_ingested` names host and path of the file without which there is this gap; '' for gaps that are there anyway.
    """

    device: str
    event: str
    start_ns: int
    end_ns: int
    reason: str
    if_not_ingested: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """A value at an exposure from `start_ns` to `end_ns`. None where there is none to tell.

    `state`: the last value before it, or the one to which it changes before its end. `linear`: at its middle, between the
    records around that.
    """

    device: str
    event: str
    key: str
    start_ns: int
    end_ns: int
    state: Any
    linear: float | None


@dataclass(frozen=True, slots=True)
class File:
    """One file of the tree. `path` is that on its host; the tree has it at <host><path>. Counts are None for files that are only listed."""

    host: str
    path: str
    device: str
    kind: str
    size_bytes: int
    stamp_ns: int
    n_records: int | None = None
    first_ns: int | None = None
    last_ns: int | None = None


@dataclass
class Expected:
    """All that must be found of a night."""

    start_ns: int
    end_ns: int
    total: int
    counts: dict[str, dict[str, int]]  # device, event: records
    checksum: str
    checksum_of_device: dict[str, str]
    same_microsecond: tuple[str, str, int, int]  # device, event and the times of two records
    spans: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    samples: list[dict[str, Any]]
    files: list[dict[str, Any]]

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, value in asdict(self).items():
            (folder / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n")

    @classmethod
    def read(cls, folder: Path) -> "Expected":
        """What a night's generator wrote to its folder `expected`."""
        return cls(**{path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")})
