"""A program that downloads what a list finds (GET /frames/script/), or a selection that is frozen already."""

import uuid
from collections.abc import Iterator
from urllib.parse import quote

from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import selections
from archive.downloads.freezing import freeze
from archive.downloads.frozen import open_selection
from archive.downloads.members import Form
from archive.downloads.negotiation import AlwaysJSON
from archive.downloads.scripts import KINDS, File, Job, Kind
from archive.downloads.terms import FrameTerms
from archive.errors import NotFoundError, UsageError
from archive.models import FrozenSelection

BATCH = 1000
SCRIPTS = {
    (200, "text/x-shellscript"): OpenApiTypes.STR,
    (200, "text/x-python"): OpenApiTypes.STR,
    (200, "text/plain"): OpenApiTypes.STR,
}
WHICH = OpenApiParameter("format", enum=list(KINDS), required=True, description="Which program")


class ScriptView(FrameTerms):
    """Freezes what the terms of the address find, and writes a program that fetches it file by file."""

    permission_classes = [AllowAny]
    content_negotiation_class = AlwaysJSON  # of errors: `format` names the program here

    @extend_schema(
        summary="A script that downloads frames: resumes, checks, holds no token",
        parameters=[WHICH],
        filters=True,
        responses={
            **SCRIPTS,
            404: OpenApiResponse(description="Nothing that the caller may see has a file"),
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        kind = kind_asked(request)
        at = timezone.now()
        frozen = freeze(self.found(request, at=at), request.user, at=at, damaged_are_left_out=True)
        if frozen is None:
            raise NotFoundError("nothing that you may see has a file here: look at /frames/ with the same terms.")
        return _script_of(request, frozen.selection, kind, left_out=frozen.left_out)


class SelectionScriptView(APIView):
    """A program for what somebody has frozen before."""

    content_negotiation_class = AlwaysJSON

    @extend_schema(
        operation_id="downloads_script",
        summary="A script that downloads a frozen selection file by file: resumes, checks, holds no token",
        parameters=[WHICH],
        responses={
            **SCRIPTS,
            400: OpenApiResponse(description="Files of it are made while its zip is sent"),
            404: OpenApiResponse(description="Unknown, or another user's"),
            410: OpenApiResponse(description="Expired"),
        },
    )
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        kind = kind_asked(request)
        selection = open_selection(request, pk)
        if (selections.table_of(selection)["form"] != Form.AS_STORED).any():
            raise UsageError("files of this selection are made while its zip is sent: download the zip.")
        return _script_of(request, selection, kind, left_out=0)


def _script_of(request: Request, selection: FrozenSelection, kind: Kind, *, left_out: int) -> StreamingHttpResponse:
    job = Job(_files(request, selection), selection.count, selection.owner_id is not None, left_out)
    return script_response(kind, job, name=selection.folder)


def kind_asked(request: Request) -> Kind:
    """Which program is asked for. Raises UsageError."""
    kind = KINDS.get(request.query_params.get("format", ""))
    if kind is None:
        raise UsageError(f"say which program shall download: format={'|'.join(KINDS)}.")
    return kind


def script_response(kind: Kind, job: Job, *, name: str) -> StreamingHttpResponse:
    """The program as a file, a part at a time."""
    response = StreamingHttpResponse(_blocks(kind.lines(job)), content_type=kind.content_type)
    response["Content-Disposition"] = f"attachment; filename={name}-{kind.ending}"
    response["Cache-Control"] = "no-store"
    return response


def _files(request: Request, selection: FrozenSelection) -> Iterator[File]:
    """Name, size, checksum and address of each member."""
    zip_address = request.build_absolute_uri(reverse("download", args=[selection.pk]))
    table, names = selections.table_of(selection), selections.names_of(selection)
    for first in range(0, selection.count, BATCH):
        digests = selections.digests_of(table[first : first + BATCH])
        for number, (name, digest) in enumerate(zip(names[first : first + BATCH], digests, strict=True), start=first):
            algorithm, checksum = ("sha256", digest.sha256) if digest.sha256 else ("md5", digest.md5)
            address = f"{zip_address}{number}/{quote(name, safe='')}"
            yield File(name.decode(), digest.size_bytes, algorithm, checksum, address)


def _blocks(lines: Iterator[str]) -> Iterator[bytes]:
    """Some hundred lines at a time."""
    waiting: list[str] = []
    for line in lines:
        waiting.append(line)
        if len(waiting) == BATCH:
            yield "".join(waiting).encode()
            waiting = []
    yield "".join(waiting).encode()
