"""/frames/: lists and single frames in the dict form of the OCS interface, headers, and frames that clients post."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from archive.api.posted import PostedFrameSerializer
from archive.api.representations import FrameRepresentation, frame_dict, posted_answer
from archive.domain import access, search
from archive.domain.store import the_store
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Frame, FrameQuerySet, Headers, Thumbnail, sky
from ingest.intake import accept_posted

SMALL_INTEGER_MAX = 2**15 - 1


class IntegerFilter(filters.Filter):
    """A whole number that fits its column."""

    field_class = forms.IntegerField


class FrameFilter(filters.FilterSet):
    """Terms of a list; all must hold."""

    start = filters.IsoDateTimeFilter("observation_date", "gte", help_text="Observed at or after, UTC")
    end = filters.IsoDateTimeFilter("observation_date", "lte", help_text="Observed at or before, UTC")
    covers = filters.CharFilter(
        method="filter_covers",
        help_text="Footprint covers this place: POINT(RA DEC) or POLYGON((RA DEC, …)), degrees",
    )
    basename = filters.CharFilter("basename", "icontains", help_text="Part of the name, in any case")
    target_name = filters.CharFilter("target_name", "icontains", help_text="Part of the target's name, in any case")
    proposal_id = filters.CharFilter("proposal_id", help_text="Proposal")
    instrument_id = filters.CharFilter("instrument_id", help_text="Instrument")
    site_id = filters.CharFilter("site_id", help_text="Site")
    reduction_level = IntegerFilter(
        "reduction_level", min_value=0, max_value=SMALL_INTEGER_MAX, help_text="0 is raw, 91 final"
    )

    class Meta:
        model = Frame
        fields: Sequence[str] = ()

    def filter_covers(self, queryset: FrameQuerySet, name: str, value: str) -> FrameQuerySet:
        try:
            region = sky.region_of(value)
        except UsageError as error:
            raise serializers.ValidationError([f"Error with {name} query: {error}"]) from error
        return queryset.filter(**{f"area__{name}": region})


@extend_schema_view(
    list=extend_schema(summary="Find frames", responses=FrameRepresentation),
    retrieve=extend_schema(summary="One frame", responses=FrameRepresentation),
    create=extend_schema(
        summary="Register a frame whose bytes the client has stored",
        request=PostedFrameSerializer,
        responses={201: FrameRepresentation},
    ),
    whole_header=extend_schema(summary="The whole FITS header of a frame", responses=OpenApiTypes.OBJECT),
)
class FrameViewSet(mixins.CreateModelMixin, viewsets.ReadOnlyModelViewSet[Frame]):
    """Frames: exposures of the telescopes and what was made of them."""

    queryset = Frame.objects.none()
    serializer_class = PostedFrameSerializer
    filterset_class = FrameFilter
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> FrameQuerySet:
        found = search.frames_for(self.request.user, at=timezone.now())
        return found.listed() if self.action == "list" else found

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        found = cast("FrameQuerySet", self.filter_queryset(self.get_queryset()))
        frames = search.with_parts(found, request.user, at=timezone.now())
        page = self.paginate_queryset(frames)
        return self.get_paginated_response([self._dict_of(frame) for frame in page or []])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(self._dict_of(self.get_object()))

    def get_object(self) -> Frame:
        frame: Frame = super().get_object()
        return search.with_parts(self.get_queryset(), self.request.user, at=timezone.now()).get(pk=frame.pk)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        posted = PostedFrameSerializer(data=request.data)
        posted.is_valid(raise_exception=True)
        try:
            frame = accept_posted(
                record=posted.record(),
                versions=posted.versions(),
                sent=posted.sent(),
                store=the_store(),
                now=timezone.now(),
            )
        except ConflictError as error:  # another request brought the same bytes since the body was checked
            raise serializers.ValidationError({"version_set": [{"md5": [str(error)]}]}) from error
        frame = search.with_parts(Frame.objects.all(), request.user, at=timezone.now()).get(pk=frame.pk)
        return Response(posted_answer(frame, area=posted.initial_data["area"]), status=status.HTTP_201_CREATED)

    @action(detail=True, url_path="headers")
    def whole_header(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """Header keys and values."""
        frame = super().get_object()
        found = Headers.objects.filter(frame=frame).first()
        if found is None:
            raise NotFoundError("this frame has no header.")
        return Response({"data": found.data})

    def pictures_of(self, frame_ids: Sequence[int], *, size: str) -> dict[int, str]:
        """Links of these frames' pictures of one size, for the browsable pages."""
        found = Thumbnail.objects.select_related("object").filter(frame__in=frame_ids, size=size).order_by("pk")
        return {picture.frame_id: access.url_of(picture.object) for picture in found}

    def _dict_of(self, frame: Frame) -> dict[str, Any]:
        wanted = self.request.query_params
        return frame_dict(
            frame,
            with_related=wanted.get("include_related_frames", "true").lower() != "false",
            with_thumbnails=wanted.get("include_thumbnails", "false").lower() == "true",
        )
