"""Records that were kept as bytes, read again once a bundle knows them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connections, transaction

from telemetry import bundles, channels
from telemetry.formats.flatbuffer_plans import MalformedError
from telemetry.formats.flatbuffer_texts import Texts
from telemetry.formats.schemas import Bundle, EventType

BATCH = 5000
_UNKNOWN = "code_"

_WAITING = """
    SELECT record.seq, record.ts, channel.device, channel.event, record.raw
    FROM telemetry.record JOIN telemetry.channel ON channel.id = record.channel_id
    WHERE record.recording_id = %s AND record.seq > %s AND record.msg IS NULL AND record.raw IS NOT NULL
    ORDER BY record.seq LIMIT %s"""
_WRITE = """
    UPDATE telemetry.record SET channel_id = told.channel_id, msg = convert_from(told.msg, 'UTF8')::jsonb,
        nonfinite = convert_from(told.nonfinite, 'UTF8')::jsonb, raw = CASE WHEN told.keep THEN record.raw END
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::integer[], %s::bytea[], %s::bytea[], %s::boolean[])
        AS told (seq, ts, channel_id, msg, nonfinite, keep)
    WHERE record.recording_id = %s AND record.seq = told.seq AND record.ts = told.ts AND record.msg IS NULL"""


@dataclass(frozen=True, slots=True)
class Redecoded:
    """How many records were read, and how many still wait."""

    n_read: int
    n_waiting: int


@dataclass(frozen=True, slots=True)
class _Read:
    seq: int
    ts: Any
    channel: channels.Name
    msg: bytes
    nonfinite: bytes | None
    keep: bool  # the bytes, for msg does not say all of them


def redecode_waiting(*, using: str = "default", told: Callable[[int], object] = lambda _: None) -> Redecoded:
    """Decode, by the newest bundle, what was kept as bytes. Safe to repeat and to interrupt; `told` hears of records.

    Raises TransientError while there is no bundle.
    """
    bundle = bundles.current(using=using)
    by_name = {kind.name: kind for kind in bundle.types.values()}
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT id FROM telemetry.recording WHERE n_undecoded > 0 AND kind <> 'ndjson' ORDER BY id")
        recordings = [pk for (pk,) in cursor.fetchall()]
    n_read = sum(_recording(pk, bundle, by_name, told, using=using) for pk in recordings)
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(n_undecoded), 0) FROM telemetry.recording")
        return Redecoded(n_read, int(cursor.fetchone()[0]))


def _recording(
    pk: int, bundle: Bundle, by_name: dict[str, EventType], told: Callable[[int], object], *, using: str
) -> int:
    after, n_read = -1, 0
    while True:
        with transaction.atomic(using=using), connections[using].cursor() as cursor:
            cursor.execute("SELECT FROM telemetry.recording WHERE id = %s FOR UPDATE", [pk])
            cursor.execute(_WAITING, [pk, after, BATCH])
            rows = cursor.fetchall()
            found = [read for row in rows if (read := _read(row, bundle, by_name)) is not None]
            _write(pk, found, bundle, using=using)
        n_read += len(found)
        told(len(rows))
        if len(rows) < BATCH:
            return n_read
        after = rows[-1][0]


def _read(row: Sequence[Any], bundle: Bundle, by_name: dict[str, EventType]) -> _Read | None:
    """The record, or None if it still can not be read."""
    seq, ts, device, event, raw = row
    message = bytes(raw)
    code = event.removeprefix(_UNKNOWN)
    kind = bundle.types.get(int(code)) if event.startswith(_UNKNOWN) and code.isdigit() else by_name.get(event)
    if kind is None or (kind.reader is None and (message or not kind.is_empty)):
        return None
    if kind.reader is None:
        return _Read(seq, ts, (device, kind.name), b"{}", None, keep=False)
    texts = Texts()
    try:
        kind.reader.read(message, texts)
    except MalformedError:
        return None
    [msg] = texts.finished()
    odd = orjson.dumps(kind.reader.not_finite(message)) if texts.odd else None
    return _Read(seq, ts, (device, kind.name), msg, odd, keep=texts.lossy or texts.unknown > 0)


def _write(pk: int, found: Sequence[_Read], bundle: Bundle, *, using: str) -> None:
    if not found:
        return
    ids = channels.ids_of((each.channel for each in found), using=using)
    columns = [
        [each.seq for each in found],
        [each.ts for each in found],
        [ids[each.channel] for each in found],
        [each.msg for each in found],
        [each.nonfinite for each in found],
        [each.keep for each in found],
    ]
    with connections[using].cursor() as cursor:
        cursor.execute(_WRITE, [*columns, pk])
        cursor.execute(
            "UPDATE telemetry.recording SET n_undecoded = n_undecoded - %s, bundle_digest = %s WHERE id = %s",
            [len(found), bundle.digest, pk],
        )
