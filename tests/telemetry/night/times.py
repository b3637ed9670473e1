"""When devices run, when they are silent and why, and when they write. Times are Unix nanoseconds."""

import zlib
from dataclasses import dataclass, field

import numpy as np

from tests.telemetry.night.roster import Device

S = 1_000_000_000
START_NS = 1_761_954_840 * S  # 2025-10-31T23:54:00Z: the month ends in the night
HEARTBEAT_S, JITTER_S = 10.001, 0.002
EVERY_S = {"status_report": 1.0}  # by event type, where it is not each 10 s
BURSTS_PER_S, BURST_STEP_S = 0.02, 1.07
FIRST_RECORD_S = 0.3  # after a process began; then there is less than 0.2 s to it
RESTART_S = 1.2  # so that restarts make no gap: 10.003 + 1.2 + 0.5 < 12
THRESHOLD_S = 12.0
RESTARTS = 3
ABSENT = 0.05  # of devices


@dataclass(frozen=True, slots=True)
class Absence:
    """A time in which a device writes no telemetry."""

    start_ns: int
    end_ns: int
    reason: str  # device_state, silent or no_file


@dataclass(slots=True)
class Life:
    """One device's night. A run is one process, and so one file or more."""

    runs: list[tuple[int, int]]
    absences: list[Absence] = field(default_factory=list)  # one in a run at most

    def segments(self) -> list[tuple[int, int]]:
        """Times in which it measures."""
        found = []
        for start, end in self.runs:
            for absence in self.absences:
                if start < absence.start_ns < end:
                    found += [(start, absence.start_ns), (absence.end_ns, end)]
                    break
            else:
                found.append((start, end))
        return found


def rng_for(*words: object) -> np.random.Generator:
    """A generator of its own for each device and purpose: another device changes nothing of it."""
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


def lives(devices: list[Device], *, seed: int, start_ns: int, end_ns: int) -> tuple[dict[str, Life], str]:
    """Restarts of each computer and absences of a few devices; and the device whose second file a test may leave out."""
    found = {device.name: _with_restarts(device, seed=seed, start_ns=start_ns, end_ns=end_ns) for device in devices}
    # Those that write little, one file per run; others of the night's truths are told of the telescope and the first stage.
    spared = {"observers", "telescope", "reporter", "stage_01"}
    plain = [device.name for device in devices if device.events and not device.bursts and device.name not in spared]
    rng = rng_for(seed, "absences")
    chosen = [plain[number] for number in rng.permutation(len(plain))]
    n_state = max(1, round(ABSENT * len(devices)))
    for name in chosen[:n_state]:
        found[name].absences.append(_absence(found[name], rng, "device_state"))
    found[chosen[n_state]].absences.append(_absence(found[chosen[n_state]], rng, "silent"))
    _crash(found[chosen[n_state + 1]], rng)
    return found, chosen[n_state + 2]


def _with_restarts(device: Device, *, seed: int, start_ns: int, end_ns: int) -> Life:
    rng = rng_for(seed, device.name, "restarts")
    of_host = rng_for(seed, device.host, "restarts").uniform(-0.05, 0.05, RESTARTS)
    fractions = (np.arange(1, RESTARTS + 1) / (RESTARTS + 1)) + of_host
    borders = [start_ns + int(fraction * (end_ns - start_ns)) + int(rng.integers(5 * S)) for fraction in fractions]
    starts = [start_ns + int(rng.integers(2 * S)), *(border + int(RESTART_S * S) for border in borders)]
    return Life(list(zip(starts, [*borders, end_ns], strict=True)))


def _absence(life: Life, rng: np.random.Generator, reason: str) -> Absence:
    """60 s to an hour inside of one run, and some heartbeats before and after it."""
    start, end = life.runs[int(rng.integers(len(life.runs)))]
    room = end - start - 50 * S
    if room < 60 * S:
        raise SystemExit("The night is too short for an absence of a minute in one run: ask for 0.2 hours at least.")
    length = int(rng.integers(60 * S, min(3600 * S, room) + 1))
    begins = start + 25 * S + int(rng.integers(room - length + 1))
    return Absence(begins, begins + length, reason)


def _crash(life: Life, rng: np.random.Generator) -> None:
    """A process ends without a word, and another comes after a minute or more: no file has that time."""
    absence = _absence(life, rng, "no_file")
    number = next(number for number, (start, end) in enumerate(life.runs) if start < absence.start_ns < end)
    start, end = life.runs[number]
    life.runs[number : number + 1] = [(start, absence.start_ns), (absence.end_ns, end)]
    life.absences.append(absence)


def heartbeats(
    segments: list[tuple[int, int]], rng: np.random.Generator, *, every_s: float = HEARTBEAT_S
) -> np.ndarray:
    """Each segment begins with a record; others follow after 10.001 s, give or take 2 ms."""
    found = []
    for start, end in segments:
        first = start + int((FIRST_RECORD_S + rng.uniform(0, 0.2)) * S)
        count = int((end - first) / S / (every_s - JITTER_S)) + 2
        steps = (rng.uniform(every_s - JITTER_S, every_s + JITTER_S, count) * S).astype(np.int64)
        times = first + np.concatenate(([0], np.cumsum(steps)))
        found.append(times[times < end])
    return np.concatenate(found)


def bursts(segments: list[tuple[int, int]], rng: np.random.Generator) -> np.ndarray:
    """Runs of 5 to 50 records, 1.07 s apart, that begin 0.02 times a second."""
    found = [np.empty(0, np.int64)]
    for start, end in segments:
        first = start + S
        onsets = rng.integers(first, max(end, first + 1), rng.poisson(BURSTS_PER_S * (end - start) / S))
        for onset in onsets:
            times = onset + (np.arange(rng.integers(5, 51)) * BURST_STEP_S * S).astype(np.int64)
            found.append(times[times < end])
    return np.concatenate(found)
