"""/muse/ and /muse/targets/: what MUSE looked at, each under one name; superusers rename, merge, delete, wipe."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.muse_exposures import CONFIRM, FILES, LONGEST_COMMENT, files_go, require_confirmed
from archive.api.muse_forms import MuseTargetSchema, target_form
from archive.api.pagination import EitherPages
from archive.api.parsers import BoundedJSON
from archive.api.permissions import SuperuserWrites
from archive.domain import muse, muse_editing, muse_targets
from archive.domain.order import Order, Term
from archive.errors import UsageError
from archive.models import MuseTarget
from archive.terms.muse import MuseTargetFilter
from archive.terms.observations import narrowed
from archive.terms.ordering import order_of

MOST_ALIASES = 100
BY_NAME: Order = (Term("name"), Term("id"))
GONE = {
    204: OpenApiResponse(description="It is gone"),
    409: OpenApiResponse(description="What would go, and how to say that it shall"),
}


class TargetSerializer(serializers.Serializer[Any]):
    """A target as people say it is."""

    name = serializers.CharField(max_length=muse_targets.LONGEST_NAME, required=False)
    aliases = serializers.ListField(
        child=serializers.CharField(max_length=muse_targets.LONGEST_NAME),
        max_length=MOST_ALIASES,
        required=False,
        help_text="Every other name that means it; those that are not given mean it no more",
    )
    comment = serializers.CharField(max_length=LONGEST_COMMENT, allow_blank=True, required=False)


class MergeSerializer(serializers.Serializer[Any]):
    """Which target is to be merged into this one."""

    target = serializers.IntegerField(help_text="Number of the target that goes: its names and exposures stay")


class MuseWipedView(APIView):
    """How much of MUSE the caller may see, and where; DELETE wipes it all."""

    permission_classes = (SuperuserWrites,)

    @extend_schema(summary="How many targets and exposures there are", responses={200: OpenApiResponse()})
    def get(self, request: Request) -> Response:
        now = timezone.now()
        base = request.build_absolute_uri("/").rstrip("/")
        return Response(
            {
                "targets": base + reverse("muse-targets"),
                "exposures": base + reverse("muse-exposures"),
                "target_count": muse.targets_for(request.user, at=now).count(),
                "exposure_count": muse.exposures_for(request.user, at=now).count(),
            }
        )

    @extend_schema(
        summary="Delete every target and exposure (superusers)",
        parameters=[OpenApiParameter("confirm", str, description="wipe, once you know what goes"), FILES],
        responses=GONE,
    )
    def delete(self, request: Request) -> Response:
        with_files = files_go(request)
        found = self.get(request).data
        frames = " and every frame of MUSE with its bytes" if with_files else ""
        told = f"{found['target_count']} targets, {found['exposure_count']} exposures"
        require_confirmed(request, "wipe", f"This deletes {told}{frames}.")
        muse_editing.wipe(with_files=with_files, by=request.user.get_username(), at=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class MuseTargetsView(EitherPages, generics.ListAPIView[MuseTarget]):
    """Targets of which the caller may see an exposure; POST makes one."""

    queryset = MuseTarget.objects.none()
    serializer_class = TargetSerializer
    filterset_class = MuseTargetFilter
    permission_classes = (SuperuserWrites,)

    def get_queryset(self) -> QuerySet[MuseTarget]:
        return muse.targets_for(self.request.user, at=timezone.now())

    def order(self) -> Order:
        return order_of(self.request.query_params.get("ordering", ""), columns=("id", "name"), default=BY_NAME)

    @extend_schema(summary="Find targets of MUSE", responses=MuseTargetSchema)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        found = narrowed(self.get_queryset(), MuseTargetFilter, request.query_params)
        return self.get_paginated_response([target_form(row) for row in self.paginate_queryset(found) or []])

    @extend_schema(summary="Make a target (superusers)", request=TargetSerializer, responses={201: MuseTargetSchema})
    def post(self, request: Request) -> Response:
        sent = TargetSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        if not sent.validated_data.get("name"):
            raise UsageError("give the target a name.")
        made = muse_targets.make(**sent.validated_data)
        found = muse.target_of(made.pk, request.user, at=timezone.now())
        return Response(target_form(found), status=status.HTTP_201_CREATED)


class MuseTargetView(APIView):
    """One target."""

    permission_classes = (SuperuserWrites,)
    parser_classes = (BoundedJSON,)

    @extend_schema(summary="One target of MUSE", responses=MuseTargetSchema)
    def get(self, request: Request, target_id: int) -> Response:
        return Response(target_form(muse.target_of(target_id, request.user, at=timezone.now())))

    @extend_schema(
        summary="Change a target's name, aliases or comment (superusers)",
        request=TargetSerializer,
        responses=MuseTargetSchema,
    )
    def patch(self, request: Request, target_id: int) -> Response:
        found = muse.target_of(target_id, request.user, at=timezone.now())
        sent = TargetSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        muse_targets.change(found, **sent.validated_data)
        return self.get(request, target_id)

    @extend_schema(
        summary="Delete a target with its exposures (superusers)", parameters=[CONFIRM, FILES], responses=GONE
    )
    def delete(self, request: Request, target_id: int) -> Response:
        now = timezone.now()
        found = muse.target_of(target_id, request.user, at=now)
        with_files, exposures = files_go(request), list(found.exposures.all())
        frames = f" and {muse_editing.frames_that_go(exposures)} frames with their bytes" if with_files else ""
        told = f"This deletes {found.name}, its {len(exposures)} exposures{frames}."
        require_confirmed(request, found.name, told)
        muse_editing.delete_target(found, with_files=with_files, by=request.user.get_username(), at=now)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MuseMergeView(APIView):
    """Merge another target into this one."""

    permission_classes = (SuperuserWrites,)
    parser_classes = (BoundedJSON,)

    @extend_schema(
        summary="Merge another target into this one (superusers)", request=MergeSerializer, responses=MuseTargetSchema
    )
    def post(self, request: Request, target_id: int) -> Response:
        now = timezone.now()
        sent = MergeSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        into = muse.target_of(target_id, request.user, at=now)
        source = muse.target_of(sent.validated_data["target"], request.user, at=now)
        muse_targets.merge(source, into)
        return Response(target_form(muse.target_of(target_id, request.user, at=now)))
