"""Records as they come out of the database: CSV, a JSON object a line, or Parquet; in the same memory however many."""

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from django.http import StreamingHttpResponse

from archive.api.renderers import FastJSON
from archive.api.tables import CSV, NDJSON, PARQUET, CsvTable, NdjsonLines, ParquetTable, csv_response
from archive.api.telemetry_forms import record_form
from telemetry.queries.keys import Key
from telemetry.queries.records import Record, Selection, stream

FILENAME = "telemetry"
LINES_AT_ONCE = 500
ROWS_OF_A_GROUP = 20_000
HEAD = ("ts", "device", "event", "prio", "recording", "seq", "undecoded", "nonfinite")


RENDERERS = (CsvTable, NdjsonLines, ParquetTable)


def csv_of(selection: Selection, *, raw: bool) -> StreamingHttpResponse:  # noqa: ARG001 - as the two below
    """A table with a column for each key, or one of the messages as JSON."""
    columns = [str(key) for key in selection.keys] or ["msg"]
    return csv_response((*HEAD, *columns), map(_cells, stream(selection)), filename=FILENAME)


def ndjson_of(selection: Selection, *, raw: bool) -> StreamingHttpResponse:
    """A record a line, as pages have it."""
    return _file(_lines(selection, raw=raw), NdjsonLines)


def parquet_of(selection: Selection, *, raw: bool) -> StreamingHttpResponse:  # noqa: ARG001 - as the others
    """A table with a column for each key, or one of the messages as JSON."""
    return _file(_parquet(selection), ParquetTable)


STREAMED = {CSV: csv_of, NDJSON: ndjson_of, PARQUET: parquet_of}


def _file(content: Iterable[bytes], kind: type[FastJSON]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(content, content_type=kind.media_type)
    response["Content-Disposition"] = f"attachment; filename={FILENAME}.{kind.format}"
    return response


def _head(record: Record) -> list[Any]:
    channel = record.channel
    place = record.place.recording, record.place.seq
    nonfinite = orjson.dumps(record.nonfinite).decode() if record.nonfinite else None
    return [record.ts, channel.device, channel.event, record.prio, *place, record.msg is None, nonfinite]


def _cells(record: Record) -> list[Any]:
    return [*_head(record), *([record.msg] if not record.values else map(_cell, record.values))]


def _cell(value: Any) -> Any:
    """Numbers and words as they are, all else as JSON."""
    is_plain = value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))
    return value if is_plain else _json(value)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _lines(selection: Selection, *, raw: bool) -> Iterator[bytes]:
    """The message is sent as the database wrote it: no number is read and written again."""
    records = stream(selection)
    while batch := list(islice(records, LINES_AT_ONCE)):
        forms = (
            record_form(each, selection, raw=raw, msg=None if each.msg is None else orjson.Fragment(each.msg))
            for each in batch
        )
        yield b"".join(orjson.dumps(form, option=orjson.OPT_APPEND_NEWLINE) for form in forms)


class _Sent(io.RawIOBase):
    """What a Parquet file is written to: gives away what it got."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._length += len(part)
        return len(part)

    def tell(self) -> int:
        return self._length

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def _parquet(selection: Selection) -> Iterator[bytes]:
    """A row group for every 20,000 records.

    A key's column holds doubles, or text, by the first value that tells which; a value of the other kind stands in
    `other` as JSON. Not a number is NaN there, as it was. Without keys the message is one column of JSON.
    """
    records = stream(selection)
    batch = list(islice(records, ROWS_OF_A_GROUP))
    schema = _schema(selection, batch)
    sent = _Sent()
    with pq.ParquetWriter(pa.PythonFile(sent, mode="w"), schema, compression="zstd") as writer:
        while batch:
            writer.write_batch(_batch(selection, batch, schema), row_group_size=ROWS_OF_A_GROUP)
            yield sent.taken()
            batch = list(islice(records, ROWS_OF_A_GROUP))
    yield sent.taken()


def _schema(selection: Selection, first: list[Record]) -> pa.Schema:
    names = pa.dictionary(pa.int32(), pa.string())
    columns = [
        ("ts", pa.timestamp("ns", tz="UTC")), ("device", names), ("event", names), ("prio", names),
        ("recording", pa.int64()), ("seq", pa.int64()), ("undecoded", pa.bool_()), ("nonfinite", pa.string()),
    ]  # fmt: skip
    if not selection.keys:
        return pa.schema([*columns, ("msg", pa.string())])
    for place, key in enumerate(selection.keys):
        values = (record.values[place] for record in first)
        is_text = isinstance(next((value for value in values if value is not None), None), str)
        columns.append((str(key), pa.string() if is_text else pa.float64()))
    return pa.schema([*columns, ("other", pa.string())])


def _batch(selection: Selection, records: list[Record], schema: pa.Schema) -> pa.RecordBatch:
    heads = list(zip(*map(_head, records), strict=True))
    times = [record.place.at_ns for record in records]
    columns: list[Any] = [times, *heads[1:]]
    if not selection.keys:
        columns.append([record.msg for record in records])
    else:
        others: list[dict[str, Any]] = [{} for _ in records]
        for place, key in enumerate(selection.keys):
            is_text = schema.field(str(key)).type == pa.string()
            rows = zip(records, others, strict=True)
            columns.append(
                [_fitting(record, key, record.values[place], other, is_text=is_text) for record, other in rows]
            )
        columns.append([_json(other) if other else None for other in others])
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.record_batch(arrays, schema=schema)


def _fitting(record: Record, key: Key, value: Any, other: dict[str, Any], *, is_text: bool) -> Any:
    """The value as its column holds it; what it can not hold exactly goes to `other`."""
    if value is None:
        return None if is_text or key.plain not in record.nonfinite else float(record.nonfinite[key.plain])
    if is_text and isinstance(value, str):
        return value
    if not is_text and isinstance(value, int | float) and float(value) == value:
        return float(value)
    other[str(key)] = value
    return None
