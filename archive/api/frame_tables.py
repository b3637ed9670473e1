"""/frames/<id>/tables/: adaptive-optics tables of one frame, by the map of its instrument (ingest/maps)."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.muse_data import ANY_OBJECT, COLUMNS, columns_of
from archive.api.renderers import FastJSON
from archive.api.tables import CSV, PARQUET, CsvTable, ParquetTable, csv_response
from archive.domain import muse_views, search
from archive.domain.ao_files import newest_of
from archive.enums import ExpiringKind
from archive.errors import NotFoundError, UsageError
from ingest.ao_maps import MAPS
from ingest.ao_tables import Table, times_of
from ingest.muse_views import columns_view, json_list
from ingest.stores.keys import content_disposition_for

TIME_COLUMN = "time_utc"  # put beside the columns of a table that says when each row was written


class FrameColumnSchema(serializers.Serializer[Any]):
    """A column of a table."""

    name = serializers.CharField()
    unit = serializers.CharField(allow_null=True)


class FrameTableSchema(serializers.Serializer[Any]):
    """A table of a frame."""

    name = serializers.CharField(help_text="Of its HDU")
    n_rows = serializers.IntegerField()
    columns = FrameColumnSchema(many=True)
    unread = serializers.ListField(child=serializers.CharField(), help_text="Columns of a form that is not read")


class FrameTablesView(APIView):
    """Tables of a frame: names, rows, columns and units."""

    gone_kind = ExpiringKind.FRAME

    @extend_schema(
        summary="Adaptive-optics tables of a frame",
        operation_id="frames_tables",
        responses=FrameTableSchema(many=True),
    )
    def get(self, request: Request, pk: int) -> Response:
        frame = get_object_or_404(search.frames_for(request.user, at=timezone.now()), pk=pk)
        file = newest_of([frame.pk]).first()
        return Response([] if file is None else [_described(table) for table in file.tables.values()])


class FrameTableView(APIView):
    """One table of a frame: columns as lists, or rows as CSV or Parquet."""

    gone_kind = ExpiringKind.FRAME
    renderer_classes = (FastJSON, CsvTable, ParquetTable)

    @extend_schema(
        summary="One adaptive-optics table of a frame",
        operation_id="frames_table",
        parameters=[COLUMNS, OpenApiParameter("format", enum=["json", CSV, PARQUET])],
        responses={200: ANY_OBJECT},
    )
    def get(self, request: Request, pk: int, name: str) -> HttpResponseBase:
        frame = get_object_or_404(search.frames_for(request.user, at=timezone.now()), pk=pk)
        file, wanted = newest_of([frame.pk]).first(), columns_of(request)
        if file is None or name not in file.tables:
            raise NotFoundError(f"{frame.basename} has no table {name[:80]}: ask for the tables to see what there is.")
        known = [column["name"] for column in file.tables[name]["columns"]]
        if others := [column for column in wanted or () if column not in known]:
            raise UsageError(f"there is no column {others[0][:80]!r} here: choose of {', '.join(known)[:500]}.")
        layout = MAPS.get(file.instrument_id)
        clock = () if layout is None else (*layout.time_text, *(layout.time_seconds or ()))
        ((_, table),) = muse_views.tables_of(file, [name], only=None if wanted is None else {*wanted, *clock})
        times = None if layout is None else times_of(table, layout)
        chosen = {key: column for key, column in table.columns.items() if wanted is None or key in wanted}
        return _answer(request, Table(chosen), times, name=name)


def _described(table: dict[str, Any]) -> dict[str, Any]:
    columns = [{"name": column["name"], "unit": column.get("unit")} for column in table["columns"]]
    return {"name": table["name"], "n_rows": table["n_rows"], "columns": columns, "unread": table["unread"]}


def _answer(request: Request, table: Table, times: Any, *, name: str) -> HttpResponseBase:
    kind = request.accepted_renderer.format
    if kind not in {CSV, PARQUET}:
        return Response(_with_times(columns_view(table), times))
    if kind == CSV:
        view = _with_times(columns_view(table), times)
        response: HttpResponseBase = csv_response(view, zip(*view.values(), strict=True), filename=kind)
    else:
        response = _parquet(table, times)
    response["Content-Disposition"] = content_disposition_for(f"{name}.{kind}")
    return response


def _with_times(view: dict[str, Any], times: Any) -> dict[str, Any]:
    if times is None:
        return view
    told = [None if time is None else f"{time.isoformat(timespec='microseconds')}Z" for time in times.tolist()]
    return {TIME_COLUMN: told, **view}


def _parquet(table: Table, times: Any) -> HttpResponse:
    """Numbers in the type that they were written in; NaN stays one, a null value is null."""
    columns = {} if times is None else {TIME_COLUMN: pa.array(times, pa.timestamp("us", tz="UTC"))}
    for key, column in table.columns.items():
        if column.values.ndim == 1:
            columns[key] = pa.array(column.values, mask=column.masked)
        else:
            columns[key] = pa.array(json_list(column))
    written = io.BytesIO()
    pq.write_table(pa.table(columns), written, compression="zstd")
    return HttpResponse(written.getvalue(), content_type=ParquetTable.media_type)
