"""/muse/exposures/<name>/data/, psfParams/, sources/: the three views, whole or in slices, and filled in by hand."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import orjson
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.parsers import large_json
from archive.api.permissions import SuperuserWrites
from archive.api.renderers import FastJSON
from archive.domain import muse, muse_views
from archive.domain.store import the_store
from archive.errors import NotFoundError, UsageError
from archive.models import AoFile, MuseExposure, MuseFit
from ingest.intake import the_inspector
from ingest.muse_filling import fill
from ingest.muse_views import View, columns_view

MOST_BODY_BYTES = 64 << 20
ANY_OBJECT = {"type": "object", "additionalProperties": True}
SENT = {"application/json": ANY_OBJECT}
FILLED = {200: OpenApiResponse(ANY_OBJECT, description="Whether it was new: it says the same already otherwise")}
COLUMNS = OpenApiParameter("columns", str, description="These alone, commas between")
FIT = OpenApiParameter("fit", int, description="Number of a fit; default: the newest")
RAW = OpenApiParameter("raw", int, description="Place of the raw file, 1 for PROV1; default: 1")


class MuseView(APIView):
    """One view of an exposure."""

    permission_classes = (SuperuserWrites,)
    renderer_classes = (FastJSON,)
    view = ""

    def _row(self, name: str) -> MuseExposure:
        return muse.exposure_named(name, self.request.user, at=timezone.now())

    def _fill(self, request: Request, name: str) -> Response:
        row = self._row(name)
        content = large_json(request, most_bytes=MOST_BODY_BYTES)
        if not isinstance(content, dict):
            raise UsageError(f"{self.view} is an object: send one.")
        is_new = fill(row, self.view, content, store=the_store(), inspector=the_inspector(), now=timezone.now())
        return Response({"is_new": is_new})

    def _fit(self, row: MuseExposure) -> MuseFit | None:
        return muse_views.fit_of(row, number=number_of(self.request, "fit"))


class MuseDataView(MuseView):
    """Cards of the cube and of each channel, and tables of the raw file."""

    view = "data"

    @extend_schema(
        summary="Headers and adaptive-optics tables of an exposure", parameters=[RAW], responses={200: ANY_OBJECT}
    )
    def get(self, request: Request, name: str) -> Response:
        return Response(muse_views.data_of(self._row(name), place=number_of(request, "raw") or 1))

    @extend_schema(summary="Fill in the view data (superusers)", request=SENT, responses=FILLED)
    def put(self, request: Request, name: str) -> Response:
        return self._fill(request, name)


class MuseHduView(MuseView):
    """One header or table of the view `data`."""

    @extend_schema(
        summary="One header, or columns of one table, of an exposure",
        operation_id="muse_exposures_data_hdu",
        parameters=[COLUMNS, RAW],
        responses={200: ANY_OBJECT},
    )
    def get(self, request: Request, name: str, hdu: str) -> Response:
        row, place = self._row(name), number_of(request, "raw") or 1
        if hdu == "PRIMARY":
            cube = muse_views.cube_file(row)
            found = None if cube is None else cube.cards
            return Response(_chosen(found, request, f"{row.name} has no cube yet."))
        raw = muse_views.raw_file(row, place=place)
        missing = f"{row.name} has no {hdu[:80]}: ask for the view data to see what there is."
        if raw is not None and hdu in raw.headers:
            return Response(_chosen(raw.headers[hdu], request, missing))
        only = columns_of(request)
        tables = {} if raw is None else dict(muse_views.tables_of(raw, [hdu], only=only))
        return Response(_chosen(columns_view(tables[hdu]) if hdu in tables else None, request, missing))


class MusePsfView(MuseView):
    """Parameters of the fitted PSF by wavelength."""

    view = "psfParams"

    @extend_schema(summary="Parameters of an exposure's PSF", parameters=[FIT, COLUMNS], responses={200: ANY_OBJECT})
    def get(self, request: Request, name: str) -> Response:
        row = self._row(name)
        found = muse_views.psf_params_of(self._fit(row))
        return Response(_chosen(found, request, f"{row.name} has no fitted parameters yet."))

    @extend_schema(summary="Fill in the view psfParams (superusers)", request=SENT, responses=FILLED)
    def put(self, request: Request, name: str) -> Response:
        return self._fill(request, name)


class MuseSourcesView(MuseView):
    """Columns of each source, sent a source at a time."""

    view = "sources"

    @extend_schema(
        summary="The PSF of each source of an exposure",
        parameters=[FIT, COLUMNS, OpenApiParameter("ids", str, description="Sources by number, commas between")],
        responses={200: ANY_OBJECT},
    )
    def get(self, request: Request, name: str) -> HttpResponseBase:
        row = self._row(name)
        fit = self._fit(row)
        if fit is None or fit.psf is None:
            raise NotFoundError(f"{row.name} has no file of sources yet.")
        names, columns = _known(fit.psf, request)
        sources = muse_views.sources_of(fit, names, only=columns)
        first = list(islice(sources, 1))  # what goes wrong at the beginning is told as an error
        return StreamingHttpResponse(_object(chain(first, sources)), content_type="application/json")

    @extend_schema(summary="Fill in the view sources (superusers)", request=SENT, responses=FILLED)
    def put(self, request: Request, name: str) -> Response:
        return self._fill(request, name)


class MuseSourceView(MuseView):
    """Columns of one source."""

    @extend_schema(
        summary="The PSF of one source",
        operation_id="muse_exposures_source",
        parameters=[FIT, COLUMNS],
        responses={200: ANY_OBJECT},
    )
    def get(self, request: Request, name: str, source: str) -> Response:
        row = self._row(name)
        found = dict(muse_views.sources_of(self._fit(row), [source], only=columns_of(request)))
        return Response(_chosen(found.get(source), request, f"{row.name} has no source {source[:80]}."))


def number_of(request: Request, name: str) -> int | None:
    """A whole number above zero out of the address; None where it has none. Raises UsageError for anything else."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 5):
        raise UsageError(f"{name} is {text[:20]!r}: give a number from 1.")
    return int(text)


def _known(psf: AoFile, request: Request) -> tuple[list[str] | None, list[str] | None]:
    """Sources and columns that a reader asks for; None for all. Raises UsageError for one that there is not."""
    ids = request.query_params.get("ids", "")
    names = [f"PM_{number.strip()}" for number in ids.split(",") if number.strip()] or None
    if others := [name for name in names or () if name not in psf.tables]:
        raise UsageError(f"there is no source {others[0][:80]}: {len(psf.tables)} others are there.")
    columns = columns_of(request)
    known = {column["name"] for name in names or psf.tables for column in psf.tables[name]["columns"]}
    if unknown := [name for name in columns or () if name not in known]:
        raise UsageError(f"there is no column {unknown[0][:80]!r} here: choose of {', '.join(sorted(known))[:500]}.")
    return names, columns


def columns_of(request: Request) -> list[str] | None:
    """Columns that a reader asks for; None for all."""
    return [name.strip() for name in request.query_params.get("columns", "").split(",") if name.strip()] or None


def _chosen(found: View | None, request: Request, missing: str) -> View:
    """Of what was found the columns that a reader asks for. Raises NotFoundError for nothing, UsageError for others."""
    if found is None:
        raise NotFoundError(missing)
    names = columns_of(request)
    if names is None:
        return found
    if others := [name for name in names if name not in found]:
        raise UsageError(f"there is no column {others[0][:80]!r} here: choose of {', '.join(found)[:500]}.")
    return {name: found[name] for name in names}


def _object(items: Iterable[tuple[str, Any]]) -> Iterator[bytes]:
    """A JSON object, an item at a time."""
    before = b"{"
    for name, value in items:
        yield before + orjson.dumps(name) + b":" + orjson.dumps(value)
        before = b","
    yield b"{}" if before == b"{" else b"}"
