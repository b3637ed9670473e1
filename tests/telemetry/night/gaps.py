"""Silences that must be found, and why."""

from itertools import pairwise

from tests.telemetry.night.times import THRESHOLD_S, Life, S
from tests.telemetry.night.truth import File, Gap, Row


def gaps_of(device: str, life: Life, rows: list[Row], withheld: File | None) -> list[Gap]:
    """Each silence of each channel of telemetry, and those that there would be without the file `withheld`."""
    found = []
    for event in sorted({event for _, event, _ in rows}):
        times = [ns for ns, each, _ in rows if each == event]
        for before, after in pairwise(times):
            if after - before > THRESHOLD_S * S:
                found.append(Gap(device, event, before, after, _reason(life, before, after)))
        if withheld:
            found.append(_without(device, event, times, withheld))
    return found


def _reason(life: Life, before: int, after: int) -> str:
    [reason] = [each.reason for each in life.absences if before < each.end_ns and each.start_ns < after]
    return reason


def _without(device: str, event: str, times: list[int], withheld: File) -> Gap:
    assert withheld.first_ns is not None
    assert withheld.last_ns is not None
    before = max(ns for ns in times if ns < withheld.first_ns)
    after = min(ns for ns in times if ns > withheld.last_ns)
    return Gap(device, event, before, after, "file_not_ingested", f"{withheld.host}{withheld.path}")
