"""One night of telemetry, written as an instrument's processes would, with what must be found in it."""

from bisect import bisect_left
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from tests.telemetry.encoding import TELEM
from tests.telemetry.night import logs, observers
from tests.telemetry.night.gaps import gaps_of
from tests.telemetry.night.roster import Device, roster
from tests.telemetry.night.samples import samples_of
from tests.telemetry.night.times import EVERY_S, HEARTBEAT_S, START_NS, Life, S, bursts, heartbeats, lives, rng_for
from tests.telemetry.night.tree import README, Tree, iso
from tests.telemetry.night.truth import Checksum, Expected, File, Row
from tests.telemetry.night.values import SERIES
from tests.telemetry.shapes import EVENTS
from tests.telemetry.templates import Encoder

ROLL_OVER_BYTES = 10_485_760
N_IMAGES, IMAGE_BYTES = 3, 2048


@dataclass(frozen=True, slots=True)
class Night:
    """What is asked for."""

    seed: int = 1
    hosts: int = 3
    devices: int = 162
    hours: float = 10.0
    roll_over_bytes: int = ROLL_OVER_BYTES
    start_ns: int = START_NS

    @property
    def end_ns(self) -> int:
        return self.start_ns + int(self.hours * 3600 * S)


def make_night(night: Night, root: Path) -> Expected:
    """Write the night below `root`: `<host>/opt/MagAOX/…` and `expected/`. The same night is the same bytes."""
    return _Maker(night, root).made()


class _Maker:
    def __init__(self, night: Night, root: Path) -> None:
        self._night = night
        self._tree = Tree(root, roll_over_bytes=night.roll_over_bytes)
        self._devices = roster(hosts=night.hosts, devices=night.devices)
        self._lives, self._withheld = lives(
            self._devices, seed=night.seed, start_ns=night.start_ns, end_ns=night.end_ns
        )
        self._encoders = {event: Encoder(event) for event in EVENTS}
        self._checksum = Checksum()
        self._counts: dict[str, dict[str, int]] = {}
        self._spans: list[dict[str, Any]] = []
        self._gaps: list[dict[str, Any]] = []
        self._samples: list[dict[str, Any]] = []

    def made(self) -> Expected:
        twins = logs.twins(self._devices, self._lives)
        for device in self._devices:
            rows = self._python(device) if device.is_python else self._binary(device, twins)
            self._checksum.add(device.name, rows)
            self._counts[device.name] = dict(sorted(Counter(event for _, event, _ in rows).items()))
        expected = Expected(
            self._night.start_ns, self._night.end_ns, sum(sum(each.values()) for each in self._counts.values()), self._counts,
            self._checksum.of_all(), self._checksum.of_device, twins, self._spans, self._gaps, self._samples,
            [asdict(file) for file in sorted(self._tree.files, key=lambda file: (file.host, file.path))],
        )  # fmt: skip
        expected.write(self._tree.root / "expected")
        (self._tree.root / "README.md").write_text(README)
        return expected

    def _binary(self, device: Device, twins: logs.Twins) -> list[Row]:
        life = self._lives[device.name]
        telemetry = self._telemetry(device, life)
        told = logs.logs_of(device, life, twins)
        before = len(self._tree.files)
        self._write(device, "bintel", life, [(ns, event, values, TELEM) for ns, event, values in telemetry])
        of_telemetry = self._tree.files[before:]
        self._write(device, "binlog", life, told)
        if device.kind == "camera":
            self._images(device, life)
        self._tell(device, life, telemetry, of_telemetry)
        return telemetry + [(ns, event, values) for ns, event, values, _ in told]

    def _telemetry(self, device: Device, life: Life) -> list[Row]:
        """Records of all its channels in the order of time."""
        if device.name == observers.DEVICE:
            times, values, spans = observers.observers(life, seed=self._night.seed)
            self._spans = [asdict(span) for span in spans]
            return [(ns, observers.EVENT, each) for ns, each in zip(times, values, strict=True)]
        rows: list[Row] = []
        for number, event in enumerate(device.events):
            rng = rng_for(self._night.seed, device.name, event)
            beats = heartbeats(life.segments(), rng, every_s=EVERY_S.get(event, HEARTBEAT_S))
            of_bursts = bursts(life.segments(), rng) if device.bursts and number == 0 else beats
            written_at = np.union1d(beats, of_bursts)
            values = SERIES[event](rng, (written_at - self._night.start_ns) / S)
            rows += [(ns, event, each) for ns, each in zip(written_at.tolist(), values, strict=True)]
        return sorted(rows, key=lambda row: row[0])

    def _write(self, device: Device, kind: str, life: Life, rows: list[logs.Told]) -> None:
        times = [row[0] for row in rows]
        for start, end in life.runs:
            of_run = rows[bisect_left(times, start) : bisect_left(times, end)]
            records = [
                (ns, self._encoders[event].record(ns, values, priority=priority))
                for ns, event, values, priority in of_run
            ]
            self._tree.binary(device, kind, records)

    def _images(self, device: Device, life: Life) -> None:
        rng = rng_for(self._night.seed, device.name, "images")
        for number in range(N_IMAGES):
            self._tree.image(device, life.runs[0][0] + (number + 5) * S, rng.bytes(IMAGE_BYTES))

    def _python(self, device: Device) -> list[Row]:
        """Lines of one run after the other. The last is still written to."""
        life = self._lives[device.name]
        rows: list[Row] = []
        for start, end in life.runs:
            times = _line_times(start, end, rng_for(self._night.seed, device.name, start))
            of_run: list[Row] = [
                (ns, logs.PROPERTY, logs.property_set(device, number)) for number, ns in enumerate(times)
            ]
            is_open = end == life.runs[-1][1]
            self._tree.lines(
                device, start, [(ns, _line(ns, event, said)) for ns, event, said in of_run], is_open=is_open
            )
            rows += of_run
        return rows

    def _tell(self, device: Device, life: Life, rows: list[Row], files: list[File]) -> None:
        withheld = files[1] if device.name == self._withheld else None
        self._gaps += [asdict(gap) for gap in gaps_of(device.name, life, rows, withheld)]
        self._samples += [asdict(sample) for sample in samples_of(device, life, rows)]


def _line(ns: int, event: str, said: Any) -> bytes:
    return orjson.dumps({"ts": f"{iso(ns)}000", "prio": "TELM", "ec": event, "msg": said}) + b"\n"


def _line_times(start: int, end: int, rng: np.random.Generator) -> list[int]:
    """One a second, to the microsecond; each thousandth has none, and so no fraction in its text."""
    seconds = np.arange(start // S + 1, end // S, dtype=np.int64)
    micros = rng.integers(1, 1_000_000, len(seconds))
    micros[3::1000] = 0
    return [int(ns) for ns in seconds * S + micros * 1000]
