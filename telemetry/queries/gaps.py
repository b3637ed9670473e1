"""Silences of channels, and why: each device repeats what it measures at least every ten seconds while it measures."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from telemetry.errors import UsageError
from telemetry.queries.asking import rows_of, within
from telemetry.queries.channels import Channel
from telemetry.queries.reasons import Known, Silence, reason_of
from telemetry.queries.times import NS_PER_S, Window, columns_of, ns_of

USUAL_THRESHOLD_S = 12.0
LONGEST_S = 31 * 86_400
MOST_GAPS = 10_000


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence of one channel. None: there is no record at all before it, or after it; the window ends it then."""

    channel: Channel
    start_ns: int | None
    end_ns: int | None
    duration_s: float  # up to the border of the window where a record is missing
    reason: str
    says: str


def gaps(
    channels: Sequence[Channel],
    window: Window,
    *,
    threshold_s: float = USUAL_THRESHOLD_S,
    using: str = DEFAULT_DB_ALIAS,
) -> list[Gap]:
    """Silences longer than the threshold that touch the window, in the order of channels and times.

    A silence is told whole, from record to record, also where these lie outside of the window.
    """
    if not threshold_s > 0:
        raise UsageError("threshold_s must be above 0; 12 fits heartbeats of ten seconds.")
    if window.length_ns > LONGEST_S * NS_PER_S:
        raise UsageError("ask for the gaps of at most 31 days at once.")
    start_ns, end_ns = window.bounds()
    if start_ns == end_ns:
        return []
    found = _silences(channels, window, threshold_s, using=using)
    if len(found) > MOST_GAPS:
        raise UsageError(f"there are more than {MOST_GAPS} gaps: ask for fewer devices, or a longer threshold_s.")
    by_id = {channel.id: channel for channel in channels}
    silences = [
        (by_id[channel_id], before, after, Silence(before or start_ns, after or end_ns))
        for channel_id, before, after in found
    ]
    known = Known.of({each.device for each, *_ in silences}, [silence for *_, silence in silences], using=using)
    return [_gap(channel, before, after, silence, known) for channel, before, after, silence in silences]


def heartbeats(channels: Sequence[Channel], window: Window, *, using: str = DEFAULT_DB_ALIAS) -> list[Channel]:
    """Those of the channels that are written as telemetry, not as logs: only these are never silent for long."""
    _, end_ns = window.bounds()
    condition, values = within(Window(end_ns=end_ns))
    question = f"""
        SELECT asked.id FROM unnest(%s::integer[]) AS asked (id)
        CROSS JOIN LATERAL (
            SELECT recording_id FROM telemetry.record WHERE channel_id = asked.id AND {condition}
            ORDER BY ts DESC, ns DESC LIMIT 1
        ) last
        JOIN telemetry.recording ON recording.id = last.recording_id WHERE recording.kind = 'bintel'"""  # noqa: S608 - the condition is ours, values are parameters
    kept = {row[0] for row in rows_of(question, [[channel.id for channel in channels], *values], using=using)}
    return [channel for channel in channels if channel.id in kept]


def _gap(channel: Channel, before: int | None, after: int | None, silence: Silence, known: Known) -> Gap:
    reason, says = reason_of(silence, device=channel.device, known=known)
    return Gap(channel, before, after, (silence.end_ns - silence.start_ns) / NS_PER_S, reason, says)


# The records of the window with the one before it and the one after it, and the borders where there is none.
SILENCES = """
    WITH asked AS (SELECT unnest(%(ids)s::integer[]) AS id), said AS (
        SELECT id, ts, ns, true AS is_record FROM asked CROSS JOIN LATERAL (
            SELECT ts, ns FROM telemetry.record WHERE channel_id = asked.id AND ts < %(start)s
            ORDER BY ts DESC, ns DESC LIMIT 1) before
        UNION ALL
        SELECT channel_id, ts, ns, true FROM telemetry.record
        WHERE channel_id = ANY(%(ids)s) AND ts >= %(start)s AND ts < %(end)s
        UNION ALL
        SELECT id, ts, ns, true FROM asked CROSS JOIN LATERAL (
            SELECT ts, ns FROM telemetry.record WHERE channel_id = asked.id AND ts >= %(end)s
            ORDER BY ts, ns LIMIT 1) after
    ), ends AS (
        SELECT id, ts, ns, is_record FROM said
        UNION ALL
        SELECT id, %(start)s, 0::smallint, false FROM asked
        WHERE NOT EXISTS (SELECT FROM said WHERE said.id = asked.id AND said.ts < %(start)s)
        UNION ALL
        SELECT id, %(end)s, 0::smallint, false FROM asked
        WHERE NOT EXISTS (SELECT FROM said WHERE said.id = asked.id AND said.ts >= %(end)s)
    ), steps AS (
        SELECT id, ts, ns, is_record, lag(ts) OVER w AS ts_before, lag(ns) OVER w AS ns_before,
            lag(is_record) OVER w AS was_record
        FROM ends WINDOW w AS (PARTITION BY id ORDER BY ts, is_record, ns)
    )
    SELECT id, ts_before, ns_before, was_record, ts, ns, is_record FROM steps
    WHERE ts - ts_before >= %(threshold)s::double precision * interval '1 second' ORDER BY id, ts_before LIMIT %(most)s
"""


def _silences(
    channels: Sequence[Channel], window: Window, threshold_s: float, *, using: str
) -> list[tuple[int, int | None, int | None]]:
    """Channel, time of the record before and of the one after; None where the window ends without one."""
    start_ns, end_ns = window.bounds()
    values = {
        "ids": [channel.id for channel in channels],
        "start": columns_of(start_ns)[0],
        "end": columns_of(end_ns)[0],
        "threshold": threshold_s - 1e-6,  # to the nanosecond it is told below
        "most": MOST_GAPS + 1,
    }
    found = []
    for channel_id, ts_before, ns_before, was_record, ts, ns, is_record in rows_of(SILENCES, values, using=using):
        before, after = ns_of(ts_before, ns_before), ns_of(ts, ns)
        if after - before > round(threshold_s * NS_PER_S):
            found.append((channel_id, before if was_record else None, after if is_record else None))
    return found
