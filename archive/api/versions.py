"""/versions/: what the archive holds, for staff and for ingesters that ask before they post."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from archive.api.pagination import EitherPages
from archive.api.permissions import StaffOnly
from archive.api.representations import VersionRepresentation, links_of, version_row
from archive.domain.order import Order, Term
from archive.models import Version


class VersionFilter(filters.FilterSet):
    md5 = filters.CharFilter("md5", help_text="MD5 of the bytes, lower-case hex")

    class Meta:
        model = Version
        fields = ("md5",)


@extend_schema_view(
    list=extend_schema(summary="Find versions", responses=VersionRepresentation),
    retrieve=extend_schema(summary="One version", responses=VersionRepresentation),
)
class VersionViewSet(EitherPages, viewsets.ReadOnlyModelViewSet[Version]):
    """Every set of bytes of every frame, newest first; staff only."""

    queryset = Version.objects.none()
    serializer_class = VersionRepresentation
    permission_classes = [StaffOnly]
    filterset_class = VersionFilter
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Version]:
        return Version.objects.select_related("object").order_by("-created", "-id")

    def order(self) -> Order:
        return (Term("created", descending=True), Term("id", descending=True))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        links = links_of(request)
        return self.get_paginated_response([version_row(version, links) for version in page or []])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        version = generics.get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])
        return Response(version_row(version, links_of(request)))
