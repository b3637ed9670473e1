"""A key over a time in bins, by the database: numbers by their least, greatest and mean, states by their changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from telemetry.errors import UsageError
from telemetry.queries.asking import rows_of, within
from telemetry.queries.channels import Channel, parsed
from telemetry.queries.keys import Key
from telemetry.queries.times import NS_PER_S, NS_PER_US, Window, columns_of, iso, ns_of

MOST_BINS = 10_000
USUAL_BINS = 500
NUMBER, STATE = "number", "state"
KINDS = (NUMBER, STATE)
# Beyond these a double overflows or vanishes, and PostgreSQL would refuse the whole question.
LARGEST, SMALLEST = "1.7e308", "2.3e-308"


@dataclass(frozen=True, slots=True)
class NumberBin:
    """Of a key's numbers in one bin. Those that are not finite are counted apart."""

    start_ns: int
    least: float | None
    greatest: float | None
    mean: float | None
    n: int
    n_nonfinite: int
    n_undecoded: int


@dataclass(frozen=True, slots=True)
class StateBin:
    """Of a key's states in one bin: the first, the last, and how many of them differ from the one before."""

    start_ns: int
    first: Any
    last: Any
    changes: int
    n: int
    n_undecoded: int


@dataclass(frozen=True, slots=True)
class Series:
    """Bins of one key that hold a record, in their order."""

    channel: Channel
    key: Key
    kind: str
    bins: Sequence[NumberBin | StateBin]


@dataclass(frozen=True, slots=True)
class Binning:
    """Bins of one length from the start of a window on, to the microsecond."""

    window: Window
    width: timedelta

    @property
    def origin(self) -> datetime:
        start_ns, _ = self.window.bounds()
        return columns_of(start_ns)[0]

    @property
    def width_s(self) -> float:
        return self.width.total_seconds()


def binning(window: Window, *, bins: int | None = None, bin_s: float | None = None) -> Binning:
    """So many bins over a window, or bins of so many seconds. Raises UsageError for too many, and for none."""
    length_ns = window.length_ns
    if length_ns == 0:
        raise UsageError("start and end are the same: there is nothing to put into bins.")
    if bins is not None and bin_s is not None:
        raise UsageError("give bins or bin_s, not both.")
    n_bins = bins if bins is not None else USUAL_BINS
    if bin_s is not None:
        if bin_s < 1e-6:
            raise UsageError(f"bin_s={bin_s:g} is too small: bins are a microsecond or longer.")
        n_bins = -(-length_ns // round(bin_s * NS_PER_S))
    if not 1 <= n_bins <= MOST_BINS:
        least_s = length_ns / NS_PER_S / MOST_BINS
        raise UsageError(
            f"{n_bins} bins: give 1 to {MOST_BINS}, which is bin_s={least_s:.3g} or longer for the time "
            f"from {iso(window.bounds()[0])} to {iso(window.bounds()[1])}."
        )
    width_us = round(bin_s * 1e6) if bin_s is not None else -(-length_ns // (n_bins * NS_PER_US))
    return Binning(window, timedelta(microseconds=max(1, width_us)))


def binned(
    channel: Channel, key: Key, into: Binning, *, kind: str | None = None, using: str = DEFAULT_DB_ALIAS
) -> Series:
    """One key in bins; its kind by the first value in the window that tells one, unless it is given."""
    kind = kind or _kind_of(channel, key, into.window, using=using)
    find = _number_bins if kind == NUMBER else _state_bins
    return Series(channel, key, kind, find(channel, key, into, using=using))


def _kind_of(channel: Channel, key: Key, window: Window, *, using: str) -> str:
    condition, values = within(window)
    question = f"""
        SELECT jsonb_typeof(msg #> %s) FROM telemetry.record
        WHERE channel_id = %s AND {condition} AND jsonb_typeof(msg #> %s) <> 'null'
        ORDER BY ts, ns LIMIT 1"""  # noqa: S608 - the condition is ours, values are parameters
    rows = rows_of(question, [key.path, channel.id, *values, key.path], using=using)
    return STATE if rows and rows[0][0] != NUMBER else NUMBER


def _number_bins(channel: Channel, key: Key, into: Binning, *, using: str) -> list[NumberBin]:
    condition, values = within(into.window)
    question = f"""
        WITH said AS (
            SELECT ts, msg #> %s AS said, msg IS NULL AS undecoded, coalesce(nonfinite ? %s, false) AS nonfinite
            FROM telemetry.record WHERE channel_id = %s AND {condition}
        ), numbers AS (
            SELECT date_bin(%s, ts, %s) AS bin, undecoded, nonfinite, CASE
                WHEN jsonb_typeof(said) <> 'number' THEN NULL
                WHEN abs(said::numeric) BETWEEN {SMALLEST} AND {LARGEST} THEN said::double precision
                WHEN abs(said::numeric) < 1 THEN 0 END AS number
            FROM said
        )
        SELECT bin, min(number), max(number), avg(number), count(number),
            count(*) FILTER (WHERE nonfinite), count(*) FILTER (WHERE undecoded)
        FROM numbers GROUP BY bin
        HAVING count(number) > 0 OR bool_or(nonfinite) OR bool_or(undecoded) ORDER BY bin"""  # noqa: S608 - as above
    asked = [key.path, key.plain, channel.id, *values, into.width, into.origin]
    return [NumberBin(ns_of(bin_at), *rest) for bin_at, *rest in rows_of(question, asked, using=using)]


def _state_bins(channel: Channel, key: Key, into: Binning, *, using: str) -> list[StateBin]:
    condition, values = within(into.window)
    question = f"""
        WITH said AS (
            SELECT ts, ns, recording_id, seq, date_bin(%s, ts, %s) AS bin, msg #> %s AS state, msg IS NULL AS undecoded
            FROM telemetry.record WHERE channel_id = %s AND {condition}
        ), states AS (
            SELECT *, row_number() OVER w > 1 AND state IS DISTINCT FROM lag(state) OVER w AS changed
            FROM said WHERE state IS NOT NULL
            WINDOW w AS (ORDER BY ts, ns, recording_id, seq)
        ), undecoded AS (
            SELECT bin, count(*) AS n FROM said WHERE undecoded GROUP BY bin
        ), bins AS (
            SELECT bin, (array_agg(state ORDER BY ts, ns, recording_id, seq))[1] AS first,
                (array_agg(state ORDER BY ts DESC, ns DESC, recording_id DESC, seq DESC))[1] AS last,
                count(*) FILTER (WHERE changed) AS changes, count(*) AS n
            FROM states GROUP BY bin
        )
        SELECT bin, first, last, coalesce(changes, 0), coalesce(bins.n, 0), coalesce(undecoded.n, 0)
        FROM bins FULL JOIN undecoded USING (bin) ORDER BY bin"""  # noqa: S608 - as above
    rows = rows_of(question, [into.width, into.origin, key.path, channel.id, *values], using=using)
    return [StateBin(ns_of(at), parsed(first), parsed(last), *counts) for at, first, last, *counts in rows]
