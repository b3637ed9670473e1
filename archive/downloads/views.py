"""A frame's file through the archive, and the links that the archive itself has signed."""

from datetime import timedelta
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import access, search
from archive.domain.store import store_named, the_store
from archive.downloads.streams import file_response
from archive.enums import ExpiringKind
from archive.errors import NotFoundError, UsageError
from archive.models import StoredObject

REDIRECT_LIFETIME = timedelta(hours=1)  # long enough to resume a download by the same link


class FrameDownloadView(APIView):
    """The newest file of a frame, as it is stored."""

    gone_kind = ExpiringKind.FRAME

    @extend_schema(
        summary="Download a frame's file; ranges resume",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        frame = search.frames_for(request.user, at=timezone.now()).filter(pk=pk).first()
        if frame is None:
            raise NotFoundError("No such frame.")
        version = access.newest_version(frame)
        return file_response(request, version.object, filename=frame.basename + version.extension)

    head = get


class SignedFileView(APIView):
    """Bytes of a link that the archive signed: whoever holds it may read until it expires."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()  # a page of pictures is a hundred of these; whoever gave the link was counted
    schema = None

    def get(self, request: Request, path: str) -> HttpResponseBase:
        stored = _signed_object(request, path)
        if stored.store == "s3" and not _is_picture_of_page(request):
            where = store_named(stored.store).signed_url(path, stored.version_id, expires_in=REDIRECT_LIFETIME)
            # To a redirect within the same host clients send the Authorization header again, which S3 refuses.
            if urlsplit(where).hostname != urlsplit(request.build_absolute_uri()).hostname:
                return HttpResponseRedirect(where, headers={"Cache-Control": "no-store"})
        return file_response(request, stored, filename=path.rsplit("/", 1)[-1])

    def head(self, request: Request, path: str) -> HttpResponseBase:
        """Answered here: a link that S3 signed for GET is refused to HEAD."""
        return file_response(request, _signed_object(request, path), filename=path.rsplit("/", 1)[-1])


def _is_picture_of_page(request: Request) -> bool:
    """Whether a page of ours shows it: the policy of pages (archive.web.policy) takes nothing from another host.

    Only for pictures browsers ask so (Fetch Standard, 2.2.7); programs that follow links do not.
    """
    return request.headers.get("Accept", "").startswith("image/")


def _signed_object(request: Request, path: str) -> StoredObject:
    """The object of a link, if the archive made the link and it holds."""
    version_id = request.GET.get("versionId", "")
    try:
        access.own_signer().verify(
            path=path,
            version_id=version_id,
            expires=request.GET.get("expires", ""),
            signature=request.GET.get("signature", ""),
            now=timezone.now(),
        )
    except UsageError as error:
        raise PermissionDenied(str(error)) from error
    return get_object_or_404(StoredObject, store=the_store().name, path=path, version_id=version_id)
