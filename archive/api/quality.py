"""/quality/: Strehl ratios and seeing, by pages as JSON, or whole as CSV."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import F, QuerySet
from django.db.models.expressions import OrderBy
from django.http.response import HttpResponseBase
from django.utils import timezone
from django_filters.rest_framework import FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request

from archive.api.renderers import FastJSON, PicturePages
from archive.api.tables import CSV, CsvTable, csv_response
from archive.domain.measurements import SEEING_TABLE, STREHL_TABLE, seeing_for, strehl_for
from archive.domain.order import Term
from archive.models import SeeingMeasurement, StrehlMeasurement
from archive.terms.observations import FLAGS, MODELS, STREHL_KINDS, SeeingFilter, StrehlFilter, narrowed
from archive.terms.ordering import order_of

ROWS_AT_ONCE = 2000


class TableView(generics.GenericAPIView[Any]):
    """Rows that the caller may see and that meet the terms."""

    renderer_classes = (FastJSON, PicturePages, CsvTable)
    filterset_class: ClassVar[type[FilterSet]]
    table: ClassVar[Mapping[str, str]]
    default_order: ClassVar[Sequence[Term]]
    filename: ClassVar[str]

    def answer(self, request: Request) -> HttpResponseBase:
        """A page of rows by their columns' names; as CSV all of them."""
        rows = narrowed(self.get_queryset(), self.filterset_class, request.query_params)
        rows = rows.order_by(*self._order(request))
        values = rows.values_list(*self.table.values())
        if request.accepted_renderer.format == CSV:
            return csv_response(self.table, values.iterator(chunk_size=ROWS_AT_ONCE), filename=self.filename)
        page = self.paginate_queryset(values) or []
        return self.get_paginated_response([dict(zip(self.table, row, strict=True)) for row in page])

    def _order(self, request: Request) -> Iterator[OrderBy]:
        default = tuple(self.default_order)
        for term in order_of(request.query_params.get("ordering", ""), columns=(*self.table, "id"), default=default):
            yield OrderBy(F(self.table.get(term.column, "pk")), descending=term.descending)


def parameters_of(table: Mapping[str, str]) -> list[OpenApiParameter]:
    names = ", ".join(table)
    return [
        OpenApiParameter("format", enum=["json", "api", CSV], description="csv: all rows at once, of the same columns"),
        OpenApiParameter(
            "ordering", str, description=f"Columns with commas between, `-` before one for the reverse: {names}"
        ),
    ]


class OfWhatSchema(serializers.Serializer[Any]):
    """What a measurement is of."""

    observation = serializers.CharField(help_text="Name of the observation")
    proposal_id = serializers.CharField(help_text="Programme")
    target_name = serializers.CharField()
    night = serializers.DateField()
    observed_at_utc = serializers.DateTimeField()
    camera = serializers.CharField()
    primary_optical_element = serializers.CharField(help_text="Filter")
    exposure_time_s = serializers.FloatField(allow_null=True, help_text="All frames together")
    magnitude_mag = serializers.FloatField(allow_null=True, help_text="As the observer stated it")


class StrehlTableSchema(OfWhatSchema):
    """One Strehl ratio, for the OpenAPI document."""

    kind = serializers.ChoiceField(STREHL_KINDS, help_text="Of which stack")
    strehl_ratio = serializers.FloatField(help_text="Peak over that of a perfect telescope, 0 to 1")
    strehl_error = serializers.FloatField(help_text="One standard deviation")
    strehl_legacy = serializers.FloatField(allow_null=True, help_text="By the formula of older papers")
    core_arcsec = serializers.FloatField(allow_null=True, help_text="Full width of the core at half its height")
    halo_arcsec = serializers.FloatField(allow_null=True, help_text="Full width of the halo at half its height")
    fwhm_arcsec = serializers.FloatField(allow_null=True, help_text="Full width of the star at half its height")
    signal_to_noise = serializers.FloatField(allow_null=True)
    flag = serializers.ChoiceField(FLAGS)
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What speaks against it")
    y_px = serializers.FloatField(help_text="Position of the star in its stack, from zero")
    x_px = serializers.FloatField(help_text="The same")
    measured_at_utc = serializers.DateTimeField()


class SeeingTableSchema(serializers.Serializer[Any]):
    """One measurement of the seeing, for the OpenAPI document. Widths are full widths at half maximum."""

    exposure = serializers.CharField(help_text="Name of the seeing exposure")
    night = serializers.DateField()
    observed_at_utc = serializers.DateTimeField()
    primary_optical_element = serializers.CharField(help_text="Filter")
    exposure_time_s = serializers.FloatField(allow_null=True)
    fwhm_arcsec = serializers.FloatField(help_text="As seen, without the smoothing of the image")
    fwhm_error_arcsec = serializers.FloatField(help_text="One standard deviation")
    fwhm_y_arcsec = serializers.FloatField(help_text="Along the columns of the detector")
    fwhm_x_arcsec = serializers.FloatField(help_text="Along its rows")
    zenith_500nm_arcsec = serializers.FloatField(allow_null=True, help_text="The same at 500 nm and the zenith")
    model = serializers.ChoiceField(MODELS, help_text="Which fit it is from")
    measured_at_utc = serializers.DateTimeField()


class StrehlView(TableView):
    """Strehl ratios of observations that the caller may see, newest first."""

    queryset = StrehlMeasurement.objects.none()
    serializer_class = StrehlTableSchema
    filterset_class = StrehlFilter
    table = STREHL_TABLE
    default_order = (Term("observed_at_utc", descending=True), Term("id", descending=True))
    filename = "strehl"

    def get_queryset(self) -> QuerySet[StrehlMeasurement]:
        return strehl_for(self.request.user, at=timezone.now())

    @extend_schema(summary="Strehl ratios", operation_id="quality_strehl", parameters=parameters_of(STREHL_TABLE))
    def get(self, request: Request) -> HttpResponseBase:
        return self.answer(request)


class SeeingView(TableView):
    """Seeing, newest first; everybody may see it."""

    queryset = SeeingMeasurement.objects.none()
    serializer_class = SeeingTableSchema
    filterset_class = SeeingFilter
    table = SEEING_TABLE
    default_order = (Term("observed_at_utc", descending=True), Term("id", descending=True))
    filename = "seeing"

    def get_queryset(self) -> QuerySet[SeeingMeasurement]:
        return seeing_for(self.request.user, at=timezone.now())

    @extend_schema(summary="Seeing", operation_id="quality_seeing", parameters=parameters_of(SEEING_TABLE))
    def get(self, request: Request) -> HttpResponseBase:
        return self.answer(request)
