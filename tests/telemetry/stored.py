"""What is stored of telemetry, asked by plain SQL."""

from typing import Any

import orjson
from django.db import connection


def ask(question: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return list(cursor.fetchall())


def records() -> list[tuple[str, str, int, object]]:
    """Device, event, Unix ns and message of all records."""
    rows = ask(
        """SELECT device, event, telemetry.unix_ns(ts, ns), msg::text
        FROM telemetry.record JOIN telemetry.channel ON channel_id = channel.id"""
    )
    return [(device, event, ns, orjson.loads(msg)) for device, event, ns, msg in rows]


def records_in_order() -> list[tuple[str, object, object, bytes | None]]:
    """Event, message, what is not finite in it, and bytes of each record, in the order of sequence numbers."""
    rows = ask(
        """SELECT event, msg::text, nonfinite::text, raw
        FROM telemetry.record JOIN telemetry.channel ON channel.id = channel_id ORDER BY recording_id, seq"""
    )
    return [
        (event, msg and orjson.loads(msg), odd and orjson.loads(odd), raw and bytes(raw))
        for event, msg, odd, raw in rows
    ]
