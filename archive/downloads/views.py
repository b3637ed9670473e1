"""A frame's file through the archive, and the links that the archive itself has signed."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import access, search
from archive.domain.store import the_store
from archive.downloads.streams import file_response
from archive.errors import NotFoundError, UsageError
from archive.models import StoredObject
from ingest.stores.local import LocalStore
from ingest.stores.memory import MemoryStore


class DownloadView(APIView):
    """The newest file of a frame, as it is stored."""

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
    """Bytes of a link that the local store signed: whoever holds it may read until it expires."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()  # a page of pictures is a hundred of these; whoever gave the link was counted
    schema = None

    def get(self, request: Request, path: str) -> HttpResponseBase:
        return _signed_file(request, path)

    head = get


def _signed_file(request: Request, path: str) -> HttpResponseBase:
    store = the_store()
    version_id = request.GET.get("versionId", "")
    if not isinstance(store, LocalStore | MemoryStore):
        raise PermissionDenied("This archive's store serves its own links.")
    try:
        store.verify(
            path=path,
            version_id=version_id,
            expires=request.GET.get("expires", ""),
            signature=request.GET.get("signature", ""),
            now=timezone.now(),
        )
    except UsageError as error:
        raise PermissionDenied(str(error)) from error
    stored = get_object_or_404(StoredObject, store=store.name, path=path, version_id=version_id)
    return file_response(request, stored, filename=path.rsplit("/", 1)[-1])
