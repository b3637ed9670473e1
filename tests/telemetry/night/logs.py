"""What processes say besides telemetry: that they begin and end, how they are set up, and in which state they are."""

from itertools import pairwise
from typing import Any

from tests.telemetry.night.roster import Device
from tests.telemetry.night.times import Absence, Life, S
from tests.telemetry.night.values import Values

INFO, NOTE = 6, 5
MS = 1_000_000
PROPERTY = "telem_indi_set"
UNINITIALIZED, INITIALIZED, NOT_CONNECTED, CONNECTED, OPERATING = 0, 1, 8, 10, 30
TWINS_NS = 812  # apart, and in one microsecond
N_USER_LOGS = 5

Told = tuple[int, str, Values, int]  # Unix ns, event type, message, priority
Twins = tuple[str, str, int, int]


def twins(devices: list[Device], lives: dict[str, Life]) -> Twins:
    """Device, event and times of two records in one microsecond."""
    device = next(device for device in devices if device.kind == "cooler")
    at = lives[device.name].runs[0][0] + 2 * S
    at -= at % 1000 - 40
    return device.name, "text_log", at, at + TWINS_NS


def logs_of(device: Device, life: Life, pair: Twins) -> list[Told]:
    """All that one device says, in the order of time."""
    found: list[Told] = []
    for start, end in life.runs:
        found += _begun(device, start)
        if not any(absence.reason == "no_file" and absence.start_ns == end for absence in life.absences):
            found.append((end - 5 * MS, "process_ended", {}, INFO))
    for absence in life.absences:
        if absence.reason == "device_state":
            found += _out(absence)
    if device.name == pair[0]:
        found += [(at, "text_log", {"message": f"twin {number}"}, INFO) for number, at in enumerate(pair[2:])]
    if device.name == "observers":
        found += _user_logs(life)
    return sorted(found, key=lambda told: told[0])


def property_set(device: Device, number: int) -> Any:
    """A property of a Python process as its line tells it; each fiftieth is a mere text."""
    if number % 50 == 7:
        return f"number {number} of {device.name}"
    state = ("Ok", "Busy", "Idle")[number % 3]
    return {"device": device.name, "name": "counter", "state": state, "elements": {"count": number, "part": number / 8}}


def _begun(device: Device, start: int) -> list[Told]:
    configured: list[Told] = [
        (
            start + (2 + number) * MS,
            "config_log",
            {"name": name, "code": number, "value": value, "source": "file"},
            INFO,
        )
        for number, (name, value) in enumerate((("loop.pause", "1000000000"), ("telemeter.maxInterval", "10.0")))
    ]
    steps = (UNINITIALIZED, INITIALIZED, NOT_CONNECTED, CONNECTED, OPERATING)
    return [
        (start, "process_begun", {}, INFO),
        (start + MS, "text_log", {"message": f"{device.name} began"}, INFO),
        *configured,
        *_changes(start + 10 * MS, steps),
    ]


def _out(absence: Absence) -> list[Told]:
    """The device is not connected any more, and comes back shortly before it measures again."""
    gone = _changes(absence.start_ns + 50 * MS, (OPERATING, NOT_CONNECTED))
    return gone + _changes(absence.end_ns - 500 * MS, (NOT_CONNECTED, CONNECTED, OPERATING))


def _changes(at: int, steps: tuple[int, ...]) -> list[Told]:
    return [
        (at + number * 20 * MS, "state_change", {"from": before, "to": after}, INFO)
        for number, (before, after) in enumerate(pairwise(steps))
    ]


def _user_logs(life: Life) -> list[Told]:
    start, end = life.runs[0]
    return [
        (start + (number + 1) * (end - start) // (N_USER_LOGS + 2), "user_log", {"email": "ada@example.org", "message": f"note {number}: seeing ½ arcsec"}, NOTE)
        for number in range(N_USER_LOGS)
    ]  # fmt: skip
