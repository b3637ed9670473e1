"""/ingest/<name>: a file that is sent through the archive itself."""

import base64
import binascii
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.permissions import SuperuserOnly
from archive.api.representations import FrameRepresentation, frame_dict, links_of
from archive.domain.rows import Parts, rows_of
from archive.domain.store import the_store
from archive.enums import UploadKind
from archive.errors import UsageError
from ingest import tickets
from ingest.direct import Arrived, arriving, take_arrived
from ingest.intake import the_inspector
from ingest.taking import Taken

KINDS = [kind.value for kind in UploadKind]


class LengthRequired(APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_detail = "Send Content-Length: the archive takes no file whose size it does not know beforehand."


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class IngestView(APIView):
    """One file, sent as the body of the request."""

    permission_classes = (SuperuserOnly,)

    @extend_schema(
        summary="Send a file; its frame is the answer, with 200 instead of 201 when the archive held it already",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        responses={200: FrameRepresentation, 201: FrameRepresentation},
        parameters=[
            OpenApiParameter("kind", enum=KINDS, description="data when left out"),
            OpenApiParameter("info_channel", int, description="Of an info image, 1 to 3; 1 when left out"),
            OpenApiParameter("Content-MD5", str, OpenApiParameter.HEADER, description="Checked when it is sent"),
        ],
    )
    def put(self, request: Request, name: str) -> Response:
        kind = _kind_of(request)
        path = tickets.path_for(kind, name)
        channel = tickets.require_channel(kind, _channel_of(request))
        with arrived_body(request, name=name) as arrived:
            tickets.announce(path, channel, now=timezone.now())
            taken = take_arrived(arrived, path=path, store=the_store(), inspector=the_inspector(), now=timezone.now())
        return Response(body_of(taken, request), status=answer_taken(taken))

    post = put


@contextmanager
def arrived_body(request: Request, *, name: str) -> Iterator[Arrived]:
    """The request's body as a file. Raises what answers a body without length, or one that is too large."""
    try:
        size_bytes = int(request.META.get("CONTENT_LENGTH") or "")
    except ValueError as error:
        raise LengthRequired from error
    try:
        tickets.require_size(size_bytes)
    except UsageError as error:
        raise TooLarge(str(error)) from error
    # Django's own request: DRF's would look for a parser, and hold the body.
    with arriving(name, request._request.read, size_bytes=size_bytes, md5=_sent_md5(request)) as arrived:  # noqa: SLF001
        yield arrived


def answer_taken(taken: Taken) -> int:
    return status.HTTP_201_CREATED if taken.is_new else status.HTTP_200_OK


def body_of(taken: Taken, request: Request) -> dict[str, Any]:
    """The frame that a file made, as /frames/<id>/ shows it; of any other file of a family, the family's name."""
    parts = Parts(related=True, thumbnails=False)
    ids = [taken.frame.pk] if taken.frame else []
    for row in rows_of(ids, request.user, at=timezone.now(), parts=parts):
        return frame_dict(row, parts=parts, links=links_of(request))
    family = taken.exposure
    return {"site": taken.site_id, "base_filename": family.name if family else None, "frame": next(iter(ids), None)}


def _kind_of(request: Request) -> UploadKind:
    try:
        return UploadKind(request.query_params.get("kind", UploadKind.DATA))
    except ValueError as error:
        raise UsageError(f"kind is none that the archive takes: give one of {', '.join(KINDS)}.") from error


def _channel_of(request: Request) -> int | None:
    given = request.query_params.get("info_channel")
    try:
        return None if given is None else int(given)
    except ValueError as error:
        raise UsageError("info_channel is no number: give 1, 2 or 3.") from error


def _sent_md5(request: Request) -> str:
    """MD5 of the header Content-MD5, as hex; empty when none was sent."""
    sent = request.headers.get("Content-MD5", "")
    try:
        return base64.b64decode(sent, validate=True).hex()
    except (binascii.Error, ValueError) as error:
        raise UsageError("Content-MD5 is no MD5 in base64: correct it, or leave it out.") from error
