"""Tables as files: renderers by which readers ask for CSV, JSON lines or Parquet, and lines of CSV, one at a time."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.renderers import BaseRenderer

from archive.api.renderers import FastJSON

CSV, NDJSON, PARQUET = "csv", "ndjson", "parquet"


class CsvTable(BaseRenderer):
    """Lets a reader ask for CSV, by `?format=csv` or by Accept. Tables are streamed; this writes what went wrong."""

    media_type = "text/csv"
    format = CSV

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        found = data.items() if isinstance(data, Mapping) else [("detail", data)]
        return "".join(lines_of(("error", "message"), ([name, value] for name, value in found))).encode()


class NdjsonLines(FastJSON):
    """Lets a reader ask for one JSON object a line, by `?format=ndjson`. This writes what went wrong."""

    media_type = "application/x-ndjson"
    format = NDJSON


class ParquetTable(FastJSON):
    """Lets a reader ask for Parquet, by `?format=parquet`. This writes what went wrong, as JSON."""

    media_type = "application/vnd.apache.parquet"
    format = PARQUET

    def get_default_media_type(self) -> str:
        return "application/json"


def csv_response(head: Iterable[str], rows: Iterable[Iterable[Any]], *, filename: str) -> StreamingHttpResponse:
    """A table as a file, sent as its rows come."""
    response = StreamingHttpResponse(lines_of(head, rows), content_type="text/csv; charset=utf-8; header=present")
    response["Content-Disposition"] = f"attachment; filename={filename}.csv"
    return response


def lines_of(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Lines of a table of values."""
    writer = csv.writer(_Line())
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow(map(_text, row))


class _Line:
    """What csv writes to: gives back what it gets."""

    def write(self, line: str) -> str:
        return line


def _text(value: Any) -> str:
    """One cell: empty for what is not known, ISO 8601 for times, full precision for numbers."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return str(value)
