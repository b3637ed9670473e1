"""How tests read a whole file: in one go, or in pieces as they come."""

from pathlib import Path
from typing import Any

import orjson

from telemetry.formats.names import parse_name
from telemetry.formats.opening import Stream
from telemetry.formats.readers import reader_for
from telemetry.formats.records import Batch, Damage, Record
from telemetry.formats.schemas import Bundle
from tests.telemetry.shapes import BUNDLE

OURS = Bundle.load(BUNDLE)


def read(data: bytes, *, kind: str = "bintel", bundle: Bundle = OURS) -> Batch:
    return reader_for(kind, bundle)(data, offset=0)


def read_in_pieces(data: bytes, sizes: list[int], *, kind: str) -> Batch:
    """As an agent sends a file that grows: what was not consumed comes again, with more behind it."""
    reader, at, end, batch = reader_for(kind, OURS), 0, 0, Batch([], [], 0)
    records: list[Record] = []
    damages: list[Damage] = []
    unknown = 0
    for size in [*sizes, len(data)]:
        end = min(end + size, len(data))
        batch = reader(data[at:end], offset=at)
        assert at <= batch.consumed <= end
        at = batch.consumed
        records += batch.records
        damages += batch.damages
        unknown += batch.unknown_fields
    return Batch(records, damages, at, unknown, batch.incomplete)


def read_file(path: Path) -> tuple[Batch, str]:
    """What the readers make of a file by its name, and why a compressed one breaks off."""
    stream = Stream(path)
    data = b"".join(stream)
    return read(data, kind=parse_name(path.name).kind), stream.torn


def state_of(batch: Batch, torn: str = "") -> str:
    """State of a recording by the specification: partial where a part could be read, bad where nothing could."""
    if batch.damages:
        return "partial" if batch.records else "bad"
    return "incomplete" if batch.incomplete or torn else "ok"


def messages(batch: Batch) -> list[Any]:
    return [None if record.msg is None else orjson.loads(record.msg) for record in batch.records]
