"""Why a device was silent, by what is known of its files and of the states that it told.

In this order: a file of that time was not read (its records may yet come); the device was mostly in states in which
nothing measures; no file has anything of that time (the process did not run, or its file was lost); or it ran and said
nothing.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from telemetry.queries.asking import rows_of
from telemetry.queries.times import columns_of, iso, ns_of

NO_FILE, NOT_INGESTED, DEVICE_STATE, SILENT = "no_file", "file_not_ingested", "device_state", "silent"
REASONS = (NO_FILE, NOT_INGESTED, DEVICE_STATE, SILENT)
STATES = {
    -20: "FAILURE", -10: "ERROR", 0: "UNINITIALIZED", 1: "INITIALIZED", 2: "NODEVICE", 4: "POWEROFF", 6: "POWERON",
    8: "NOTCONNECTED", 10: "CONNECTED", 15: "LOGGEDIN", 20: "CONFIGURING", 24: "NOTHOMED", 25: "HOMING",
    30: "OPERATING", 35: "READY", 10000: "SHUTDOWN",
}  # fmt: skip
MEASURES_FROM, SHUTDOWN = 10, 10_000  # a device that is connected measures


@dataclass(frozen=True, slots=True)
class Silence:
    """From a record to the next one."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Known:
    """By device: times that its files have records of, times of files that were not read, and states that it told."""

    recorded: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    unread: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    states: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, devices: Collection[str], silences: Sequence[Silence], *, using: str = DEFAULT_DB_ALIAS) -> "Known":
        """What bears on these silences."""
        if not silences:
            return cls()
        start_ns, end_ns = min(each.start_ns for each in silences), max(each.end_ns for each in silences)
        asked: dict[str, Any] = {"devices": sorted(devices), "start": start_ns, "end": end_ns}
        asked |= {"start_ts": columns_of(start_ns)[0], "end_ts": columns_of(end_ns)[0]}
        told = rows_of(STATES_TOLD, asked, using=using)
        states = ((device, ns_of(ts, ns), int(code)) for device, ts, ns, code in told)
        return cls(
            _by_device(rows_of(RECORDED, asked, using=using)),
            _by_device(rows_of(UNREAD, asked, using=using)),
            _by_device(states),
        )


def reason_of(silence: Silence, *, device: str, known: Known) -> tuple[str, str]:
    """The reason, and a sentence on it that names no file."""
    if any(_overlaps(silence, times) for times in known.unread.get(device, ())):
        return NOT_INGESTED, "A file of this time is not read to its end."
    state = _idle_state(silence, known.states.get(device, []))
    if state is not None:
        at_ns, code = state
        return DEVICE_STATE, f"The device told the state {code} ({STATES.get(code, 'unknown')}) at {iso(at_ns)}."
    if any(_overlaps(silence, times) for times in known.recorded.get(device, ())):
        return SILENT, "The device wrote other records in this time, and none of these."
    return NO_FILE, "No file has a record of the device in this time."


def _overlaps(silence: Silence, times: tuple[int, int]) -> bool:
    """Whether they share more than a border: the records at both ends of a silence are in some file."""
    return times[0] < silence.end_ns and times[1] > silence.start_ns


def _idle_state(silence: Silence, told: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The state in which nothing measures that the device was in for most of a silence; of several the first.

    A process that begins anew goes through such states too, for less than a second: these explain nothing.
    """
    times = [at_ns for at_ns, _ in told]
    begin = max(bisect_right(times, silence.start_ns) - 1, 0)
    idle_ns, first = 0, None
    for (at_ns, code), until_ns in zip(told[begin:], [*times[begin + 1 :], silence.end_ns], strict=False):
        if at_ns >= silence.end_ns:
            break
        if not MEASURES_FROM <= code < SHUTDOWN:
            idle_ns += min(until_ns, silence.end_ns) - max(at_ns, silence.start_ns)
            first = first or (at_ns, code)
    return first if 2 * idle_ns > silence.end_ns - silence.start_ns else None


def _by_device(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for device, first, second in rows:
        found[device].append((first, second))
    return {device: sorted(pairs) for device, pairs in found.items()}


RECORDED = """
    SELECT device, first_ns, last_ns FROM telemetry.recording
    WHERE kind <> 'binlog' AND device = ANY(%(devices)s) AND first_ns <= %(end)s AND last_ns >= %(start)s
"""
# Of a file that was read in part, what follows its last record.
UNREAD = """
    SELECT file.device, greatest(file.created_ns, coalesce(recording.last_ns, file.created_ns)), file.modified_ns
    FROM telemetry.file LEFT JOIN telemetry.recording ON recording.id = file.recording_id
    WHERE file.kind IN ('bintel', 'ndjson') AND file.device = ANY(%(devices)s)
        AND file.created_ns <= %(end)s AND file.modified_ns >= %(start)s
        AND (file.ingested_size_bytes, file.ingested_modified_ns) IS DISTINCT FROM (file.size_bytes, file.modified_ns)
        AND file.size_bytes > 0
"""
STATES_TOLD = """
    SELECT channel.device, told.ts, told.ns, told.msg ->> 'to'
    FROM telemetry.channel
    CROSS JOIN LATERAL (
        (SELECT ts, ns, msg FROM telemetry.record WHERE channel_id = channel.id AND ts < %(start_ts)s
            ORDER BY ts DESC, ns DESC LIMIT 1)
        UNION ALL
        SELECT ts, ns, msg FROM telemetry.record
        WHERE channel_id = channel.id AND ts >= %(start_ts)s AND ts <= %(end_ts)s
    ) told
    WHERE channel.device = ANY(%(devices)s) AND channel.event = 'state_change'
        AND told.msg ->> 'to' ~ '^-?[0-9]{1,9}$'
"""
