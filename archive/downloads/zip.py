"""POST /frames/zip/: many frames in one zip."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import accounts, search
from archive.downloads.manifest import manifest
from archive.downloads.members import Member, members_of
from archive.downloads.negotiation import BytesWhateverAccepted
from archive.downloads.zip_stream import started, zip_blocks
from archive.errors import NotFoundError

LARGEST_ID = 2**63 - 1


class ZipSerializer(serializers.Serializer[Any]):
    """What to pack."""

    frame_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_ID), help_text="Ids of frames"
    )
    uncompress = serializers.BooleanField(default=False, help_text="Unpack .fits.fz files")
    catalog_only = serializers.BooleanField(
        default=False, help_text="Of final images (reduction level 91) only their catalogues"
    )
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
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    def post(self, request: Request) -> HttpResponseBase:
        asked = ZipSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        token = wanted.get("auth_token")
        reader = _reader_of(token) if token else request.user
        members = members_of(
            list(_frames(reader, wanted["frame_ids"])),
            uncompress=wanted["uncompress"],
            catalog_only=wanted["catalog_only"],
        )
        return _answer(members) if members else _nothing_to_send()


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


def _frames(reader: Any, ids: list[int]) -> Any:
    """Newest first, a raw frame before what was made of it."""
    seen: Any = search.frames_for(reader, at=timezone.now()).filter(pk__in=ids)
    return seen.order_by("-observation_date", "pk").prefetch_related("versions__object")


def _answer(members: list[Member]) -> HttpResponseBase:
    folder = f"{settings.ZIP_DOWNLOAD_FILENAME_BASE}-{timezone.now():%Y%m%d}-{len(members)}"
    response: HttpResponseBase
    if settings.ZIP_MODE == "nginx":
        response = HttpResponse(manifest(members, folder=folder), content_type="text/plain")
        response["X-Archive-Files"] = "zip"
    else:
        response = StreamingHttpResponse(started(zip_blocks(members, folder=folder)), content_type="application/zip")
    response["Content-Disposition"] = f"attachment; filename={folder}.zip"
    response["Set-Cookie"] = "fileDownload=true; path=/"  # the web client waits for it
    setattr(response, "xframe_options_exempt", True)  # noqa: B010 - the web client fetches it in a hidden frame
    return response
