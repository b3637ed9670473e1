"""Records of some channels in the order of their time: by pages, or all of them as they come."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from telemetry.errors import UsageError
from telemetry.queries.asking import rows_of, within
from telemetry.queries.channels import Channel, parsed
from telemetry.queries.keys import Key
from telemetry.queries.times import Window, columns_of, iso_of, ns_of

MOST_KEYS = 200
ROWS_AT_ONCE = 2000
PRIORITIES = {
    0: "EMER", 1: "ALRT", 2: "CRIT", 3: "ERR ", 4: "WARN", 5: "NOTE", 6: "INFO", 7: "DBG ", 8: "DBG2", 64: "TELM",
    126: "DEF?",
}  # fmt: skip
COLUMNS = "ts, ns, recording_id, seq, channel_id, priority, msg, nonfinite, raw"
ORDER = {False: "ts, ns, recording_id, seq", True: "ts DESC, ns DESC, recording_id DESC, seq DESC"}


class Place(NamedTuple):
    """Where a record stands among all: its time, and its name."""

    at_ns: int
    recording: int
    seq: int

    def __str__(self) -> str:
        return "-".join(map(str, self))


def place_of(text: str) -> Place:
    """The place that a cursor names. Raises UsageError."""
    found = re.fullmatch(r"(\d{1,19})-(\d{1,18})-(\d{1,18})", text, re.ASCII)
    if found is None or int(found[1]) >= 2**63:
        raise UsageError("this cursor is none: take it from `next` of an answer, or leave it out to begin anew.")
    return Place(*map(int, found.groups()))


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `msg` is its JSON as text, None when it is not decoded; `values` are those of the keys asked for."""

    place: Place
    ts: str
    channel: Channel
    priority: int
    msg: str | None
    nonfinite: dict[str, str]
    raw: bytes | None
    values: tuple[Any, ...]

    @property
    def prio(self) -> str:
        return PRIORITIES.get(self.priority, "UNK?")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records, in which order. With keys only those that have one of them, or are not decoded."""

    channels: Sequence[Channel]
    window: Window
    keys: tuple[Key, ...] = ()
    descending: bool = False
    using: str = DEFAULT_DB_ALIAS

    def __post_init__(self) -> None:
        if len(self.keys) > MOST_KEYS:
            raise UsageError(f"{len(self.keys)} keys are too many: ask for at most {MOST_KEYS} at once.")


def page(selection: Selection, *, after: Place | None, most: int) -> list[Record]:
    """The first `most` records after a place. Whatever the number of channels, each gives no more than these."""
    condition, values = _condition(selection, after)
    order = ORDER[selection.descending]
    columns, paths = _columns(selection.keys)
    question = f"""
        SELECT {_outer(selection.keys)} FROM unnest(%s::integer[]) AS asked (id)
        CROSS JOIN LATERAL (
            SELECT {columns} FROM telemetry.record
            WHERE channel_id = asked.id AND {condition} ORDER BY {order} LIMIT %s
        ) found
        ORDER BY {order} LIMIT %s"""  # noqa: S608 - columns and orders are ours, values are parameters
    ids = [channel.id for channel in selection.channels]
    rows = rows_of(question, [ids, *paths, *values, most, most], using=selection.using)
    return list(records_of(selection, rows))


def stream(selection: Selection) -> Iterator[Record]:
    """All of them, through a cursor of the database: memory does not grow with their number.

    Close the iterator to end the transaction in which the cursor lives.
    """
    if not selection.channels:
        return
    condition, values = _condition(selection, None)
    columns, paths = _columns(selection.keys)
    ids = [channel.id for channel in selection.channels]
    # One channel comes in the order of its index; several are sorted by the database, on its disk if need be.
    of_channels = "channel_id = %s" if len(ids) == 1 else "channel_id = ANY(%s)"
    question = f"""
        SELECT {columns} FROM telemetry.record
        WHERE {of_channels} AND {condition} ORDER BY {ORDER[selection.descending]}"""  # noqa: S608 - as above
    connection = connections[selection.using]
    with transaction.atomic(using=selection.using), connection.chunked_cursor() as cursor:
        cursor.execute(question, [*paths, ids[0] if len(ids) == 1 else ids, *values])
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from records_of(selection, rows)


def _columns(keys: tuple[Key, ...]) -> tuple[str, list[Any]]:
    """Columns of a record and one for each key, with the paths of these."""
    added = "".join(f", msg #> %s AS value_{number}" for number in range(len(keys)))
    return COLUMNS + added, [key.path for key in keys]


def _outer(keys: tuple[Key, ...]) -> str:
    return COLUMNS + "".join(f", value_{number}" for number in range(len(keys)))


def _condition(selection: Selection, after: Place | None) -> tuple[str, list[Any]]:
    window = selection.window
    if after is not None:  # the plain bound lets the index be entered at the place
        if selection.descending:
            window = replace(window, end_ns=min(after.at_ns + 1, window.end_ns or after.at_ns + 1))
        else:
            window = replace(window, start_ns=max(after.at_ns, window.start_ns or 0))
    condition, values = within(window)
    if after is not None:
        ts, ns = columns_of(after.at_ns)
        condition += f" AND (ts, ns, recording_id, seq) {'<' if selection.descending else '>'} (%s, %s, %s, %s)"
        values += [ts, ns, after.recording, after.seq]
    if selection.keys:
        has_one = " OR ".join("msg #> %s IS NOT NULL" for _ in selection.keys)
        condition += f" AND (msg IS NULL OR {has_one})"
        values += [key.path for key in selection.keys]
    return condition, values


def records_of(selection: Selection, rows: Sequence[tuple[Any, ...]]) -> Iterator[Record]:
    by_id = {channel.id: channel for channel in selection.channels}
    for ts, ns, recording, seq, channel_id, priority, msg, nonfinite, raw, *values in rows:
        yield Record(
            place=Place(ns_of(ts, ns), recording, seq),
            ts=iso_of(ts, ns),
            channel=by_id[channel_id],
            priority=priority,
            msg=msg,
            nonfinite=parsed(nonfinite) or {},
            raw=None if raw is None else bytes(raw),
            values=tuple(map(parsed, values)),
        )
