"""/frames/aggregate/: what there is to choose from."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.cache import patch_response_headers, patch_vary_headers
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.domain.aggregates import COLUMN_OF, Aggregate, Terms, aggregate_of, aggregate_of_all

LONGEST_WINDOW = timedelta(days=365)
DEFAULT_TIMEOUT_MS = 2000
LONGEST_TIMEOUT_MS = 20_000
# How long an answer may be used again, s: of all frames, of chosen ones by users, and by everybody else.
ALL_AGE_S = 60
USER_AGE_S = 300
ANONYMOUS_AGE_S = 86_400
EQUAL = (
    "site_id",
    "telescope_id",
    "primary_optical_element",
    "instrument_id",
    "configuration_type",
    "proposal_id",
)


class AggregateSerializer(serializers.Serializer[Any]):
    """Which frames to look at; without any of these all that the caller may see."""

    start = serializers.DateTimeField(required=False, help_text="Observed at or after, UTC; needs `end`")
    end = serializers.DateTimeField(required=False, help_text="Observed at or before; at most 365 days after `start`")
    public = serializers.BooleanField(
        required=False, help_text="Whether to count public frames too; false with `start` and `end` unless given"
    )
    site_id = serializers.CharField(required=False, max_length=64)
    telescope_id = serializers.CharField(required=False, max_length=64)
    primary_optical_element = serializers.CharField(required=False, max_length=100)
    instrument_id = serializers.CharField(required=False, max_length=64)
    configuration_type = serializers.CharField(required=False, max_length=64)
    proposal_id = serializers.CharField(required=False, max_length=64)
    query_timeout = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LONGEST_TIMEOUT_MS,
        help_text="Longest time that it may take, ms (default 2000); 0: none for superusers, 20000 for others",
    )


class AggregateView(APIView):
    """Distinct values of the frames that the caller may see; of others not even the proposals are told."""

    @extend_schema(
        summary="What there is to choose from",
        parameters=[OpenApiParameter("format", exclude=True), AggregateSerializer],
        responses={
            200: inline_serializer(
                "Aggregate",
                {
                    **{name: serializers.ListField(child=serializers.CharField()) for name in COLUMN_OF},
                    "generated_at": serializers.CharField(help_text="UTC; empty when there was nothing to look at"),
                },
            ),
            400: OpenApiResponse(description="A parameter can not be read, or start and end do not fit each other"),
            503: OpenApiResponse(description="It took longer than query_timeout"),
        },
    )
    def get(self, request: Request) -> Response:
        given = {name: value for name, value in request.query_params.items() if value}
        asked = AggregateSerializer(data=given)
        asked.is_valid(raise_exception=True)
        response = _answer(request, asked.validated_data)
        patch_vary_headers(response, ("Cookie", "Authorization"))
        return response


def _answer(request: Request, asked: dict[str, Any]) -> Response:
    refusal = _window_fault(asked)
    if refusal:
        return Response(refusal, status=status.HTTP_400_BAD_REQUEST)
    at = timezone.now()
    timeout_ms = _timeout_ms(request, asked)
    is_all = not asked.keys() - {"query_timeout"}
    if is_all:
        found = aggregate_of_all(request.user, at=at, timeout_ms=timeout_ms)
    else:
        found = aggregate_of(request.user, _terms(asked), at=at, timeout_ms=timeout_ms)
    response = Response(_body(found))
    age_s = ALL_AGE_S if is_all else ANONYMOUS_AGE_S if request.user.is_anonymous else USER_AGE_S
    patch_response_headers(response, age_s)
    return response


def _window_fault(asked: dict[str, Any]) -> str:
    if ("start" in asked) != ("end" in asked):
        return "both start & end must be specified"
    if "start" in asked and asked["end"] - asked["start"] > LONGEST_WINDOW:
        return "time range must be less than or equal to a year (365 days)"
    return ""


def _timeout_ms(request: Request, asked: dict[str, Any]) -> int:
    """Only superusers may ask without a limit."""
    # All frames are looked up rarely and for everybody: that may take its time unless the caller says otherwise.
    usual = DEFAULT_TIMEOUT_MS if asked else LONGEST_TIMEOUT_MS
    wanted: int = asked.get("query_timeout", usual)
    return wanted if wanted or request.user.is_superuser else LONGEST_TIMEOUT_MS


def _terms(asked: dict[str, Any]) -> Terms:
    return Terms(
        start=asked.get("start"),
        end=asked.get("end"),
        public=asked.get("public", "start" not in asked),
        equal={name: asked[name] for name in EQUAL if name in asked},
    )


def _body(found: Aggregate) -> dict[str, Any]:
    body: dict[str, Any] = {name: sorted(found.values[name]) for name in COLUMN_OF}
    at = found.generated_at
    body["generated_at"] = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z" if at else ""
    return body
