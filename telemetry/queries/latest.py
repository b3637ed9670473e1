"""The latest record of each channel, however long ago it came."""

from collections.abc import Sequence
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS

from telemetry.queries.asking import rows_of, within
from telemetry.queries.channels import Channel
from telemetry.queries.records import COLUMNS, ORDER, Record, Selection, records_of
from telemetry.queries.times import Window, ns_of

AHEAD_NS = 60 * 1_000_000_000  # clocks of instrument computers may be ahead of ours by so much


def latest(channels: Sequence[Channel], *, at: datetime, using: str = DEFAULT_DB_ALIAS) -> list[Record]:
    """The latest record of each channel that has one. Records of a clock that ran far ahead of `at` do not hide it."""
    condition, values = within(Window(end_ns=ns_of(at) + AHEAD_NS))
    question = f"""
        SELECT last.* FROM unnest(%s::integer[]) AS asked (id)
        CROSS JOIN LATERAL (
            SELECT {COLUMNS} FROM telemetry.record
            WHERE channel_id = asked.id AND {condition} ORDER BY {ORDER[True]} LIMIT 1
        ) last"""  # noqa: S608 - columns and orders are ours, values are parameters
    rows = rows_of(question, [[channel.id for channel in channels], *values], using=using)
    found = records_of(Selection(channels, Window()), rows)
    return sorted(found, key=lambda record: (record.channel.device, record.channel.event))
