"""/thumbnails/: small pictures; they follow their frame in who may see them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from archive.api.pagination import EitherPages
from archive.api.posted import NAME_PATTERN, PostedFrameSerializer, refused_as_field
from archive.api.representations import links_of, serializer_form, thumbnail_dict
from archive.domain import search, thumbnails
from archive.domain.order import Order, Term
from archive.domain.store import the_store
from archive.models import Frame, Thumbnail
from archive.terms.fields import INTEGER, IntegerFilter
from ingest.intake import accept_posted_thumbnail


class PostedThumbnailSerializer(PostedFrameSerializer):
    """A thumbnail as the ocs_ingester posts it: a frame's body, the frame's name and a size."""

    frame_basename = serializers.CharField(max_length=1000, validators=[RegexValidator(NAME_PATTERN)])
    size = serializers.ChoiceField(choices=settings.THUMBNAIL_SIZE_CHOICES)

    def validate_version_set(self, value: list[dict[str, str]]) -> list[dict[str, str]]:
        if len(value) != 1:
            raise serializers.ValidationError("A thumbnail has one version.")
        return value

    def validate_frame_basename(self, value: str) -> str:
        if self.instance is not None and value != self.instance.frame.basename:
            raise serializers.ValidationError("A thumbnail stays with its frame: post it anew under another name.")
        return value

    def standing(self) -> Frame | None:
        frame: Frame | None = None if self.instance is None else self.instance.frame
        return frame

    def holds(self, version: Mapping[str, str]) -> bool:
        if self.instance is None:
            return False
        held = self.instance.object
        return bool((held.md5, held.version_id) == (version["md5"], version["key"]))


class ThumbnailRepresentation(serializers.ModelSerializer[Thumbnail]):
    """What `thumbnail_dict` gives, for the OpenAPI document."""

    key = serializers.CharField(help_text="Version id in the store")
    url = serializers.CharField(help_text="Link to the picture for two days")

    class Meta:
        model = Thumbnail
        fields = ("id", "frame", "size", "basename", "extension", "key", "url")


class ThumbnailFilter(filters.FilterSet):
    frame_basename = filters.CharFilter("frame__basename", help_text="Name of the frame")
    proposal_id = filters.CharFilter("frame__proposal_id", help_text="Proposal of the frame")
    observation_id = IntegerFilter("frame__observation_id", within=INTEGER, help_text="Observation of the frame")
    request_id = IntegerFilter("frame__request_id", within=INTEGER, help_text="Request of the frame")
    size = filters.ChoiceFilter(
        choices=[(size, size) for size in settings.THUMBNAIL_SIZE_CHOICES], help_text="small, medium or large"
    )

    class Meta:
        model = Thumbnail
        fields: Sequence[str] = ()


@extend_schema_view(
    list=extend_schema(summary="Find thumbnails", responses=ThumbnailRepresentation),
    retrieve=extend_schema(summary="One thumbnail", responses=ThumbnailRepresentation),
    create=extend_schema(summary="Register a thumbnail whose bytes the client has stored"),
    update=extend_schema(summary="Put other bytes in a thumbnail's place"),
    partial_update=extend_schema(summary="Change a thumbnail's size, or put other bytes in its place"),
    destroy=extend_schema(summary="Delete a thumbnail and its bytes"),
)
class ThumbnailViewSet(EitherPages, viewsets.ModelViewSet[Thumbnail]):
    """Small pictures of frames."""

    queryset = Thumbnail.objects.none()
    serializer_class = PostedThumbnailSerializer
    filterset_class = ThumbnailFilter
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> QuerySet[Thumbnail]:
        frames = search.frames_for(self.request.user, at=timezone.now()).order_by().values("pk")
        return Thumbnail.objects.filter(frame__in=frames).select_related("object", "frame").order_by("-pk")

    def order(self) -> Order:
        return (Term("id", descending=True),)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        links = links_of(request)
        return self.get_paginated_response([thumbnail_dict(picture, links) for picture in page or []])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(thumbnail_dict(self._visible(), links_of(request)))

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        posted = PostedThumbnailSerializer(data=request.data)
        posted.is_valid(raise_exception=True)
        picture = _accept(posted, frame_basename=posted.validated_data["frame_basename"])
        return Response(self._answer(picture), status=status.HTTP_201_CREATED)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        picture = self._visible()
        posted = PostedThumbnailSerializer(picture, data=request.data, partial=kwargs.get("partial", False))
        posted.is_valid(raise_exception=True)
        if posted.versions():
            picture = _accept(posted, frame_basename=picture.frame.basename, size=picture.size)
        elif "size" in posted.validated_data:
            picture = thumbnails.change_size(
                thumbnail_id=picture.pk, size=posted.validated_data["size"], at=timezone.now()
            )
        return Response(self._answer(picture))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        thumbnails.delete_thumbnail(thumbnail_id=self._visible().pk, at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _visible(self) -> Thumbnail:
        """The thumbnail of the address: filters of lists do not touch it."""
        return generics.get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def _answer(self, picture: Thumbnail) -> dict[str, Any]:
        frames = search.with_parts(Frame.objects.all(), self.request.user, at=timezone.now())
        links = links_of(self.request)
        return {
            "frame": serializer_form(frames.get(pk=picture.frame_id), links),
            "size": picture.size,
            "basename": picture.basename,
            "url": links.to_object(picture.object),
            "key": picture.object.version_id,
            "extension": picture.extension,
        }


def _accept(posted: PostedThumbnailSerializer, *, frame_basename: str, size: str = "") -> Thumbnail:
    with refused_as_field():
        return accept_posted_thumbnail(
            record=posted.record(),
            frame_basename=frame_basename,
            version=posted.versions()[0],
            size=posted.validated_data.get("size", size),
            store=the_store(),
            now=timezone.now(),
        )
