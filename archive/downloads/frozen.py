"""/downloads/: selections that are frozen for a time, as one zip that can be resumed, or file by file."""

import uuid

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import APIException
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.domain import selections
from archive.downloads.checks import FREEZE_AGAIN, Checks, require_all
from archive.downloads.freezing import FormSerializer, FrameIds, freeze, url_of
from archive.downloads.frozen_zip import FrozenZip, is_fixed
from archive.downloads.members import Form
from archive.downloads.negotiation import BytesWhateverAccepted
from archive.downloads.streams import Whole, file_response, ranged_response
from archive.downloads.terms import FrameTerms
from archive.downloads.zip import whole_zip
from archive.downloads.zip_stream import started
from archive.errors import NotFoundError, UsageError
from archive.models import FrozenSelection

ZIP = "application/zip"


class Expired(APIException):
    """A link that was good once."""

    status_code = status.HTTP_410_GONE
    default_detail = f"this download has expired: {FREEZE_AGAIN}."


class DownloadSerializer(FormSerializer):
    """What to freeze: these frames, or those that the terms of the address find; with both, those that fit both."""

    frame_ids = FrameIds(required=False, help_text="Ids of frames")


class DownloadsView(FrameTerms):
    """Freeze a selection without downloading it yet."""

    permission_classes = [AllowAny]
    serializer_class = DownloadSerializer  # OPTIONS tells of it

    @extend_schema(
        summary="Freeze a selection of frames for a download that can be resumed",
        description=(
            "Takes `frame_ids` in the body, or the terms of `/frames/` in the address, and fixes the newest files of "
            "the frames found. The link in `url` gives them as one zip until `expires_at`."
        ),
        request=DownloadSerializer,
        filters=True,
        responses={
            201: inline_serializer(
                "FrozenSelection",
                {
                    "url": serializers.URLField(help_text="Where the zip is"),
                    "count": serializers.IntegerField(help_text="Files in it"),
                    "size_bytes": serializers.IntegerField(
                        allow_null=True, help_text="Size of the zip; null where it is known only afterwards"
                    ),
                    "expires_at": serializers.DateTimeField(help_text="UTC"),
                    "filename": serializers.CharField(help_text="Name of the zip"),
                    "left_out": serializers.IntegerField(help_text="Files that are known to be damaged, so not in it"),
                },
            ),
            404: OpenApiResponse(description="Nothing that the caller may see has a file"),
        },
    )
    def post(self, request: Request) -> Response:
        asked = DownloadSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        at = timezone.now()
        wanted = asked.validated_data
        ids = wanted.pop("frame_ids", None)
        frames = self.found(request, at=at, needs_terms=ids is None)
        if ids is not None:
            frames = frames.filter(pk__in=selections.among(ids))
        frozen = freeze(frames, request.user, at=at, damaged_are_left_out=ids is None, **wanted)
        if frozen is None:
            raise NotFoundError("nothing that you may see has a file here: look at /frames/ with the same terms.")
        selection = frozen.selection
        url = url_of(request, selection.pk)
        body = {
            "url": url,
            "count": selection.count,
            "size_bytes": FrozenZip(selection).size_bytes if is_fixed(selection) else None,
            "expires_at": selection.expires_at,
            "filename": f"{selection.folder}.zip",
            "left_out": frozen.left_out,
        }
        return Response(body, status=status.HTTP_201_CREATED, headers={"Location": url})


class DownloadView(APIView):
    """The zip of a frozen selection."""

    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        operation_id="downloads_zip",
        summary="Download a frozen selection as one zip; ranges resume",
        responses={
            (200, ZIP): OpenApiTypes.BINARY,
            (206, ZIP): OpenApiTypes.BINARY,
            404: OpenApiResponse(description="Unknown, or another user's"),
            409: OpenApiResponse(description="A file of it was deleted, replaced or hidden since"),
            410: OpenApiResponse(description="Expired"),
            416: OpenApiResponse(description="The range lies beyond the end"),
        },
    )
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        selection = open_selection(request, pk)
        require_all(selections.table_of(selection), request.user)
        if is_fixed(selection):
            return _resumable(request, selection)
        response: HttpResponseBase
        response = HttpResponse(content_type=ZIP) if request.method == "HEAD" else whole_zip(selection, request.user)
        response["Content-Disposition"] = f"attachment; filename={selection.folder}.zip"
        response["Accept-Ranges"] = "none"
        return response

    head = get


class MemberView(APIView):
    """One file of a frozen selection, as it was frozen: what the scripts download."""

    throttle_classes = ()  # a script fetches thousands of these; whoever froze the selection was counted
    content_negotiation_class = BytesWhateverAccepted

    @extend_schema(
        summary="Download one file of a frozen selection; ranges resume",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: uuid.UUID, number: int, name: str) -> HttpResponseBase:  # noqa: ARG002 - saved under it
        selection = open_selection(request, pk)
        table = selections.row_of(selection, number)
        if table[0]["form"] != Form.AS_STORED:
            raise UsageError("this file is made when its zip is sent: download the zip.")
        version = Checks(table, request.user).version(0)
        filename = version.frame.basename + version.extension
        return file_response(request, version.object, filename=filename)

    head = get


def open_selection(request: Request, pk: uuid.UUID) -> FrozenSelection:
    """A selection that can still be downloaded. Raises NotFoundError, and Expired."""
    selection = selections.selection_of(pk, request.user)
    if selection.expires_at <= timezone.now():
        raise Expired
    return selection


def _resumable(request: Request, selection: FrozenSelection) -> HttpResponseBase:
    frozen = FrozenZip(selection)
    whole = Whole(frozen.etag, frozen.size_bytes, f"{selection.folder}.zip", ZIP)
    return ranged_response(
        request, whole, lambda start, stop: started(frozen.blocks(request.user, start=start, stop=stop))
    )
