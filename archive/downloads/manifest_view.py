"""GET /downloads/<id>/manifest/: the files of a frozen selection with their checksums."""

import csv
import io
import uuid
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote

from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import selections
from archive.domain.selections import KnownDigest
from archive.downloads.frozen import open_selection
from archive.downloads.members import Form
from archive.downloads.negotiation import AlwaysJSON
from archive.errors import UsageError
from archive.models import FrozenSelection

BATCH = 1000
SHA256, CSV = "sha256", "csv"
COLUMNS = ("name", "size_bytes", "sha256", "md5", "frame_id", "url")


class Listed(NamedTuple):
    """One file. Without a digest it is made while the zip is sent, and nobody knows its bytes beforehand."""

    name: str
    frame_id: int
    digest: KnownDigest | None
    address: str


class ManifestView(APIView):
    """What `sha256sum -c` reads, or a table."""

    content_negotiation_class = AlwaysJSON

    @extend_schema(
        operation_id="downloads_manifest",
        summary="Names, sizes and checksums of the files of a frozen selection",
        description=(
            "`format=sha256` is what `sha256sum -c` reads where the zip was unpacked; files whose SHA-256 is not known "
            "stand in comments. `format=csv` has a line for each file."
        ),
        parameters=[OpenApiParameter("format", enum=[SHA256, CSV], required=True, description="Which form")],
        responses={
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "text/csv"): OpenApiTypes.STR,
            404: OpenApiResponse(description="Unknown, or another user's"),
            410: OpenApiResponse(description="Expired"),
        },
    )
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        form = request.query_params.get("format", "")
        if form not in {SHA256, CSV}:
            raise UsageError(f"say in which form: format={SHA256}|{CSV}.")
        selection = open_selection(request, pk)
        files = _files(request, selection)
        lines = _sums(files, folder=selection.folder) if form == SHA256 else _table(files, folder=selection.folder)
        response = StreamingHttpResponse(lines, content_type=f"text/{'csv' if form == CSV else 'plain'}; charset=utf-8")
        ending = "sha256" if form == SHA256 else "csv"
        response["Content-Disposition"] = f"attachment; filename={selection.folder}.{ending}"
        response["Cache-Control"] = "no-store"
        return response


def _files(request: Request, selection: FrozenSelection) -> Iterator[list[Listed]]:
    """In batches, in the order of the zip."""
    zip_address = request.build_absolute_uri(reverse("download", args=[selection.pk]))
    table, names = selections.table_of(selection), selections.names_of(selection)
    for first in range(0, selection.count, BATCH):
        rows = table[first : first + BATCH]
        found = []
        for number, (row, digest) in enumerate(zip(rows, selections.digests_of(rows), strict=True), start=first):
            is_stored = row["form"] == Form.AS_STORED
            address = f"{zip_address}{number}/{quote(names[number].decode(), safe='')}" if is_stored else ""
            found.append(Listed(names[number].decode(), int(row["frame_id"]), digest if is_stored else None, address))
        yield found


def _sums(batches: Iterator[list[Listed]], *, folder: str) -> Iterator[bytes]:
    for files in batches:
        yield "".join(_sum(file, folder=folder) for file in files).encode()


def _sum(file: Listed, *, folder: str) -> str:
    if file.digest is None:
        return f"# made while the zip is sent: {folder}/{file.name}\n"
    if not file.digest.sha256:
        return f"# not read by the archive yet: {folder}/{file.name}\n"
    return f"{file.digest.sha256}  {folder}/{file.name}\n"


def _table(batches: Iterator[list[Listed]], *, folder: str) -> Iterator[bytes]:
    yield (",".join(COLUMNS) + "\r\n").encode()
    for files in batches:
        into = io.StringIO()
        csv.writer(into).writerows(_row(file, folder=folder) for file in files)
        yield into.getvalue().encode()


def _row(file: Listed, *, folder: str) -> tuple[object, ...]:
    size_bytes, md5, sha256 = file.digest or KnownDigest(None, "", None)
    return f"{folder}/{file.name}", size_bytes, sha256, md5, file.frame_id, file.address
