"""/quality/…/statistics/ and /quality/dead-times/: what all that a reader may see says together."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from archive.domain import statistics
from archive.domain.statistics import QUARTILES
from archive.errors import UsageError
from archive.models import Observation, SeeingMeasurement, StrehlMeasurement
from archive.terms.observations import NightFilter, SeeingFilter, StrehlFilter, narrowed

PERIODS = ("night", "month")
OVER = ("filter", "seeing", "magnitude")
NUMBER: dict[str, Any] = {"allow_null": True}


def _quartiles(name: str, unit: str) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
    return {f"{name}{each}": serializers.FloatField(help_text=unit, **NUMBER) for each in QUARTILES}


def _answer(name: str, **fields: serializers.Field[Any, Any, Any, Any]) -> Any:
    row = inline_serializer(f"{name}Row", {"n": serializers.IntegerField(help_text="How many"), **fields}, many=True)
    return inline_serializer(name, {"results": row})


class SeeingStatisticsView(generics.GenericAPIView[Any]):
    """Quartiles of the seeing by nights or months. Everybody may see it."""

    queryset = SeeingMeasurement.objects.none()
    pagination_class = None
    filterset_class = SeeingFilter

    @extend_schema(
        summary="Quartiles of the seeing of each night or month, newest first",
        operation_id="quality_seeing_statistics",
        filters=True,
        parameters=[OpenApiParameter("by", enum=list(PERIODS), description="default: night")],
        responses=_answer(
            "SeeingStatistics",
            period=serializers.DateField(help_text="The night, or the first day of the month"),
            mean_arcsec=serializers.FloatField(help_text="As seen"),
            **_quartiles("as_seen_", "arcsec"),
            **_quartiles("zenith_500nm_", "arcsec, at 500 nm and the zenith"),
        ),
    )
    def get(self, request: Request) -> Response:
        by = _chosen(request, PERIODS)
        rows = statistics.seeing_of(request.user, at=timezone.now())
        found = narrowed(rows, SeeingFilter, request.query_params)
        return _response(statistics.seeing_statistics(found, by=by))


class StrehlStatisticsView(generics.GenericAPIView[Any]):
    """Quartiles of Strehl ratios that are OK, of observations that the caller may see."""

    queryset = StrehlMeasurement.objects.none()
    pagination_class = None
    filterset_class = StrehlFilter

    @extend_schema(
        summary="Quartiles of Strehl ratios by filter and stack, and over the seeing or the magnitude",
        operation_id="quality_strehl_statistics",
        filters=True,
        parameters=[
            OpenApiParameter(
                "over",
                enum=list(OVER),
                description="filter (default): each filter and stack; seeing: also in bins of 0.2 arcsec of the seeing "
                "measured within three minutes; magnitude: in bins of 1 mag",
            )
        ],
        responses=_answer(
            "StrehlStatistics",
            primary_optical_element=serializers.CharField(help_text="Filter"),
            kind=serializers.CharField(help_text="Of which stack"),
            low=serializers.FloatField(help_text="Where the bin begins, arcsec or mag", **NUMBER),
            high=serializers.FloatField(help_text="Where it ends", **NUMBER),
            mean=serializers.FloatField(help_text="0 to 1"),
            **_quartiles("", "0 to 1"),
        ),
    )
    def get(self, request: Request) -> Response:
        over = _chosen(request, OVER, parameter="over")
        rows = statistics.strehls_of(request.user, at=timezone.now())
        return _response(statistics.strehl_statistics(narrowed(rows, StrehlFilter, request.query_params), by=over))


class ContrastStatisticsView(APIView):
    """Limits of contrast of observations that the caller may see."""

    @extend_schema(
        summary="Median limits of contrast and those of the best tenth, by filter and stack",
        operation_id="quality_contrast_statistics",
        responses=_answer(
            "ContrastStatistics",
            primary_optical_element=serializers.CharField(help_text="Filter"),
            kind=serializers.CharField(help_text="Of which stack"),
            median_at_0p5=serializers.FloatField(help_text="At 0.5 arcsec, mag", **NUMBER),
            median_at_1p0=serializers.FloatField(help_text="At 1 arcsec, mag", **NUMBER),
            best_tenth_at_0p5=serializers.FloatField(
                help_text="A tenth of the stars has this or deeper, mag", **NUMBER
            ),
            best_tenth_at_1p0=serializers.FloatField(help_text="The same at 1 arcsec, mag", **NUMBER),
        ),
    )
    def get(self, request: Request) -> Response:
        return _response(statistics.contrast_statistics(statistics.contrasts_of(request.user, at=timezone.now())))


class DeadTimesView(generics.GenericAPIView[Any]):
    """Time that passed between observations that the caller may see."""

    queryset = Observation.objects.none()
    pagination_class = None
    filterset_class = NightFilter

    @extend_schema(
        summary="Time between the end of an observation and the begin of the next one of its night",
        operation_id="quality_dead_times",
        filters=True,
        responses=inline_serializer(
            "DeadTimes",
            {
                "n": serializers.IntegerField(help_text="Gaps, however long"),
                "n_overlaps": serializers.IntegerField(help_text="Observations that began before the last had ended"),
                "quartiles_s": inline_serializer("DeadTimesQuartiles", _quartiles("", "s")),
                "histograms": inline_serializer(
                    "DeadTimesHistogram",
                    {
                        "below_s": serializers.IntegerField(help_text="Gaps below this are counted, s"),
                        "edges_s": serializers.ListField(child=serializers.FloatField(), help_text="Of the bins, s"),
                        "counts": serializers.ListField(child=serializers.IntegerField()),
                    },
                    many=True,
                ),
            },
        ),
    )
    def get(self, request: Request) -> Response:
        rows = statistics.observations_of(request.user, at=timezone.now())
        found = statistics.dead_times(narrowed(rows, NightFilter, request.query_params))
        histograms = [
            {"below_s": each.below_s, "edges_s": each.edges_s, "counts": each.counts} for each in found.histograms
        ]
        return Response(
            {
                "n": found.n,
                "n_overlaps": found.n_overlaps,
                "quartiles_s": found.quartiles_s,
                "histograms": histograms,
            }
        )


def _chosen(request: Request, offered: tuple[str, ...], *, parameter: str = "by") -> str:
    """One of several; the first when nothing is asked for. Raises UsageError."""
    asked: str = request.query_params.get(parameter) or offered[0]
    if asked not in offered:
        raise UsageError(f"{parameter} is one of {', '.join(offered)}.")
    return asked


def _response(rows: Iterable[dict[str, Any]]) -> Response:
    return Response({"results": list(rows)})
