"""/observations/: what the adaptive-optics camera observed, what was made of it, and what staff says of both."""

from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.api.observation_forms import Forms
from archive.api.observation_schemas import ObservationSchema, ProductSchema, ReductionSchema
from archive.api.observation_table import FORMAT, JsonTable, table_response
from archive.api.pagination import EitherPages
from archive.api.parsers import BoundedJSON
from archive.api.permissions import StaffWrites
from archive.api.renderers import FastJSON, PicturePages
from archive.api.tables import CsvTable
from archive.domain import cancelling, products
from archive.domain.observing import NEWEST_FIRST, describe, observation_named, observations_for, rows_of
from archive.domain.observing_table import COLUMNS
from archive.domain.order import Order, Term
from archive.domain.reduced import product_of, reduction_of
from archive.enums import ProductKind
from archive.errors import UsageError
from archive.models import Observation, ObservationQuerySet, is_staff
from archive.terms.observations import KINDS, ObservationFilter, narrowed
from archive.terms.ordering import order_of

ORDERED_BY = (
    "id",
    "name",
    "observed_at",
    "proposal_id",
    "target_name",
    "camera",
    "primary_optical_element",
    "telescope_id",
    "signal_class",
    "exposure_time",
    "magnitude",
    "ra_deg",
    "dec_deg",
    "altitude_deg",
    "azimuth_deg",
    "seeing_median_arcsec",
    "seeing_nearest_arcsec",
    "bright_strehl_ratio",
    "bright_strehl_flag",
    "faint_strehl_ratio",
    "faint_strehl_flag",
)
PAGE_PARAMETERS = [
    FORMAT,
    OpenApiParameter("pagination_style", enum=["cursor"], description="cursor: pages without count and offset"),
    OpenApiParameter("cursor", str, description="Place to go on from, out of `next` or `previous`"),
    OpenApiParameter(
        "ordering",
        str,
        description=f"Columns with commas between, `-` before one for the reverse: {', '.join(ORDERED_BY)}. "
        "the table's names of them are understood too. What lacks a value counts as the largest. Default: newest first",
    ),
]
LONGEST_NAME = 200
MOST_NAMES = 100
LONGEST_COMMENT = 10_000  # letters
LONGEST_REASON = 1000


class DescriptionSerializer(serializers.Serializer[Any]):
    """What staff may change of an observation."""

    alternative_names = serializers.ListField(
        child=serializers.CharField(max_length=LONGEST_NAME),
        max_length=MOST_NAMES,
        required=False,
        help_text="Other names of the target, each once; searches for a target find them",
    )
    comment = serializers.CharField(max_length=LONGEST_COMMENT, allow_blank=True, required=False)

    def validate_alternative_names(self, names: list[str]) -> list[str]:
        return list(dict.fromkeys(names))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        others = sorted(set(self.initial_data) - set(self.fields))
        if others:
            raise UsageError(f"{', '.join(others)[:200]} can not be changed: alternative_names and comment can.")
        return attrs


class RedoSerializer(serializers.Serializer[Any]):
    """Which product is to be made again, and why."""

    kind = serializers.ChoiceField(KINDS)
    reason = serializers.CharField(max_length=LONGEST_REASON, help_text="Kept with the attempts that follow")


class CancelSerializer(serializers.Serializer[Any]):
    """Which product is not to be made, and why."""

    kind = serializers.ChoiceField(KINDS)
    reason = serializers.CharField(max_length=LONGEST_REASON, help_text="Told with the product")


class ObservationsView(EitherPages, generics.ListAPIView[Observation]):
    """Observations that the caller may see, each with the states of its products, Strehl ratios and previews."""

    queryset = Observation.objects.none()
    filterset_class = ObservationFilter
    renderer_classes = (FastJSON, PicturePages, CsvTable, JsonTable)

    def get_queryset(self) -> ObservationQuerySet:
        return observations_for(self.request.user, at=timezone.now())

    def order(self) -> Order:
        text = self.request.query_params.get("ordering", "")
        order = order_of(text, columns=(*ORDERED_BY, *COLUMNS), default=NEWEST_FIRST)
        return tuple(Term(COLUMNS.get(term.column, term.column), term.descending) for term in order)

    @extend_schema(summary="Find observations", parameters=PAGE_PARAMETERS, responses=ObservationSchema)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override] # noqa: ARG002 - DRF's signature
        found = narrowed(self.get_queryset(), ObservationFilter, request.query_params)
        if table := table_response(found.order_by(*(term.sql() for term in self.order())), request):
            return table
        page = self.paginate_queryset(found) or []
        forms = Forms(request)
        return self.get_paginated_response([forms.observation(row) for row in rows_of(page)])


class ObservationView(APIView):
    """One observation with everything that belongs to it and that the caller may see."""

    permission_classes = [StaffWrites]
    parser_classes = [BoundedJSON]

    @extend_schema(summary="One observation, its products and files", responses=ReductionSchema)
    def get(self, request: Request, name: str) -> Response:
        return self._answer(request, observation_named(name, request.user, at=timezone.now()))

    @extend_schema(
        summary="Say other names of the target, or a comment (staff)",
        request=DescriptionSerializer,
        responses=ReductionSchema,
    )
    def patch(self, request: Request, name: str) -> Response:
        now = timezone.now()
        observation = observation_named(name, request.user, at=now)
        sent = DescriptionSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        names, comment = (sent.validated_data.get(key) for key in ("alternative_names", "comment"))
        describe(observation, alternative_names=names, comment=comment, by=request.user.get_username(), at=now)
        return self._answer(request, observation)

    def _answer(self, request: Request, observation: Observation) -> Response:
        now = timezone.now()
        found = reduction_of(observation, request.user, at=now, history=is_staff(request.user))
        return Response(Forms(request).reduction(found))


class RedoView(APIView):
    """Have a product of an observation made again, or one that is not made by itself."""

    permission_classes = [StaffWrites]
    parser_classes = [BoundedJSON]

    @extend_schema(
        summary="Have a product made again (staff)",
        request=RedoSerializer,
        responses={
            202: ProductSchema,
            404: OpenApiResponse(description="There is no such observation, or you may not see it"),
            409: OpenApiResponse(description="It is being made already"),
        },
    )
    def post(self, request: Request, name: str) -> Response:
        now = timezone.now()
        observation = observation_named(name, request.user, at=now)
        sent = RedoSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        forced = products.force_of_observation(
            observation=observation,
            kind=ProductKind(sent.validated_data["kind"]),
            by=request.user.get_username(),
            reason=sent.validated_data["reason"],
            at=now,
        )
        found = product_of(forced.pk, request.user, at=now)
        return Response(Forms(request).product(found), status=status.HTTP_202_ACCEPTED)


class CancelView(APIView):
    """End the making of a product of an observation, until somebody has it made again."""

    permission_classes = [StaffWrites]
    parser_classes = [BoundedJSON]

    @extend_schema(
        summary="Cancel a product that waits or runs (staff)",
        request=CancelSerializer,
        responses={
            200: ProductSchema,
            404: OpenApiResponse(description="There is no such observation or product, or you may not see it"),
            409: OpenApiResponse(description="It is settled already"),
        },
    )
    def post(self, request: Request, name: str) -> Response:
        now = timezone.now()
        observation = observation_named(name, request.user, at=now)
        sent = CancelSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        cancelled = cancelling.cancel_of_observation(
            observation=observation,
            kind=ProductKind(sent.validated_data["kind"]),
            by=request.user.get_username(),
            reason=sent.validated_data["reason"],
            at=now,
        )
        return Response(Forms(request).product(product_of(cancelled.pk, request.user, at=now)))
