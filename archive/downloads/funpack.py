"""One frame's newest file unpacked, and its catalogue."""

from collections.abc import Callable
from typing import IO

from django.http import FileResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import access, search
from archive.downloads.manifest import ticket_opens
from archive.downloads.negotiation import BytesWhateverAccepted
from archive.downloads.unpacked import catalogue_fits, unpacked_fits
from archive.enums import ExpiringKind
from archive.errors import NotFoundError
from archive.models import Frame, Version
from ingest.stores.keys import content_disposition_for


class FunpackView(APIView):
    """The newest file as plain FITS."""

    gone_kind = ExpiringKind.FRAME
    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        summary="Download a frame's file unpacked",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        return _answer(_frame(request, pk), unpacked_fits, ending=".fits")


class CatalogView(APIView):
    """The header of the image and its table of sources."""

    gone_kind = ExpiringKind.FRAME
    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        summary="Download the catalogue that a frame's file holds",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        return _answer(_frame(request, pk), catalogue_fits, ending="-catalog.fits")


def _frame(request: Request, pk: int) -> Frame:
    seen = search.frames_for(request.user, at=timezone.now())
    if ticket_opens(request.query_params.get("ticket", ""), frame_id=pk):
        seen = Frame.objects.all()
    frame = seen.filter(pk=pk).first()
    if frame is None:
        raise NotFoundError("No Frame matches the given query.")
    return frame


def _answer(frame: Frame, make: Callable[[Version], IO[bytes]], *, ending: str) -> HttpResponseBase:
    made = make(access.newest_version(frame))
    response = FileResponse(made, content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_for(frame.basename + ending)
    return response
