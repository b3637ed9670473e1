"""/thumbnails/: small pictures; they follow their frame in who may see them."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from archive.api.posted import PostedFrameSerializer
from archive.api.representations import posted_answer, thumbnail_dict
from archive.domain import access, search
from archive.domain.store import the_store
from archive.models import Frame, Thumbnail
from ingest.intake import accept_posted_thumbnail


class PostedThumbnailSerializer(PostedFrameSerializer):
    """A thumbnail as the ocs_ingester posts it: a frame's body, the frame's name and a size."""

    frame_basename = serializers.CharField(max_length=1000)
    size = serializers.ChoiceField(choices=settings.THUMBNAIL_SIZE_CHOICES)

    def validate_version_set(self, value: list[dict[str, str]]) -> list[dict[str, str]]:
        if len(value) != 1:
            raise serializers.ValidationError("A thumbnail has one version.")
        return value


class ThumbnailRepresentation(serializers.ModelSerializer[Thumbnail]):
    """What `thumbnail_dict` gives, for the OpenAPI document."""

    key = serializers.CharField(help_text="Version id in the store")
    url = serializers.CharField(help_text="Link to the picture for two days")
    frame_basename = serializers.CharField()

    class Meta:
        model = Thumbnail
        fields = ("id", "frame", "size", "basename", "extension", "key", "url", "frame_basename")


class ThumbnailFilter(filters.FilterSet):
    frame_basename = filters.CharFilter("frame__basename", help_text="Name of the frame")
    proposal_id = filters.CharFilter("frame__proposal_id", help_text="Proposal of the frame")
    size = filters.ChoiceFilter(
        choices=[(size, size) for size in settings.THUMBNAIL_SIZE_CHOICES], help_text="small, medium or large"
    )

    class Meta:
        model = Thumbnail
        fields = ("frame_basename", "proposal_id", "size")


@extend_schema_view(
    list=extend_schema(summary="Find thumbnails", responses=ThumbnailRepresentation),
    retrieve=extend_schema(summary="One thumbnail", responses=ThumbnailRepresentation),
    create=extend_schema(summary="Register a thumbnail whose bytes the client has stored"),
)
class ThumbnailViewSet(mixins.CreateModelMixin, viewsets.ReadOnlyModelViewSet[Thumbnail]):
    """Small pictures of frames."""

    queryset = Thumbnail.objects.none()
    serializer_class = PostedThumbnailSerializer
    filterset_class = ThumbnailFilter
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Thumbnail]:
        frames = search.frames_for(self.request.user, at=timezone.now()).order_by().values("pk")
        return Thumbnail.objects.filter(frame__in=frames).select_related("object", "frame").order_by("-pk")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([thumbnail_dict(picture, picture.frame) for picture in page or []])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        picture = self.get_object()
        return Response(thumbnail_dict(picture, picture.frame))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        posted = PostedThumbnailSerializer(data=request.data)
        posted.is_valid(raise_exception=True)
        picture = accept_posted_thumbnail(
            record=posted.record(),
            frame_basename=posted.validated_data["frame_basename"],
            version=posted.versions()[0],
            size=posted.validated_data["size"],
            store=the_store(),
            now=timezone.now(),
        )
        frame = search.with_parts(Frame.objects.all(), request.user, at=timezone.now()).get(pk=picture.frame_id)
        answer = {
            "frame": posted_answer(frame, area=posted.initial_data["area"]),
            "size": picture.size,
            "basename": picture.basename,
            "url": access.url_of(picture.object),
            "key": picture.object.version_id,
            "extension": picture.extension,
        }
        return Response(answer, status=status.HTTP_201_CREATED)
