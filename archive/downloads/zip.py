"""POST /frames/zip/: many frames in one zip, at once."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import accounts, search, selections
from archive.downloads.checks import checked_members
from archive.downloads.freezing import FormSerializer, FrameIds, freeze, link_to
from archive.downloads.frozen_zip import FrozenZip, is_fixed
from archive.downloads.manifest import manifest
from archive.downloads.negotiation import BytesWhateverAccepted
from archive.downloads.zip_stream import started, zip_blocks
from archive.errors import NotFoundError
from archive.models import FrozenSelection, Reader


class ZipSerializer(FormSerializer):
    """What to pack."""

    frame_ids = FrameIds(help_text="Ids of frames")
    auth_token = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, help_text="A token; stands above that of the header"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        most = settings.ZIP_DOWNLOAD_MAX_UNCOMPRESSED_FILES
        if attrs["uncompress"] and len(attrs["frame_ids"]) > most:
            raise serializers.ValidationError(
                f"A maximum of {most} frames can be downloaded with the uncompress flag. "
                "Please try again with fewer frame_ids."
            )
        return attrs


class ZipView(APIView):
    """Frames that the caller may see, in one zip; ids of others are passed over."""

    permission_classes = [AllowAny]
    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        summary="Download many frames in one zip",
        request=ZipSerializer,
        parameters=[
            OpenApiParameter(
                "Link",
                str,
                OpenApiParameter.HEADER,
                response=[200],
                description="The same zip at `/downloads/<id>/`, where it can be resumed",
            )
        ],
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def post(self, request: Request) -> HttpResponseBase:
        asked = ZipSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        token = wanted.get("auth_token")
        reader = _reader_of(token) if token else request.user
        at = timezone.now()
        frames = search.frames_for(reader, at=at).filter(pk__in=selections.among(wanted["frame_ids"]))
        frozen = freeze(frames, reader, at=at, uncompress=wanted["uncompress"], catalog_only=wanted["catalog_only"])
        if frozen is None:
            return _nothing_to_send()
        response = _answer(frozen.selection, reader)
        link_to(request, response, frozen.selection)
        return response


def _nothing_to_send() -> HttpResponse:
    answer = HttpResponse(status=404)
    del answer.headers["Content-Type"]  # there is no body
    return answer


def _reader_of(token: str) -> User:
    """The active user of a token, the archive's own or the portal's.

    Raises NotFoundError when it is nobody's.
    """
    user = accounts.user_of_token(key=token, at=timezone.now())
    if user is None:
        raise NotFoundError("No Token matches the given query.")
    return user


def _answer(selection: FrozenSelection, reader: Reader) -> HttpResponseBase:
    response: HttpResponseBase
    if settings.ZIP_MODE == "nginx":
        members = list(checked_members(selection, reader))
        response = HttpResponse(manifest(members, folder=selection.folder), content_type="text/plain")
        response["X-Archive-Files"] = "zip"
    else:
        response = whole_zip(selection, reader)
    response["Content-Disposition"] = f"attachment; filename={selection.folder}.zip"
    response["Set-Cookie"] = "fileDownload=true; path=/"  # the web client waits for it
    setattr(response, "xframe_options_exempt", True)  # noqa: B010 - the web client fetches it in a hidden frame
    return response


def whole_zip(selection: FrozenSelection, reader: Reader) -> StreamingHttpResponse:
    """All of a selection's zip. Its length is told where it is known."""
    if not is_fixed(selection):
        blocks = zip_blocks(checked_members(selection, reader), folder=selection.folder)
        return StreamingHttpResponse(started(blocks), content_type="application/zip")
    frozen = FrozenZip(selection)
    blocks = frozen.blocks(reader, start=0, stop=frozen.size_bytes)
    response = StreamingHttpResponse(started(blocks), content_type="application/zip")
    response["Content-Length"] = str(frozen.size_bytes)
    response["ETag"] = frozen.etag
    return response
