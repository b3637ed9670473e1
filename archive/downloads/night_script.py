"""GET /nights/<date>/script/: a program that downloads what was made of a night, into the original's folders."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import placed
from archive.domain.observing_nights import night_named
from archive.domain.placed import Found
from archive.downloads.negotiation import AlwaysJSON
from archive.downloads.script_view import kind_asked, script_response
from archive.downloads.scripts import KINDS, File, Job
from archive.errors import NotFoundError
from archive.models import Product, ProductFile, Reader


class NightScriptView(APIView):
    """What the caller may see of a night, file by file, each at an address that stays. The program holds no token."""

    permission_classes = [AllowAny]
    content_negotiation_class = AlwaysJSON  # of errors: `format` names the program here

    @extend_schema(
        summary="A script that downloads the products of a night: resumes, checks, holds no token",
        parameters=[
            OpenApiParameter("date", OpenApiTypes.DATE, OpenApiParameter.PATH, description="UTC date in its names"),
            OpenApiParameter("format", enum=list(KINDS), required=True, description="Which program"),
            OpenApiParameter("proposal_id", str, description="Only of this programme, and what is of the night itself"),
        ],
        responses={
            (200, "text/x-shellscript"): OpenApiTypes.STR,
            (200, "text/x-python"): OpenApiTypes.STR,
            (200, "text/plain"): OpenApiTypes.STR,
            404: OpenApiResponse(description="Nothing that the caller may see was made of this night"),
        },
    )
    def get(self, request: Request, date: str) -> HttpResponseBase:
        kind, night, at = kind_asked(request), night_named(date), timezone.now()
        wanted = Q(night=night)
        if proposal_id := request.query_params.get("proposal_id", "").replace("\0", ""):
            wanted &= Q(observation=None) | Q(observation__proposal_id=proposal_id)
        found = _found(wanted, request.user, at=at)
        if not found.files:
            raise NotFoundError("nothing that you may see was made of this night yet.")
        public = _found(wanted, AnonymousUser(), at=at)
        is_private = {file.pk for file in found.files} != {file.pk for file in public.files}
        job = Job(_files(request, found.files), len(found.files), is_private, found.n_damaged)
        return script_response(kind, job, name=f"night-{night:%Y%m%d}")


def _found(wanted: Q, reader: Reader, *, at: datetime) -> Found:
    return placed.files_of(Product.objects.visible_to(reader, at=at).filter(wanted), reader, at=at)


def _files(request: Request, files: Sequence[ProductFile]) -> Iterator[File]:
    for file in files:
        address = request.build_absolute_uri(_path_of(file))
        yield File(placed.place_of(file), file.size_bytes, "sha256", file.sha256, address)


def _path_of(file: ProductFile) -> str:
    product = file.product
    if product.observation_id is not None:
        return reverse("observation-file", args=[product.subject, product.kind, file.role])
    return reverse("night-file", args=[product.night.isoformat(), product.subject, product.kind, file.role])
