"""Channels: which there are, and what their latest records say."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from telemetry.errors import NotFoundError
from telemetry.queries.asking import rows_of, within
from telemetry.queries.keys import Key, Named, leaves_of
from telemetry.queries.times import Window

MOST_CHANNELS = 2000
EVER = Window()
OFFERED = 12  # names that an error offers


@dataclass(frozen=True, slots=True)
class Channel:
    """One event type of one device."""

    id: int
    device: str
    event: str


@dataclass(frozen=True, slots=True)
class Channels:
    """What a question may look at: channels that exist, without events that are hidden from who asks."""

    hidden_events: Collection[str] = ()
    using: str = DEFAULT_DB_ALIAS

    def of(self, devices: Collection[str] = (), events: Collection[str] = ()) -> list[Channel]:
        """Channels of these devices and events; of all when none are given.

        Raises NotFoundError for a device or an event that nobody has, or that is hidden.
        """
        rows = rows_of(
            "SELECT id, device, event FROM telemetry.channel WHERE (%s OR device = ANY(%s)) AND (%s OR event = ANY(%s))"
            " AND event <> ALL(%s) ORDER BY device, event LIMIT %s",
            [not devices, list(devices), not events, list(events), list(self.hidden_events), MOST_CHANNELS],
            using=self.using,
        )
        found = [Channel(*row) for row in rows]
        missing = sorted(set(devices) - {each.device for each in found}) + sorted(
            set(events) - {each.event for each in found}
        )
        if missing:
            raise NotFoundError(
                f"There is no telemetry of {', '.join(missing)[:200]}{' together' if devices and events else ''}. "
                "/telemetry/channels/ lists the devices and events that there are."
            )
        return found

    def named(self, wanted: Iterable[Named]) -> list[tuple[Channel, Key | None]]:
        """Channel and key of each name, in their order; a name without a key stands for all keys.

        Raises NotFoundError.
        """
        names = list(wanted)
        known = self.of({name.device for name in names})
        found: list[tuple[Channel, Key | None]] = []
        for name in names:
            here = [each for each in known if each.device == name.device and name.event in {None, each.event}]
            if not here:
                offered = ", ".join(each.event for each in known if each.device == name.device)
                raise NotFoundError(f"{name.device} has no event {name.event!r}. It has: {offered}.")
            found += [(each, name.key) for each in here]
        return found


@dataclass(frozen=True, slots=True)
class Described:
    """A channel, when it last said something, and the values of that record's keys."""

    channel: Channel
    ts: Any
    ns: int
    msg: Any
    nonfinite: dict[str, str]
    is_undecoded: bool


def described(channels: Iterable[Channel], *, until: Window = EVER, using: str = DEFAULT_DB_ALIAS) -> list[Described]:
    """Channels that have a record, with the latest one of a window."""
    by_id = {channel.id: channel for channel in channels}
    condition, values = within(until)
    question = f"""
        SELECT asked.id, last.ts, last.ns, last.msg, last.nonfinite
        FROM unnest(%s::integer[]) AS asked (id)
        CROSS JOIN LATERAL (
            SELECT ts, ns, msg, nonfinite FROM telemetry.record WHERE channel_id = asked.id AND {condition}
            ORDER BY ts DESC, ns DESC, recording_id DESC, seq DESC LIMIT 1
        ) last"""  # noqa: S608 - the condition is ours, values are parameters
    found = [
        Described(by_id[row[0]], row[1], row[2], parsed(row[3]), parsed(row[4]) or {}, row[3] is None)
        for row in rows_of(question, [list(by_id), *values], using=using)
    ]
    return sorted(found, key=lambda each: (each.channel.device, each.channel.event))


def have_records(channels: Iterable[Channel], window: Window, *, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether one of these channels has a record in a window: a look into an index for each until there is one."""
    condition, values = within(window)
    question = f"""
        SELECT EXISTS (
            SELECT FROM unnest(%s::integer[]) AS asked (id)
            CROSS JOIN LATERAL (
                SELECT FROM telemetry.record WHERE channel_id = asked.id AND {condition} LIMIT 1
            ) any_record
        )"""  # noqa: S608 - the condition is ours, values are parameters
    ids = [channel.id for channel in channels]
    return bool(ids) and bool(rows_of(question, [ids, *values], using=using)[0][0])


def require_key(channel: Channel, key: Key, *, using: str = DEFAULT_DB_ALIAS) -> None:
    """Raise NotFoundError, with the keys that there are, when none of the last records of a channel has this one."""
    rows = rows_of(
        "SELECT msg, msg #> %s IS NOT NULL FROM telemetry.record WHERE channel_id = %s AND msg IS NOT NULL"
        " ORDER BY ts DESC, ns DESC LIMIT 200",
        [key.path, channel.id],
        using=using,
    )
    if not rows or any(has_it for _, has_it in rows):
        return
    names = [str(leaf) for leaf, _ in leaves_of(parsed(rows[0][0]))]
    offered = ", ".join(names[:OFFERED]) + (", …" if len(names) > OFFERED else "")
    raise NotFoundError(f"{channel.device} {channel.event} has no key {str(key)!r}. It has: {offered}.")


def parsed(text: str | None) -> Any:
    """JSON out of the database; numbers of any size are exact."""
    return None if text is None else json.loads(text)
