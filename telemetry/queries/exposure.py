"""Values at an exposure from t0 to t1, by two rules.

A *state* is the last value before t0, unless it changes before t1: then the new value, the last of several.
A *continuous* quantity is interpolated linearly at the middle of the exposure between the records around it. What is
missing is None, and `invalid` says why.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS

from telemetry.errors import UsageError
from telemetry.queries.asking import rows_of
from telemetry.queries.channels import Channel, parsed
from telemetry.queries.keys import Key
from telemetry.queries.times import NS_PER_S, columns_of, iso, ns_of

STATE, CONTINUOUS = "state", "continuous"
RULES = (STATE, CONTINUOUS)
MOST_KEYS = 3000
RECORDS_BACK = 200  # records of a channel among which one with the key is looked for


class Said(NamedTuple):
    """What a record says of a key. `nonfinite` is nan, inf or -inf where the value is None for that reason."""

    at_ns: int
    value: Any
    nonfinite: str | None

    @property
    def is_number(self) -> bool:
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)


@dataclass(frozen=True, slots=True)
class Around:
    """Records around an exposure that say something of a key; None where there is none."""

    before: Said | None  # the last one at or before t0
    changed: Said | None  # one within the exposure that says something else
    last: Said | None  # the last one before t1
    low: Said | None  # the last one at or before the middle
    high: Said | None  # the first one at or after it


@dataclass(frozen=True, slots=True)
class Value:
    """A key's value at an exposure; `at_ns` are the times of the records that it follows from."""

    channel: Channel
    key: Key
    rule: str
    value: Any
    invalid: str = ""
    nonfinite: str | None = None
    changed: bool = False
    at_ns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Exposure:
    """From t0 to t1, and how far from it a record may lie to count; None: any distance."""

    start_ns: int
    end_ns: int
    max_age_s: float | None = None

    def __post_init__(self) -> None:
        if self.start_ns > self.end_ns:
            raise UsageError(f"start ({iso(self.start_ns)}) is after end ({iso(self.end_ns)}): exchange them.")

    @property
    def twice_middle_ns(self) -> int:
        return self.start_ns + self.end_ns


def at_exposure(
    wanted: Sequence[tuple[Channel, Key]],
    exposure: Exposure,
    *,
    rule: str | None = None,
    using: str = DEFAULT_DB_ALIAS,
) -> list[Value]:
    """The value of each key. Without a rule, real numbers are continuous and all others states."""
    if len(wanted) > MOST_KEYS:
        raise UsageError(f"{len(wanted)} keys are too many at once: name fewer, at most {MOST_KEYS}.")
    around = _around(wanted, exposure, using=using)
    return [_value(channel, key, around[number], exposure, rule) for number, (channel, key) in enumerate(wanted)]


def _value(channel: Channel, key: Key, around: Around, exposure: Exposure, rule: str | None) -> Value:
    rule = rule or _rule_of(around)
    found = _state(around, exposure) if rule == STATE else _continuous(around, exposure)
    return Value(channel, key, rule, *found)


def _rule_of(around: Around) -> str:
    """By the type of what the records say: one real number among them makes it continuous."""
    said = [each for each in (around.before, around.low, around.high) if each is not None]
    return CONTINUOUS if any(_is_real(each.value) or each.nonfinite for each in said) else STATE


def _is_real(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_is_real, value))
    return isinstance(value, float)


def _state(around: Around, exposure: Exposure) -> tuple[Any, str, str | None, bool, tuple[int, ...]]:
    found = max((said for said in (around.before, around.last) if said is not None), default=None, key=_time)
    if found is None:
        return None, "no record before the exposure or in it", None, False, ()
    if _is_too_old(exposure, exposure.start_ns - found.at_ns):
        return None, f"the last record is of {iso(found.at_ns)}", None, False, (found.at_ns,)
    invalid = f"the value is {found.nonfinite or 'null'}" if found.value is None else ""
    return found.value, invalid, found.nonfinite, around.changed is not None, (found.at_ns,)


def _time(said: Said) -> int:
    return said.at_ns


def _continuous(around: Around, exposure: Exposure) -> tuple[Any, str, str | None, bool, tuple[int, ...]]:
    low, high = around.low, around.high
    if low is None or high is None:
        side = "before" if low is None else "after"
        return None, f"no record {side} the middle of the exposure", None, False, ()
    times = (low.at_ns,) if low.at_ns == high.at_ns else (low.at_ns, high.at_ns)
    for said in (low, high):
        if _is_too_old(exposure, abs(exposure.twice_middle_ns - 2 * said.at_ns) // 2):
            return None, f"the nearest record on one side is of {iso(said.at_ns)}", None, False, times
        if said.value is None:
            return None, f"a record beside it says {said.nonfinite or 'null'}", said.nonfinite, False, times
    return _interpolated(low, high, exposure), *_fault_of(low, high), None, False, times


def _fault_of(low: Said, high: Said) -> tuple[str]:
    fits = _between(low.value, high.value, 0.5) is not None
    return ("" if fits else "the records beside it say no numbers: ask with rule=state",)


def _interpolated(low: Said, high: Said, exposure: Exposure) -> Any:
    span_ns = high.at_ns - low.at_ns
    # Twice the middle is whole, where the middle may be half a nanosecond.
    share = (exposure.twice_middle_ns - 2 * low.at_ns) / (2 * span_ns) if span_ns else 0.0
    return _between(low.value, high.value, share)


def _between(low: Any, high: Any, share: float) -> Any:
    """Linear between numbers, or vectors of numbers of one length; None for anything else."""
    if isinstance(low, list) and isinstance(high, list) and len(low) == len(high):
        found = [_between(*pair, share) for pair in zip(low, high, strict=True)]
        return None if None in found else found
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in (low, high)):
        return None
    found_here = low * (1.0 - share) + high * share
    return found_here if math.isfinite(found_here) else None


def _is_too_old(exposure: Exposure, away_ns: int) -> bool:
    return exposure.max_age_s is not None and away_ns > exposure.max_age_s * NS_PER_S


AROUND = """
    SELECT asked.n, {columns}
    FROM (VALUES {asked}) AS asked (n, channel_id, path)
    LEFT JOIN LATERAL ({before}) before ON true
    LEFT JOIN LATERAL (
        SELECT ts, ns, said, nonfinite FROM (
            SELECT ts, ns, recording_id, seq, msg #> asked.path AS said, nonfinite FROM telemetry.record
            WHERE channel_id = asked.channel_id AND ts >= %(t0)s AND (ts, ns) > (%(t0)s, %(t0_ns)s)
                AND ts <= %(t1)s AND (ts, ns) < (%(t1)s, %(t1_ns)s)
        ) inside
        WHERE said IS NOT NULL AND said IS DISTINCT FROM before.said
        ORDER BY ts DESC, ns DESC, recording_id DESC, seq DESC LIMIT 1
    ) changed ON true
    LEFT JOIN LATERAL ({last}) last ON true
    LEFT JOIN LATERAL ({low}) low ON true
    LEFT JOIN LATERAL ({high}) high ON true
"""
NEAR = """
    SELECT ts, ns, said, nonfinite FROM (
        SELECT ts, ns, recording_id, seq, msg #> asked.path AS said, nonfinite FROM telemetry.record
        WHERE channel_id = asked.channel_id AND ts {plain} %({at})s AND (ts, ns) {way} (%({at})s, %({at}_ns)s)
        ORDER BY {order} LIMIT {back}
    ) near
    WHERE said IS NOT NULL ORDER BY {order} LIMIT 1
"""
BACKWARDS = "ts DESC, ns DESC, recording_id DESC, seq DESC"
FORWARDS = "ts, ns, recording_id, seq"
SIDES = ("before", "changed", "last", "low", "high")


def _around(wanted: Sequence[tuple[Channel, Key]], exposure: Exposure, *, using: str) -> dict[int, Around]:
    if not wanted:
        return {}
    values: dict[str, Any] = {}
    asked = []
    for number, (channel, key) in enumerate(wanted):
        values[f"path_{number}"] = key.path
        asked.append(f"({number}, {channel.id}, %(path_{number})s::text[])")
    moments = {"t0": exposure.start_ns, "t1": exposure.end_ns}
    moments |= {"low": exposure.twice_middle_ns // 2, "high": -(-exposure.twice_middle_ns // 2)}
    for name, at_ns in moments.items():
        values[name], values[f"{name}_ns"] = columns_of(at_ns)
    question = AROUND.format(
        asked=", ".join(asked),
        columns=", ".join(f"{side}.{column}" for side in SIDES for column in ("ts", "ns", "said", "nonfinite")),
        before=NEAR.format(plain="<=", way="<=", at="t0", order=BACKWARDS, back=RECORDS_BACK),
        last=NEAR.format(plain="<=", way="<", at="t1", order=BACKWARDS, back=RECORDS_BACK),
        low=NEAR.format(plain="<=", way="<=", at="low", order=BACKWARDS, back=RECORDS_BACK),
        high=NEAR.format(plain=">=", way=">=", at="high", order=FORWARDS, back=RECORDS_BACK),
    )
    keys = [key for _, key in wanted]
    return {row[0]: _sides(keys[row[0]], row[1:]) for row in rows_of(question, values, using=using)}


def _sides(key: Key, columns: Sequence[Any]) -> Around:
    return Around(*(_said(key, *columns[at : at + 4]) for at in range(0, 4 * len(SIDES), 4)))


def _said(key: Key, ts: Any, ns: int | None, said: str | None, nonfinite: str | None) -> Said | None:
    if ts is None or ns is None:
        return None
    return Said(ns_of(ts, ns), parsed(said), (parsed(nonfinite) or {}).get(key.plain))
