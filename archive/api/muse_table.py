"""/muse/table/: chosen keys of many exposures as JSON, CSV or Parquet."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.api.muse_exposures import NEWEST_FIRST, ORDERED_BY
from archive.api.renderers import FastJSON
from archive.api.tables import CSV, NDJSON, PARQUET, CsvTable, NdjsonLines, ParquetTable, csv_response
from archive.domain import muse
from archive.domain.muse_table import Statistic, head_of, keys_of, rows_of
from archive.errors import UsageError
from archive.terms.muse import MuseExposureFilter
from archive.terms.observations import narrowed
from archive.terms.ordering import order_of

FILENAME = "muse"
KEYS = OpenApiParameter(
    "keys",
    str,
    required=True,
    description="Keys with commas between, or repeated: airmass, ESO TEL AMBI TAU0, ASM_DATA.DIMM_SEEING, "
    "CHAN03.EXPTIME, psfParams.fwhm, sources.PM_17.snr, sources.*.snr",
)
STAT = OpenApiParameter(
    "stat",
    str,
    description=f"What stands for a list, commas between: {', '.join(Statistic)}. Default: mean",
)


class MuseTableView(APIView):
    """One row for each exposure that meets the terms of /muse/exposures/."""

    renderer_classes = (FastJSON, CsvTable, NdjsonLines, ParquetTable)
    filterset_class = MuseExposureFilter
    queryset = None

    @extend_schema(
        summary="Chosen keys of exposures as a table, lists averaged",
        parameters=[KEYS, STAT, OpenApiParameter("format", enum=["json", CSV, NDJSON, PARQUET])],
        responses={200: OpenApiResponse({"type": "array", "items": {"type": "object"}}, description="Rows")},
    )
    def get(self, request: Request) -> HttpResponseBase:
        keys = keys_of(_words(request, "keys"))
        statistics = _statistics(_words(request, "stat"))
        found = narrowed(muse.exposures_for(request.user, at=timezone.now()), MuseExposureFilter, request.query_params)
        order = order_of(request.query_params.get("ordering", ""), columns=ORDERED_BY, default=NEWEST_FIRST)
        rows = rows_of(found.order_by(*(term.sql() for term in order)), keys, statistics)
        head = head_of(keys, statistics)
        match request.accepted_renderer.format:
            case "csv":
                return csv_response(head, rows, filename=FILENAME)
            case "ndjson":
                return StreamingHttpResponse(_lines(head, rows), content_type=NdjsonLines.media_type)
            case "parquet":
                return _parquet(head, rows)
        return StreamingHttpResponse(_array(head, rows), content_type="application/json")


def _words(request: Request, name: str) -> list[str]:
    """Words of a parameter that may be repeated, and have commas between. Raises UsageError for a zero byte."""
    found = [word.strip() for text in request.query_params.getlist(name) for word in text.split(",")]
    if any("\0" in word for word in found):
        raise UsageError(f"{name} holds a character that no name has: leave it out.")
    return [word for word in found if word]


def _statistics(words: Sequence[str]) -> list[Statistic]:
    try:
        return [Statistic(word) for word in dict.fromkeys(words)] or [Statistic.MEAN]
    except ValueError as error:
        raise UsageError(f"stat is one or more of {', '.join(Statistic)}.") from error


def _lines(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A JSON object a line."""
    for row in rows:
        yield _json(dict(zip(head, row, strict=True))) + b"\n"


def _array(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A JSON array of objects."""
    before = b"["
    for row in rows:
        yield before + _json(dict(zip(head, row, strict=True)))
        before = b",\n"
    yield b"[]" if before == b"[" else b"]"


def _json(row: dict[str, Any]) -> bytes:
    return orjson.dumps(row, default=str, option=orjson.OPT_UTC_Z)


def _parquet(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A file with a typed column for each name; one whose values are of several kinds is text."""
    columns = list(zip(*rows, strict=True)) or [() for _ in head]
    table = pa.table([_column(values) for values in columns], names=list(head))
    written = io.BytesIO()
    pq.write_table(table, written, compression="zstd")
    response = HttpResponse(written.getvalue(), content_type=ParquetTable.media_type)
    response["Content-Disposition"] = f"attachment; filename={FILENAME}.parquet"
    return response


def _column(values: Sequence[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and float in kinds:
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    if len(kinds) > 1 or any(isinstance(value, int) and abs(value) >= 1 << 63 for value in values):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return pa.array(values)
