"""/frames/aggregate/: what there is to choose from, and how many frames of each."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.domain.aggregates import COLUMN_OF, Counts, aggregate
from archive.domain.listing import Listing, parts_for
from archive.domain.replica import with_fallback
from archive.terms.asked import asked_terms
from archive.terms.frames import FrameFilter

LONGEST_WINDOW = timedelta(days=365)
DEFAULT_TIMEOUT_MS = 2000
LONGEST_TIMEOUT_MS = 20_000


class AggregateSerializer(serializers.Serializer[Any]):
    """What is asked beside the terms of /frames/."""

    counts = serializers.BooleanField(
        required=False, default=False, help_text="true: how many frames there are of each value, not only the values"
    )
    start = serializers.DateTimeField(
        required=False, help_text="Observed at or after, UTC; without `counts` it needs `end`"
    )
    end = serializers.DateTimeField(
        required=False, help_text="Observed at or before; without `counts` at most 365 days after `start`"
    )
    public = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="With `counts` as in /frames/. Else whether to look at public frames too; "
        "false with `start` and `end` unless given",
    )
    query_timeout = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=LONGEST_TIMEOUT_MS,
        default=DEFAULT_TIMEOUT_MS,
        help_text="Longest time that it may take, ms (default 2000); 0: none for superusers, 20000 for others",
    )


def _terms_of_lists() -> list[OpenApiParameter]:
    beside = AggregateSerializer().fields
    return [
        OpenApiParameter(name, str, description=str(term.extra.get("help_text", "")))
        for name, term in FrameFilter.base_filters.items()
        if name not in beside
    ]


class AggregateView(APIView):
    """Distinct values of the frames that the caller may see; of others not even the proposals are told."""

    @extend_schema(
        summary="What there is to choose from",
        parameters=[OpenApiParameter("format", exclude=True), AggregateSerializer, *_terms_of_lists()],
        responses={
            200: inline_serializer(
                "Aggregate",
                {
                    **{
                        name: serializers.ListField(
                            child=serializers.CharField(), help_text="With counts=true an object: value to number"
                        )
                        for name in COLUMN_OF
                    },
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
        patch_cache_control(response, max_age=0)
        return response


def _answer(request: Request, asked: dict[str, Any]) -> Response:
    if not asked["counts"] and (refusal := _window_fault(asked)):
        return Response(refusal, status=status.HTTP_400_BAD_REQUEST)
    at = timezone.now()

    def counted(alias: str) -> tuple[Listing, Counts]:
        listing = _listing(request, asked, at=at, using=alias)
        return listing, aggregate(listing, timeout_ms=_timeout_ms(request, asked))

    listing, counts = with_fallback(counted, request.user, at=at)
    if asked["counts"]:
        return Response(_body({name: dict(sorted(found.items())) for name, found in counts.items()}, at))
    return Response(_body(_values(counts), at if listing.parts else None))


def _window_fault(asked: dict[str, Any]) -> str:
    """What the original refuses; with `counts`, which it does not know, any window is taken."""
    if ("start" in asked) != ("end" in asked):
        return "both start & end must be specified"
    if "start" in asked and asked["end"] - asked["start"] > LONGEST_WINDOW:
        return "time range must be less than or equal to a year (365 days)"
    return ""


def _listing(request: Request, asked: dict[str, Any], *, at: datetime, using: str) -> Listing:
    terms = asked_terms(request.query_params)
    public = terms.public if asked["counts"] else _original_public(asked)
    return Listing(terms, parts_for(request.user, at=at, public=public, using=using), using)


def _original_public(asked: dict[str, Any]) -> bool | None:
    """What `public` means without `counts`: false leaves public frames out, and so does a window by itself."""
    wanted = asked["public"]
    with_public = "start" not in asked if wanted is None else wanted
    return None if with_public else False


def _timeout_ms(request: Request, asked: dict[str, Any]) -> int:
    """Only superusers may ask without a limit."""
    wanted: int = asked["query_timeout"]
    return wanted if wanted or request.user.is_superuser else LONGEST_TIMEOUT_MS


def _values(counts: Counts) -> dict[str, list[str]]:
    return {name: sorted(found) for name, found in counts.items()}


def _body(found: dict[str, Any], at: datetime | None) -> dict[str, Any]:
    text = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z" if at else ""
    return {**found, "generated_at": text}
