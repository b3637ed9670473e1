"""What observation_forms.py gives, for the OpenAPI document."""

from typing import Any

from rest_framework import serializers

from archive.api.observation_forms import ATTEMPT_COLUMNS, SEEING_COLUMNS
from archive.domain.observing import STREHL_COLUMNS
from archive.enums import ProductKind, ProductState, RelationKind, SignalClass
from archive.models import Observation, ProductAttempt, SeeingMeasurement, StrehlMeasurement

KINDS = [(kind.value, kind.value) for kind in ProductKind]
STATES = [(state.value, state.value) for state in ProductState]
RELATIONS = [(kind.value, kind.value) for kind in RelationKind]
OWN_COLUMNS = (
    "name",
    "proposal_id",
    "target_name",
    "alternative_names",
    "camera",
    "primary_optical_element",
    "marker",
    "observed_at",
    "night",
    "public_date",
    "telescope_id",
    "exposure_time",
    "magnitude",
    "ra_deg",
    "dec_deg",
    "altitude_deg",
    "azimuth_deg",
    "signal_class",
    "comment",
    "modified_at",
)
ARCSEC: dict[str, Any] = {"allow_null": True, "help_text": "Full width at half maximum, arcsec; null: none"}


class ProductStateSchema(serializers.Serializer[Any]):
    """Where the making of one product stands."""

    kind = serializers.ChoiceField(KINDS)
    state = serializers.ChoiceField(STATES)
    reason = serializers.CharField(help_text="Why it was skipped, or what it waits for")
    error = serializers.CharField(help_text="Of the last attempt, in plain words")
    attempts = serializers.IntegerField(help_text="How often it was begun since it was last forced")
    finished_at = serializers.DateTimeField(allow_null=True, help_text="UTC")


class StrehlSchema(serializers.ModelSerializer[StrehlMeasurement]):
    kind = serializers.ChoiceField(KINDS, help_text="Which product measured it")

    class Meta:
        model = StrehlMeasurement
        fields = ("kind", *STREHL_COLUMNS)


class PreviewSchema(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KINDS)
    role = serializers.CharField(help_text="full, or cropped")
    filename = serializers.CharField()
    url = serializers.CharField(help_text="Link to the picture for whoever has it, for LINK_HOURS")


class StatisticsSchema(serializers.Serializer[Any]):
    """Seeing through a night."""

    n = serializers.IntegerField(help_text="Number of measurements")
    median_arcsec = serializers.FloatField(**ARCSEC)
    mean_arcsec = serializers.FloatField(**ARCSEC)
    median_zenith_500nm_arcsec = serializers.FloatField(**ARCSEC)
    mean_zenith_500nm_arcsec = serializers.FloatField(**ARCSEC)


class NearSeeingSchema(StatisticsSchema):
    """Seeing of the observation's night."""

    nearest_arcsec = serializers.FloatField(allow_null=True, help_text="Of the measurement nearest in time, arcsec")
    nearest_at = serializers.DateTimeField(allow_null=True, help_text="When that was, UTC")


class ObservationSchema(serializers.ModelSerializer[Observation]):
    """One observation of a list."""

    ra_deg = serializers.FloatField(allow_null=True, help_text="Where the telescope pointed, ICRS, 0 to 360 degrees")
    dec_deg = serializers.FloatField(allow_null=True, help_text="Declination, degrees")
    seeing = NearSeeingSchema()
    products = ProductStateSchema(many=True)
    strehl = StrehlSchema(many=True)
    previews = PreviewSchema(many=True)
    address = serializers.CharField(help_text="The observation by itself, with everything that belongs to it")

    class Meta:
        model = Observation
        fields = (*OWN_COLUMNS, "seeing", "products", "strehl", "previews", "address")


class InputSchema(serializers.Serializer[Any]):
    name = serializers.CharField()
    role = serializers.CharField()
    sha256 = serializers.CharField()


class NightFileSchema(serializers.Serializer[Any]):
    """A file of a product."""

    role = serializers.CharField(help_text="What it is to its product, such as stack or full")
    filename = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    frame = serializers.IntegerField(allow_null=True, help_text="Frame that it is; null: it is no FITS file")
    url = serializers.CharField(help_text="Link to the bytes for whoever has it, for LINK_HOURS")


class FileSchema(NightFileSchema):
    """A file of an observation's product."""

    address = serializers.CharField(help_text="The same bytes, for who may see the observation, as long as it stands")


class AttemptSchema(serializers.ModelSerializer[ProductAttempt]):
    class Meta:
        model = ProductAttempt
        fields = ATTEMPT_COLUMNS


class ProductSchema(ProductStateSchema):
    """One product with all that is known of it."""

    subject = serializers.CharField(help_text="Observation, or what of a night it is")
    night = serializers.DateField()
    algorithm = serializers.CharField()
    version = serializers.CharField(help_text="Of the algorithm")
    fingerprint = serializers.CharField(help_text="SHA-256 of inputs, algorithm, version and parameters")
    parameters = serializers.DictField()
    values = serializers.DictField(help_text="What was measured on the way")
    created_at = serializers.DateTimeField(help_text="UTC")
    started_at = serializers.DateTimeField(allow_null=True, help_text="UTC")
    inputs = InputSchema(many=True)
    files = FileSchema(many=True)
    history = AttemptSchema(many=True, required=False, help_text="Attempts, newest first; told to staff")


class RawFileSchema(serializers.Serializer[Any]):
    frame = serializers.IntegerField(help_text="Frame that it is")
    basename = serializers.CharField()
    filename = serializers.CharField(allow_null=True)
    file_number = serializers.IntegerField(help_text="0 for the first file, k + 1 for the one that ends in _k")
    observed_at = serializers.DateTimeField(help_text="UTC")
    detector_mode = serializers.CharField()
    size_bytes = serializers.IntegerField(allow_null=True)
    url = serializers.CharField(allow_null=True, help_text="Link to the bytes for whoever has it, for LINK_HOURS")


class RelationSchema(serializers.Serializer[Any]):
    """Two frames that belong together: source, kind, derived."""

    source = serializers.IntegerField()  # type: ignore[assignment] # DRF's fields have an attribute of that name
    source_name = serializers.CharField()
    kind = serializers.ChoiceField(RELATIONS)
    derived = serializers.IntegerField()
    derived_name = serializers.CharField()


class ReductionSchema(ObservationSchema):
    """One observation by itself."""

    products = ProductSchema(many=True)
    raw_files = RawFileSchema(many=True)
    relations = RelationSchema(many=True)

    class Meta(ObservationSchema.Meta):
        fields = (*ObservationSchema.Meta.fields, "raw_files", "relations")  # type: ignore[assignment] # a longer tuple


class ProgrammeSchema(serializers.Serializer[Any]):
    """What of one programme was observed in a night."""

    proposal_id = serializers.CharField()
    n_observations = serializers.IntegerField()
    signal_classes = serializers.DictField(
        child=serializers.IntegerField(),
        help_text=f"Observations of each class: {', '.join(SignalClass)}; empty: not known yet",
    )
    products = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"Current products in each state: {', '.join(ProductState)}"
    )


class NightSummarySchema(serializers.Serializer[Any]):
    """One night of a list."""

    night = serializers.DateField(help_text="UTC date in the names of its files")
    n_observations = serializers.IntegerField()
    programmes = ProgrammeSchema(many=True)
    seeing = StatisticsSchema()
    address = serializers.CharField(help_text="The night by itself")


class ProgrammeOfNightSchema(serializers.Serializer[Any]):
    proposal_id = serializers.CharField()
    observations = ObservationSchema(many=True, help_text="In the order in which they were made")


class FailureSchema(serializers.Serializer[Any]):
    subject = serializers.CharField(help_text="Observation, or what of the night it is")
    proposal_id = serializers.CharField(allow_null=True, help_text="null: it belongs to the night")
    kind = serializers.ChoiceField(KINDS)
    error = serializers.CharField(help_text="Why, in plain words")
    attempts = serializers.IntegerField()


class SeeingSchema(serializers.ModelSerializer[SeeingMeasurement]):
    subject = serializers.CharField(help_text="Name of the exposure")
    files = NightFileSchema(many=True, help_text="Figures of the fit, and what is told beside them")

    class Meta:
        model = SeeingMeasurement
        fields = ("subject", *SEEING_COLUMNS, "files")


class SeeingOfNightSchema(StatisticsSchema):
    """Seeing through one night, with each measurement."""

    measurements = SeeingSchema(many=True)


class CalibrationSchema(ProductSchema):
    """A master calibration of a night."""

    files = NightFileSchema(many=True)  # type: ignore[assignment] # these have links only
    history = None  # type: ignore[assignment] # is not told


class PlotSchema(CalibrationSchema):
    """What shows all observations of a night, for those who may see each of them; the seeing is for everybody."""


class NightSchema(serializers.Serializer[Any]):
    """One night by itself."""

    night = serializers.DateField()
    n_observations = serializers.IntegerField()
    programmes = ProgrammeOfNightSchema(many=True)
    failed = FailureSchema(many=True)
    seeing = SeeingOfNightSchema()
    calibrations = CalibrationSchema(many=True)
    plots = PlotSchema(many=True, help_text="Seeing, Strehl ratios and limits of contrast; their numbers are values")
    progress = serializers.CharField(help_text="Address of its progress")


class ProgressSchema(serializers.Serializer[Any]):
    """How far the reductions of a night have come."""

    night = serializers.DateField()
    total = serializers.IntegerField(help_text="Current products")
    open = serializers.IntegerField(help_text="Those that wait or are being made")
    states = serializers.DictField(child=serializers.IntegerField(), help_text="Products in each state")
    kinds = serializers.DictField(
        child=serializers.DictField(child=serializers.IntegerField()), help_text="The same for each kind of product"
    )
