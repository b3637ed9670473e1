"""Families and info images, at the addresses that clients of Photon Ranch know."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.packages import PackageRepresentation, image_package, info_image_package, link_to
from archive.api.pagination import EitherPages
from archive.api.representations import links_of
from archive.domain import info_images
from archive.domain.family_rows import (
    NEWEST_FIRST,
    families_for,
    family_named,
    files_for,
    newest_pictures,
    rows_of,
    without_intermediates,
)
from archive.domain.order import Order
from archive.enums import ExpiringKind, ExposureKind
from archive.errors import NotFoundError, UsageError
from archive.models import Exposure, ExposureQuerySet
from archive.terms.families import FamilyFilter, narrowed
from ingest.family_names import KIND_OF_DIRECTORY, is_site

# Info images have an address of their own, and no list.
LISTED = {directory: kind for directory, kind in KIND_OF_DIRECTORY.items() if kind is not ExposureKind.INFO_IMAGE}
DIRECTORY = OpenApiParameter("s3_directory", enum=list(LISTED), description="Kind of families; data if not given")


def _kind_of(request: Request) -> ExposureKind | None:
    """Kind that a request asks for; None when it does not say. Raises UsageError for one that has no list."""
    directory = request.query_params.get("s3_directory", "")
    if directory and directory not in LISTED:
        raise UsageError(f"s3_directory is {directory[:40]!r}: give one of {', '.join(LISTED)}.")
    return LISTED.get(directory)


def _require_site(site: str) -> None:
    """Raise NotFoundError for what can be the name of no site."""
    if not is_site(site):
        raise NotFoundError(f"{site[:40]!r} is no site: a site has three to six letters and digits.")


class FamiliesView(EitherPages, generics.ListAPIView[Exposure]):
    """Families, newest first, by pages."""

    queryset = Exposure.objects.none()
    filterset_class = FamilyFilter

    def get_queryset(self) -> ExposureQuerySet:
        kind = _kind_of(self.request) or ExposureKind.PHOTON_RANCH
        return families_for(self.request.user, kind=kind, at=timezone.now())

    def order(self) -> Order:
        return NEWEST_FIRST

    @extend_schema(
        summary="Find families of files",
        parameters=[
            DIRECTORY,
            OpenApiParameter("intermediates", bool, description="true keeps all frames of a smart stack, not the last"),
        ],
        responses=PackageRepresentation,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        found = narrowed(self.get_queryset(), request.query_params)
        if request.query_params.get("intermediates", "").lower() != "true":
            found = without_intermediates(found)
        page = self.paginate_queryset(found.only("id", "sort_date")) or []
        links = links_of(request)
        rows = rows_of([family.pk for family in page], request.user, at=timezone.now())
        return self.get_paginated_response([image_package(row, links) for row in rows])


class ImageView(APIView):
    gone_kind = ExpiringKind.FAMILY

    @extend_schema(summary="One family", parameters=[DIRECTORY], responses=PackageRepresentation)
    def get(self, request: Request, base: str) -> Response:
        now = timezone.now()
        family = family_named(base, request.user, kind=_kind_of(request), at=now)
        for row in rows_of([family.pk], request.user, at=now):
            return Response(image_package(row, links_of(request)))
        raise NotFoundError(f"There is no family {base!r}: it has just gone.")


class FitsHeaderView(APIView):
    gone_kind: ExpiringKind | None = ExpiringKind.FAMILY

    @extend_schema(summary="The whole header of a family", parameters=[DIRECTORY], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, base: str) -> Response:
        family = family_named(base, request.user, kind=_kind_of(request), at=timezone.now())
        if family.header is None:
            self.gone_kind = None  # an earlier one of this name may have gone: this one is here
            raise NotFoundError(f"No header of {base} has come yet.")
        return Response(family.header)


class LatestImagesView(APIView):
    @extend_schema(
        summary="The newest families of a site that have a picture",
        parameters=[OpenApiParameter("userid", str, description="Of this user only: header key USERID"), DIRECTORY],
        responses=PackageRepresentation(many=True),
    )
    def get(self, request: Request, site: str, n: int) -> Response:
        now = timezone.now()
        _require_site(site)
        kind = _kind_of(request) or ExposureKind.PHOTON_RANCH
        found = families_for(request.user, kind=kind, at=now).filter(site_id=site, jpg_medium_exists=True)
        if user_id := request.query_params.get("userid", "").replace("\0", ""):
            found = found.filter(user_id=user_id)
        most = min(n, settings.PAGINATION_MAX_LIMIT)
        links = links_of(request)
        rows = rows_of(list(found.values_list("pk", flat=True)[:most]), request.user, at=now)
        return Response([image_package(row, links) for row in rows])


class LatestOfAllSitesView(APIView):
    @extend_schema(summary="A link to the newest picture of each site", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        links = links_of(request)
        pictures = newest_pictures(request.user, at=timezone.now())
        return Response({picture.exposure.site_id: link_to(picture, links) for picture in pictures})


class InfoImageView(APIView):
    @extend_schema(
        summary="What an info channel of a site shows",
        responses={200: OpenApiTypes.OBJECT, 204: None},
    )
    def get(self, request: Request, site: str, channel: int) -> Response:
        now = timezone.now()
        _require_site(site)
        image = info_images.shown(site=site, channel=channel, at=now)
        exposure = Exposure.objects.visible_to(request.user, at=now).filter(info_image=image).first() if image else None
        if image is None or exposure is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        files = list(files_for(request.user, at=now).filter(exposure=exposure))
        return Response(info_image_package(image, exposure, files, links_of(request)))
