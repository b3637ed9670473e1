"""Terms of the lists of observations, nights and measurements; all must hold."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db.models import Exists, F, Func, Model, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.lookups import IContains
from django.http import QueryDict
from django_filters import rest_framework as filters
from django_filters.utils import translate_validation
from rest_framework import serializers

from archive.domain.measurements import MEASURES_STREHL
from archive.enums import PLOTS_OF_NIGHT, ProductKind, ProductState, SignalClass, StrehlFlag
from archive.errors import UsageError
from archive.models import Observation, ObservationQuerySet, Product, SeeingMeasurement, StrehlMeasurement
from archive.models.sky_lookups import Cone
from archive.terms.fields import (
    ChoicesFilter,
    DeclinationFilter,
    FiniteNumberFilter,
    InstantFilter,
    RightAscensionFilter,
    cone_of,
)
from archive.terms.places import DEC_FORMS, DEG_PER_UNIT, RA_FORMS
from archive.terms.ranges import both, circle

T = TypeVar("T", bound=Model)

OF_NIGHTS = (
    ProductKind.DARK,
    ProductKind.FLAT,
    ProductKind.SEEING,
    *PLOTS_OF_NIGHT,
)
KINDS = [(kind.value, kind.value) for kind in ProductKind if kind not in OF_NIGHTS]
STREHL_KINDS = [(kind.value, kind.value) for kind in MEASURES_STREHL]
CLASSES = [(kind.value, kind.value) for kind in SignalClass]
FLAGS = [(flag.value, flag.value) for flag in StrehlFlag]
# Noise may take a ratio beyond 1; a border far beyond is meant in per cent.
RATIO: Mapping[str, Any] = {
    "max_value": 2.0,
    "error_messages": {"max_value": "A Strehl ratio is a share of one: write 20 per cent as 0.2."},
}
UNITS = [(unit, unit) for unit in DEG_PER_UNIT]
MODELS = [("moffat", "moffat"), ("gaussian", "gaussian")]
# Terms on the Strehl ratio; the columns of an observation that they look at begin with the kinds of stacks.
STREHL = ("strehl_min", "strehl_max", "strehl_flag", "strehl_kind")
STACKS = {ProductKind.BRIGHT_STREHL: "bright", ProductKind.FAINT_STREHL: "faint"}
PLACE = ("ra", "dec", "radius")
NAME_PARTS = "\n"  # between the alternative names of one target, when they are looked through


class ProductsFilter(ChoicesFilter):
    """Kinds of products, by repeating the parameter, each of which is in a state, or is not."""

    def __init__(self, state: ProductState, *, exclude: bool = False, **kwargs: Any) -> None:
        super().__init__("products", exclude=exclude, choices=KINDS, **kwargs)
        self._state = state

    def filter(self, qs: Any, value: Sequence[str]) -> Any:
        for kind in value:
            rows = Product.objects.filter(observation=OuterRef("pk"), is_current=True, state=self._state, kind=kind)
            qs = self.get_method(qs)(Exists(rows))
        return qs


class ObservationFilter(filters.FilterSet):
    """Terms of /observations/."""

    name = filters.CharFilter("name", help_text="Whole name of the observation")
    target_name = filters.CharFilter(
        method="filter_target", help_text="Part of the target's name or of one of its other names, in any case"
    )
    target_name_exact = filters.CharFilter(
        method="filter_target_exact", help_text="The target's whole name, or the whole of one of its other names"
    )
    proposal_id = filters.CharFilter("proposal_id", help_text="Programme")
    night = filters.DateFilter("night", help_text="UTC date in its name: YYYY-MM-DD")
    night_min = filters.DateFilter("night", "gte", help_text="This night or later")
    night_max = filters.DateFilter("night", "lte", help_text="This night or earlier")
    start = InstantFilter("observed_at", "gte", help_text="Observed at or after, UTC")
    end = InstantFilter("observed_at", "lte", help_text="Observed at or before, UTC")
    camera = filters.CharFilter("camera", help_text="Camera, such as VIC")
    primary_optical_element = filters.CharFilter("primary_optical_element", help_text="Optical filter, such as Si")
    telescope_id = filters.CharFilter("telescope_id", help_text="Telescope")
    signal_class = ChoicesFilter(
        field_name="signal_class", choices=CLASSES, help_text="How bright it was found to be: one of these; repeatable"
    )
    exposure_time_min, exposure_time_max = both("exposure_time", "All its frames together, s")
    magnitude_min, magnitude_max = both("magnitude", "Magnitude, as the observer stated it")
    altitude_min, altitude_max = both("altitude_deg", "Altitude, degrees")
    azimuth_min, azimuth_max = circle("azimuth", "azimuth_deg", "Azimuth, degrees", turn=360.0)
    cone = filters.CharFilter(
        method="filter_cone", help_text="Pointed within a distance of a place: RA,Dec,radius, degrees"
    )
    ra = RightAscensionFilter(method="filter_place", help_text=f"The same in three: right ascension, {RA_FORMS}")
    dec = DeclinationFilter(method="filter_place", help_text=f"Declination, {DEC_FORMS}")
    radius = FiniteNumberFilter(method="filter_place", help_text="Radius, in radius_unit")
    radius_unit = filters.ChoiceFilter(method="filter_unit", choices=UNITS, help_text="Degrees if not given")
    done = ProductsFilter(ProductState.DONE, help_text="These products are done; repeatable")
    not_done = ProductsFilter(ProductState.DONE, exclude=True, help_text="These products are not done; repeatable")
    failed = ProductsFilter(ProductState.FAILED, help_text="These products have failed; repeatable")
    seeing_median_min, seeing_median_max = both("seeing_median_arcsec", "Median seeing of its night, arcsec")
    seeing_nearest_min, seeing_nearest_max = both("seeing_nearest_arcsec", "Seeing nearest in time, arcsec")
    bright_strehl_min, bright_strehl_max = both(
        "bright_strehl_ratio", "Strehl ratio of the bright stack, 0 to 1", **RATIO
    )
    bright_strehl_flag = filters.ChoiceFilter("bright_strehl_flag", choices=FLAGS, help_text="Its flag")
    faint_strehl_min, faint_strehl_max = both("faint_strehl_ratio", "Strehl ratio of the faint stack, 0 to 1", **RATIO)
    faint_strehl_flag = filters.ChoiceFilter("faint_strehl_flag", choices=FLAGS, help_text="Its flag")
    strehl_min = FiniteNumberFilter(method="filter_strehl", help_text="Strehl ratio, 0 to 1: at least", **RATIO)
    strehl_max = FiniteNumberFilter(method="filter_strehl", help_text="Strehl ratio, 0 to 1: at most", **RATIO)
    strehl_flag = filters.ChoiceFilter(method="filter_strehl", choices=FLAGS, help_text="Flag of the Strehl ratio")
    strehl_kind = filters.ChoiceFilter(
        method="filter_strehl", choices=STREHL_KINDS, help_text="Which measurement these ask for; either if not given"
    )

    class Meta:
        model = Observation
        fields: Sequence[str] = ()

    def filter_target(self, queryset: ObservationQuerySet, name: str, value: str) -> ObservationQuerySet:  # noqa: ARG002 - django-filter's signature
        names = Func(F("alternative_names"), Value(NAME_PARTS), function="array_to_string", output_field=TextField())
        # The few that have other names are an index of their own.
        return queryset.filter(
            Q(target_name__icontains=value) | ~Q(alternative_names=[]) & Q(IContains(names, Value(value)))
        )

    def filter_target_exact(self, queryset: ObservationQuerySet, name: str, value: str) -> ObservationQuerySet:  # noqa: ARG002 - django-filter's signature
        of_others = ~Q(alternative_names=[]) & Q(alternative_names__contains=[value])
        return queryset.filter(Q(target_name=value) | of_others)

    def filter_cone(self, queryset: ObservationQuerySet, name: str, value: str) -> ObservationQuerySet:
        return queryset.filter(position__touches_cone=cone_of(name, value))

    def filter_place(self, queryset: ObservationQuerySet, name: str, value: float) -> ObservationQuerySet:  # noqa: ARG002 - django-filter's signature
        """The three make one cone: it is applied with the first of them."""
        given = self._given(PLACE)
        if name != next(iter(given)):
            return queryset
        if len(given) < len(PLACE):
            lacking = ", ".join(part for part in PLACE if part not in given)
            raise serializers.ValidationError({name: [f"Give ra, dec and radius together: {lacking} is missing."]})
        deg_per_unit = DEG_PER_UNIT[self.form.cleaned_data.get("radius_unit") or "deg"]
        try:
            cone = Cone(given["ra"], given["dec"], given["radius"] * deg_per_unit)
        except UsageError as error:
            raise serializers.ValidationError({name: [str(error)]}) from error
        return queryset.filter(position__touches_cone=cone)

    def filter_unit(self, queryset: ObservationQuerySet, name: str, value: str) -> ObservationQuerySet:  # noqa: ARG002 - django-filter's signature
        """Said of the radius: alone it would say nothing."""
        if not self._given(("radius",)):
            raise serializers.ValidationError({name: ["Give ra, dec and radius with it."]})
        return queryset

    def filter_strehl(self, queryset: ObservationQuerySet, name: str, value: Any) -> ObservationQuerySet:  # noqa: ARG002 - django-filter's signature
        """One measurement meets all of these: they are applied with the first of them."""
        given = self._given(STREHL)
        if name != next(iter(given)):
            return queryset
        kind = given.get("strehl_kind")
        stacks = [stack for of, stack in STACKS.items() if kind in {None, of}]
        return queryset.filter(reduce(or_, (_with_strehl(stack, given) for stack in stacks)))

    def _given(self, names: Sequence[str]) -> Mapping[str, Any]:
        values = {name: self.form.cleaned_data.get(name) for name in names}
        return {name: value for name, value in values.items() if value not in {None, ""}}


def _with_strehl(stack: str, given: Mapping[str, Any]) -> Q:
    """Observations whose Strehl ratio of one kind of stack meets the terms."""
    ratio = f"{stack}_strehl_ratio"
    found = Q(**{f"{ratio}__isnull": False})
    if "strehl_min" in given:
        found &= Q(**{f"{ratio}__gte": given["strehl_min"]})
    if "strehl_max" in given:
        found &= Q(**{f"{ratio}__lte": given["strehl_max"]})
    if "strehl_flag" in given:
        found &= Q(**{f"{stack}_strehl_flag": given["strehl_flag"]})
    return found


class NightFilter(filters.FilterSet):
    """Terms of /nights/, on the observations that are counted."""

    night_min = filters.DateFilter("night", "gte", help_text="This night or later: YYYY-MM-DD")
    night_max = filters.DateFilter("night", "lte", help_text="This night or earlier")
    proposal_id = filters.CharFilter("proposal_id", help_text="Count observations of this programme only")

    class Meta:
        model = Observation
        fields: Sequence[str] = ()


class OfObservationFilter(filters.FilterSet):
    """Terms on the observation that something is of."""

    night = filters.DateFilter("observation__night", help_text="Night: YYYY-MM-DD")
    night_min = filters.DateFilter("observation__night", "gte", help_text="This night or later")
    night_max = filters.DateFilter("observation__night", "lte", help_text="This night or earlier")
    start = InstantFilter("observation__observed_at", "gte", help_text="Observed at or after, UTC")
    end = InstantFilter("observation__observed_at", "lte", help_text="Observed at or before, UTC")
    proposal_id = filters.CharFilter("observation__proposal_id", help_text="Programme")
    observation = filters.CharFilter("observation__name", help_text="Whole name of the observation")
    target_name = filters.CharFilter("observation__target_name", help_text="Whole name of the target")
    camera = filters.CharFilter("observation__camera", help_text="Camera, such as VIC")
    primary_optical_element = filters.CharFilter(
        "observation__primary_optical_element", help_text="Optical filter, such as Si"
    )


class StrehlFilter(OfObservationFilter):
    """Terms of /quality/strehl/."""

    kind = filters.ChoiceFilter(field_name="product__kind", choices=STREHL_KINDS, help_text="Of which stack")
    flag = filters.ChoiceFilter(field_name="flag", choices=FLAGS, help_text="OK, or BAD?")
    strehl_min, strehl_max = both("strehl_ratio", "Strehl ratio, 0 to 1")
    fwhm_min, fwhm_max = both("fwhm_arcsec", "Full width of the star at half its height, arcsec")
    signal_to_noise_min, signal_to_noise_max = both("signal_to_noise", "Signal to noise")

    class Meta:
        model = StrehlMeasurement
        fields: Sequence[str] = ()


class SeeingFilter(filters.FilterSet):
    """Terms of /quality/seeing/."""

    night = filters.DateFilter("night", help_text="Night: YYYY-MM-DD")
    night_min = filters.DateFilter("night", "gte", help_text="This night or later")
    night_max = filters.DateFilter("night", "lte", help_text="This night or earlier")
    start = InstantFilter("observed_at", "gte", help_text="Observed at or after, UTC")
    end = InstantFilter("observed_at", "lte", help_text="Observed at or before, UTC")
    primary_optical_element = filters.CharFilter("primary_optical_element", help_text="Optical filter, such as Si")
    model = filters.ChoiceFilter(field_name="model", choices=MODELS, help_text="Which fit it is from")
    fwhm_min, fwhm_max = both("fwhm_arcsec", "Full width at half maximum as seen, arcsec")
    exposure_time_min, exposure_time_max = both("exposure_time", "Exposure time, s")

    class Meta:
        model = SeeingMeasurement
        fields: Sequence[str] = ()


def narrowed(rows: QuerySet[T], terms: type[filters.FilterSet], parameters: QueryDict) -> QuerySet[T]:
    """Keep what meets the terms of a request. Raises DRF's ValidationError, which names what can not be read."""
    asked = terms(parameters, queryset=rows)
    if not asked.is_valid():
        raise translate_validation(asked.errors)  # type: ignore[misc] # it makes the error
    found: QuerySet[T] = asked.qs
    return found
