"""/nights/: nights with the adaptive-optics camera, what was observed in each, and how far its reductions are."""

from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.observation_forms import Forms, progress_form
from archive.api.observation_schemas import NightSchema, NightSummarySchema, ProgressSchema
from archive.domain.observing import observations_for
from archive.domain.observing_nights import night_named, night_of, nights_of, summaries_of
from archive.domain.progress import progress_of
from archive.models import Observation, ObservationQuerySet
from archive.terms.observations import NightFilter, narrowed

DATE = OpenApiParameter("date", OpenApiTypes.DATE, OpenApiParameter.PATH, description="UTC date in its names")


class NightsView(generics.ListAPIView[Observation]):
    """Nights of which the caller may see an observation, newest first, and how many of what."""

    queryset = Observation.objects.none()
    filterset_class = NightFilter

    def get_queryset(self) -> ObservationQuerySet:
        return observations_for(self.request.user, at=timezone.now())

    @extend_schema(summary="Nights with observations", operation_id="nights_list", responses=NightSummarySchema)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: ARG002 - DRF's signature
        observations = narrowed(self.get_queryset(), NightFilter, request.query_params)
        nights: list[date] = self.paginate_queryset(nights_of(observations)) or []
        forms = Forms(request)
        return self.get_paginated_response([forms.summary(each) for each in summaries_of(nights, observations)])


class NightView(APIView):
    """One night: observations by programme, what failed and why, seeing and its figures, calibrations."""

    @extend_schema(
        summary="One night, as far as you may see it",
        operation_id="nights_retrieve",
        parameters=[DATE],
        responses=NightSchema,
    )
    def get(self, request: Request, date: str) -> Response:
        found = night_of(night_named(date), request.user, at=timezone.now())
        return Response(Forms(request).night(found))


class ProgressView(APIView):
    """Numbers of products of a night that the caller may see; none of a night that nothing is known of yet."""

    @extend_schema(
        summary="How far the reductions of a night have come",
        operation_id="nights_progress",
        parameters=[DATE],
        responses=ProgressSchema,
    )
    def get(self, request: Request, date: str) -> Response:
        night = night_named(date)
        found = progress_of(night=night, user=request.user, at=timezone.now())
        return Response(progress_form(night, found))
