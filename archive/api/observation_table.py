"""The whole of a search as one table: CSV, or a JSON array of the same rows; sent as it is read."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from archive.api.renderers import FastJSON
from archive.api.tables import CSV, csv_response
from archive.domain import observing_table
from archive.domain.observing_table import TableRow
from archive.enums import ProductState
from archive.models import Observation

JSON_TABLE = "json-table"
FILENAME = "observations"
LINKS = ("address", "download", "preview")
NAMES = (*observing_table.COLUMNS, *observing_table.STATES, *LINKS)
FORMAT = OpenApiParameter(
    "format",
    enum=["json", "api", CSV, JSON_TABLE],
    description=f"csv, json-table: all that meets the terms at once, as a table: {', '.join(NAMES)}",
)


class JsonTable(FastJSON):
    """Lets a reader ask for the table as JSON, by `?format=json-table`. This writes what went wrong."""

    format = JSON_TABLE


def table_response(observations: QuerySet[Observation], request: Request) -> StreamingHttpResponse | None:
    """The table, if the request asks for it: rows that the caller may see, in their order."""
    asked = request.accepted_renderer.format
    if asked not in {CSV, JSON_TABLE}:
        return None
    rows = _rows(observations, request.build_absolute_uri("/").rstrip("/"))
    if asked == CSV:
        return csv_response(NAMES, rows, filename=FILENAME)
    response = StreamingHttpResponse(_json(rows), content_type="application/json")
    response["Content-Disposition"] = f"attachment; filename={FILENAME}.json"
    return response


def _rows(observations: QuerySet[Observation], base: str) -> Iterator[list[Any]]:
    for row in observing_table.table_of(observations):
        address = base + reverse("observation", args=[row.name])
        yield [*row.values, *row.states, address, _bundle(row, base), _preview(row, base)]


def _bundle(row: TableRow, base: str) -> str | None:
    """All that was made of it; None while nothing is done."""
    if ProductState.DONE not in row.states:
        return None
    return base + reverse("observation-bundle", args=[row.name])


def _preview(row: TableRow, base: str) -> str | None:
    if row.preview is None:
        return None
    return base + reverse("observation-file", args=[row.name, row.preview, observing_table.CROPPED])


def _json(rows: Iterator[list[Any]]) -> Iterator[bytes]:
    """An array, one row a line."""
    before = b"[\n"
    for row in rows:
        yield before + orjson.dumps(dict(zip(NAMES, row, strict=True)), option=orjson.OPT_UTC_Z)
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"
