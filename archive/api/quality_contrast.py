"""/quality/contrast/ and /quality/companions/: how faint one sees beside stars, and what is seen there."""

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from archive.api.quality import OfWhatSchema, TableView, parameters_of
from archive.domain.measurements import COMPANION_TABLE, CONTRAST_TABLE, companions_for, contrast_for
from archive.domain.order import Term
from archive.models import Companion, ContrastCurve
from archive.terms.high_contrast import PCA_KINDS, CompanionFilter, ContrastFilter

NEWEST_FIRST = (Term("observed_at_utc", descending=True), Term("id", descending=True))


class ContrastTableSchema(OfWhatSchema):
    """Limits of one star, for the OpenAPI document. Lists have one number for each distance; null: not known."""

    kind = serializers.ChoiceField(PCA_KINDS, help_text="Of which stack")
    limit_at_0p5_arcsec_mag = serializers.FloatField(allow_null=True)
    limit_at_1p0_arcsec_mag = serializers.FloatField(allow_null=True)
    separations_arcsec = serializers.ListField(child=serializers.FloatField(), help_text="From the star")
    limits_mag = serializers.ListField(
        child=serializers.FloatField(allow_null=True),
        help_text="A companion so much fainter is found every second time",
    )
    throughputs = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="Share of a companion's light that is left"
    )
    thresholds = serializers.ListField(
        child=serializers.FloatField(),
        help_text="Times the scatter of its ring that a companion stands out at the limit",
    )
    sigma = serializers.FloatField(help_text="False alarms are as rare as beyond so many standard deviations")
    fwhm_arcsec = serializers.FloatField(
        allow_null=True, help_text="Width of the star's core, diameter of the apertures"
    )
    component_count = serializers.IntegerField(help_text="Patterns that were taken out")
    reference_count = serializers.IntegerField(help_text="Images of other stars that were used")
    library_version = serializers.CharField(help_text="Of the PSF library: /psf-library/versions/<library_version>/")
    measured_at_utc = serializers.DateTimeField()


class CompanionTableSchema(OfWhatSchema):
    """One companion, for the OpenAPI document. Errors are one standard deviation."""

    kind = serializers.ChoiceField(PCA_KINDS, help_text="Of which stack")
    number = serializers.IntegerField(help_text="From 1, the brightest first")
    separation_arcsec = serializers.FloatField()
    separation_error_arcsec = serializers.FloatField()
    position_angle_deg = serializers.FloatField(allow_null=True, help_text="North through east; null: not known")
    position_angle_error_deg = serializers.FloatField(allow_null=True)
    delta_mag = serializers.FloatField(help_text="Fainter than the star by so much")
    delta_mag_error = serializers.FloatField()
    t = serializers.FloatField(help_text="How far it stands out of its ring: Student's t")
    threshold = serializers.FloatField(help_text="What t has to be for a detection there")
    y_px = serializers.FloatField(help_text="From the star in the residual, rows")
    x_px = serializers.FloatField(help_text="The same, columns")


class ContrastView(TableView):
    """Limits of contrast of observations that the caller may see, newest first."""

    queryset = ContrastCurve.objects.none()
    serializer_class = ContrastTableSchema
    filterset_class = ContrastFilter
    table = CONTRAST_TABLE
    default_order = NEWEST_FIRST
    filename = "contrast"

    def get_queryset(self) -> QuerySet[ContrastCurve]:
        return contrast_for(self.request.user, at=timezone.now())

    @extend_schema(
        summary="Limits of contrast", operation_id="quality_contrast", parameters=parameters_of(CONTRAST_TABLE)
    )
    def get(self, request: Request) -> HttpResponseBase:
        return self.answer(request)


class CompanionsView(TableView):
    """Companions in observations that the caller may see, newest first."""

    queryset = Companion.objects.none()
    serializer_class = CompanionTableSchema
    filterset_class = CompanionFilter
    table = COMPANION_TABLE
    default_order = NEWEST_FIRST
    filename = "companions"

    def get_queryset(self) -> QuerySet[Companion]:
        return companions_for(self.request.user, at=timezone.now())

    @extend_schema(summary="Companions", operation_id="quality_companions", parameters=parameters_of(COMPANION_TABLE))
    def get(self, request: Request) -> HttpResponseBase:
        return self.answer(request)
