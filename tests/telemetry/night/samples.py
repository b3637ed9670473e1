"""Values at exposures, by the rules for states and for what goes on continuously."""

from bisect import bisect_left, bisect_right
from fractions import Fraction

from tests.telemetry.night.roster import Device
from tests.telemetry.night.times import Life, S
from tests.telemetry.night.truth import Row, Sample

KEYS = {"telescope": ("sky_pointing", "dec", True), "stage_01": ("preset_choice", "presetName", False)}
N_EXPOSURES, EXPOSURE_S = 12, 15


def samples_of(device: Device, life: Life, rows: list[Row]) -> list[Sample]:
    """Exposures of 15 s all over the night, and one before it."""
    if device.name not in KEYS:
        return []
    event, key, is_number = KEYS[device.name]
    series = [(ns, values[key]) for ns, each, values in rows if each == event]
    start, end = life.runs[0][0], life.runs[-1][1]
    begins = [
        start - 3600 * S,
        *(start + (2 * number + 1) * (end - start) // (2 * N_EXPOSURES) for number in range(N_EXPOSURES)),
    ]
    found = []
    for begin in begins:
        until = begin + EXPOSURE_S * S
        during = {value for ns, value in series if begin <= ns < until}
        if len(during) > 1 and not is_number:
            continue  # which of two changes counts is not said
        middle = (begin + until) // 2
        linear = _linear(series, middle) if is_number else None
        found.append(Sample(device.name, event, key, begin, until, _state(series, until), linear))
    return found


def _state(series: list[tuple[int, object]], until: int) -> object:
    place = bisect_left(series, until, key=lambda each: each[0])
    return series[place - 1][1] if place else None


def _linear(series: list[tuple[int, float]], at: int) -> float | None:
    """Exact, then rounded once."""
    place = bisect_right(series, at, key=lambda each: each[0])
    if not 0 < place < len(series):
        return None
    (before, low), (after, high) = series[place - 1], series[place]
    return float(Fraction(low) + (Fraction(high) - Fraction(low)) * Fraction(at - before, after - before))
