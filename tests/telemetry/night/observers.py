"""Who says that they observe what: twelve times on, one title that changes meanwhile, one that is empty, one that goes on."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from tests.telemetry.night.times import Life, heartbeats, rng_for
from tests.telemetry.night.values import Values

DEVICE, EVENT = "observers", "telem_observer"
N_TIMES, CHANGES_TITLE, HAS_NO_TITLE = 12, 4, 7
ON, CHANGE, OFF = 0.15, 0.5, 0.8  # of each twelfth of the night
PEOPLE = ("ada@example.org", "grace@example.org", "henrietta@example.org")


@dataclass(frozen=True, slots=True)
class Span:
    """What `observations` must tell. Times are those of records, Unix ns; an open one has no end."""

    start_ns: int
    end_ns: int | None
    email: str
    obsname: str


@dataclass(frozen=True, slots=True)
class _Said:
    at_ns: int
    email: str
    title: str
    observing: bool

    def values(self) -> Values:
        return {"email": self.email, "obsName": self.title, "observing": self.observing}


def observers(life: Life, *, seed: int) -> tuple[list[int], list[Values], list[Span]]:
    """Times of records, what they say, and the spans that they make."""
    said = _said(life.runs[0][0], life.runs[-1][1])
    segments = life.segments()
    beats = heartbeats(segments, rng_for(seed, DEVICE)).tolist()
    at_once = [each.at_ns for each in said if any(start <= each.at_ns < end for start, end in segments)]
    times = sorted({*beats, *at_once})
    changes = [each.at_ns for each in said]
    rows = [said[bisect_right(changes, ns) - 1].values() for ns in times]
    return times, rows, _spans(said, times)


def _said(start_ns: int, end_ns: int) -> list[_Said]:
    twelfth = (end_ns - start_ns) // N_TIMES
    found = [_Said(start_ns, PEOPLE[0], "preparing", False)]
    for number in range(N_TIMES):
        begin, email = start_ns + number * twelfth, PEOPLE[number % len(PEOPLE)]
        title = "" if number == HAS_NO_TITLE else f"star {number:02}"
        found.append(_Said(begin + int(ON * twelfth), email, title, True))
        if number == CHANGES_TITLE:
            title += " again"
            found.append(_Said(begin + int(CHANGE * twelfth), email, title, True))
        if number < N_TIMES - 1:
            found.append(_Said(begin + int(OFF * twelfth), email, title, False))
    return found


def _spans(said: list[_Said], times: list[int]) -> list[Span]:
    """A span goes from the first record that says so to the first that says something else."""
    shown = [times[bisect_left(times, each.at_ns)] for each in said]
    found = []
    for number, each in enumerate(said):
        if each.observing and each.title:
            end = shown[number + 1] if number + 1 < len(said) else None
            found.append(Span(shown[number], end, each.email, each.title))
    return found
