"""/frames/: lists and single frames in the dict form of the OCS interface, headers, and what clients write."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast

from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from archive.api.pagination import EitherPages, FrameRows, LimitOffset
from archive.api.posted import PostedFrameSerializer, refused_as_field
from archive.api.representations import (
    AnswerRepresentation,
    FrameRepresentation,
    frame_dict,
    links_of,
    posted_answer,
    serializer_form,
)
from archive.domain import search
from archive.domain.frames import Registered
from archive.domain.listing import listing_for
from archive.domain.order import Order
from archive.domain.removal import delete_frame
from archive.domain.replica import with_fallback
from archive.domain.rows import Parts, rows_of
from archive.domain.store import the_store
from archive.enums import ExpiringKind
from archive.errors import NotFoundError
from archive.models import Frame, FrameQuerySet, Headers, Thumbnail, Version, sky
from archive.models.frame import visible_condition
from archive.terms.asked import asked_terms
from archive.terms.frames import FrameFilter
from archive.terms.ordering import ORDERING_HELP, order_of
from ingest.intake import accept_change, accept_posted

PAGE_PARAMETERS = [
    OpenApiParameter("include_related_frames", bool, description="false leaves `related_frames` out"),
    OpenApiParameter("include_thumbnails", bool, description="true adds `thumbnails`"),
    OpenApiParameter("pagination_style", enum=["cursor"], description="cursor: pages without count and offset"),
    OpenApiParameter("cursor", str, description="Place to go on from, out of `next` or `previous`"),
    OpenApiParameter("ordering", str, description=ORDERING_HELP),
    OpenApiParameter("force_count", bool, description="Accepted; counts are exact without it"),
]


@extend_schema_view(
    list=extend_schema(summary="Find frames", responses=FrameRepresentation, parameters=PAGE_PARAMETERS),
    retrieve=extend_schema(summary="One frame", responses=FrameRepresentation, parameters=PAGE_PARAMETERS[:2]),
    create=extend_schema(
        summary="Register a frame whose bytes the client has stored",
        request=PostedFrameSerializer,
        responses={201: AnswerRepresentation},
    ),
    update=extend_schema(summary="Change a frame; new versions are added", responses=AnswerRepresentation),
    partial_update=extend_schema(summary="Change a part of a frame", responses=AnswerRepresentation),
    destroy=extend_schema(summary="Delete a frame and all of its bytes"),
    whole_header=extend_schema(summary="The whole FITS header of a frame", responses=OpenApiTypes.OBJECT),
    related=extend_schema(
        summary="Frames that belong to a frame", responses=AnswerRepresentation(many=True), filters=False
    ),
)
class FrameViewSet(EitherPages, viewsets.ModelViewSet[Frame]):
    """Frames: exposures of the telescopes and what was made of them."""

    gone_kind = ExpiringKind.FRAME
    queryset = Frame.objects.none()
    serializer_class = PostedFrameSerializer
    filterset_class = FrameFilter
    filter_backends = [DjangoFilterBackend]
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self) -> FrameQuerySet:
        return search.frames_for(self.request.user, at=timezone.now())

    def order(self) -> Order:
        return order_of(self.request.query_params.get("ordering", ""))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        now = timezone.now()
        terms = asked_terms(request.query_params)

        def page(alias: str) -> list[tuple[Any, ...]]:
            listing = listing_for(request.user, terms, at=now, using=alias)
            return cast("list[tuple[Any, ...]]", self.paginator.paginate_queryset(FrameRows(listing), request))  # type: ignore[arg-type] # a listing, which its paginators take

        keys = with_fallback(page, request.user, at=now)
        place = [term.column for term in self.order()].index("id")
        found = self._dicts_of([key[place] for key in keys], at=now)
        if isinstance(self.paginator, LimitOffset):  # a frame that was hidden a moment ago is not counted either
            self.paginator.count -= len(keys) - len(found)
        return self.get_paginated_response(found)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        for found in self._dicts_of([int(self.kwargs["pk"])], at=timezone.now()):
            return Response(found)
        raise Http404("No Frame matches the given query.")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        posted = PostedFrameSerializer(data=request.data)
        posted.is_valid(raise_exception=True)
        with refused_as_field():
            registered = accept_posted(**posted.accepted(), store=the_store(), now=timezone.now())
        return Response(self._answer(registered, posted), status=status.HTTP_201_CREATED)

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        frame = self._visible()
        posted = PostedFrameSerializer(frame, data=request.data, partial=kwargs.get("partial", False))
        posted.is_valid(raise_exception=True)
        with refused_as_field():
            registered = accept_change(frame=frame, **posted.accepted(), store=the_store(), now=timezone.now())
        return Response(self._answer(registered, posted))

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        delete_frame(frame_id=self._visible().pk, at=timezone.now(), by=request.user.get_username())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @action(detail=True, url_path="headers")
    def whole_header(self, request: Request, pk: str) -> Response:
        """Header keys and values."""
        seen = visible_condition(request.user, at=timezone.now(), prefix="frame__")
        found = Headers.objects.filter(seen, pk=int(pk)).values_list("data", flat=True).first()
        if found is None:
            self._visible()
            raise NotFoundError("this frame has no header.")
        return Response({"data": found})

    @action(detail=True, pagination_class=None)
    def related(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """Related frames that the reader may see, all in one list."""
        now = timezone.now()
        found = search.related_to(self._visible(), request.user, at=now)
        links = links_of(request)
        return Response([serializer_form(frame, links) for frame in search.with_parts(found, request.user, at=now)])

    def pictures_of(self, frame_ids: Sequence[int], *, size: str) -> dict[int, str]:
        """Links of these frames' pictures of one size, for the browsable pages."""
        found = Thumbnail.objects.select_related("object").filter(frame__in=frame_ids, size=size).order_by("pk")
        links = links_of(self.request)
        return {picture.frame_id: links.to_object(picture.object) for picture in found}

    def _visible(self) -> Frame:
        """The frame of the address: filters and orders of lists do not touch it."""
        return generics.get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def _answer(self, registered: Registered, posted: PostedFrameSerializer) -> dict[str, Any]:
        frame = registered.frame
        area = posted.initial_data["area"] if "area" in posted.sent() else sky.geojson_of(frame.area)
        versions, related = self._parts_of(registered)
        return posted_answer(frame, area=area, versions=versions, related=related, links=links_of(self.request))

    def _parts_of(self, registered: Registered) -> tuple[Iterable[Version], Iterable[int]]:
        """Versions, newest first, and ids of related frames; of a new frame they are what was just written."""
        if registered.is_new:
            # Only superusers write, and they see all but placeholders.
            known = [named.pk for named in registered.named if named.observation_date is not None]
            return reversed(registered.versions), sorted(known)
        related = search.related_to(registered.frame, self.request.user, at=timezone.now())
        return registered.frame.versions.select_related("object"), related.values_list("pk", flat=True)

    def _dicts_of(self, ids: Sequence[int], *, at: datetime) -> Sequence[dict[str, Any]]:
        wanted = self.request.query_params
        parts = Parts(
            related=wanted.get("include_related_frames", "true").lower() != "false",
            thumbnails=wanted.get("include_thumbnails", "false").lower() == "true",
        )
        rows = rows_of(ids, self.request.user, at=at, parts=parts)
        links = links_of(self.request)
        return [frame_dict(row, parts=parts, links=links) for row in rows]
