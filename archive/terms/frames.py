"""Terms of /frames/; all must hold. Each name of the OCS interface has its legacy upper-case twin."""

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_
from typing import Any

from anyascii import anyascii
from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework import serializers

from archive.errors import UsageError
from archive.models import Frame, FrameQuerySet, TargetTally, sky
from archive.models.sky_lookups import Box
from archive.terms.beside import BesideFilter
from archive.terms.fields import (
    BIG_INTEGER,
    INTEGER,
    SMALL_INTEGER,
    AsciiFilter,
    FiniteNumberFilter,
    FlagFilter,
    InstantFilter,
    IntegerFilter,
    OneOfFilter,
    cones_of,
)
from ingest.configdb import configuration_types

MOST_TARGETS = 200  # names that a search is taken apart into
WHOLE_SKY = {"ra_min": 0.0, "ra_max": 360.0, "dec_min": -90.0, "dec_max": 90.0}


class TypesFilter(filters.MultipleChoiceFilter):
    """Configuration types, by repeating the parameter; only known ones."""

    def __init__(self, *, exclude: bool, **kwargs: Any) -> None:
        super().__init__("configuration_type", exclude=exclude, choices=known_types, **kwargs)

    def filter(self, qs: Any, value: Sequence[str]) -> Any:
        if not value:
            return qs
        return self.get_method(qs)(configuration_type__in=value)


class TargetPartFilter(filters.CharFilter):
    """Part of a target's name, in any case.

    Frames of few targets are asked for by these targets' names, which an index holds; of many, by the text itself.
    """

    def __init__(self, *, letters: Callable[[str], str], **kwargs: Any) -> None:
        super().__init__("target_name", "icontains", **kwargs)
        self._letters = letters
        self._names: dict[str, list[str]] = {}

    def filter(self, qs: Any, value: Any) -> Any:
        part = self._letters(value) if value else value
        if part and qs.model is Frame and not qs.is_few and len(names := self._names_with(part)) <= MOST_TARGETS:
            return qs.filter(target_name__in=names)
        return super().filter(qs, part)

    def _names_with(self, part: str) -> list[str]:
        if part not in self._names:  # this filter is one request's own: django-filter copies it for each
            fitting = TargetTally.objects.filter(target_name__icontains=part).values_list("target_name", flat=True)
            self._names[part] = list(fitting.distinct()[: MOST_TARGETS + 1])
        return self._names[part]


def known_types() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(configuration_types())]


def twins(make: Callable[..., filters.Filter], *args: Any, instead_of: str, help_text: str, **kwargs: Any) -> Any:
    """A filter, and the same under its legacy name."""
    return (
        make(*args, help_text=help_text, **kwargs),
        make(*args, help_text=f"Same as {instead_of}", **kwargs),
    )


class FrameFilter(BesideFilter):
    """Terms of a list."""

    start = InstantFilter("observation_date", "gte", help_text="Observed at or after, UTC")
    end = InstantFilter("observation_date", "lte", help_text="Observed at or before, UTC")
    DATE_OBS = InstantFilter("observation_date", help_text="Observed exactly then, UTC")
    L1PUBDAT = InstantFilter("public_date", help_text="Public exactly from then, UTC")
    dayobs, DAY_OBS = twins(
        filters.DateFilter,
        "observation_day",
        instead_of="dayobs",
        help_text="Night: YYYY-MM-DD or MM/DD/YYYY",
    )
    basename = filters.CharFilter("basename", "icontains", help_text="Part of the name, in any case")
    basename_exact = filters.CharFilter("basename", help_text="Whole name")
    target_name = TargetPartFilter(letters=anyascii, help_text="Part of the target's name, in any case")
    target_name_exact = AsciiFilter("target_name", help_text="Whole name of the target")
    OBJECT = TargetPartFilter(letters=str, help_text="As target_name, letters taken as they are")
    empty_target_name = FlagFilter(
        method="filter_empty_target_name", any_word=True, help_text="true: frames without a target's name"
    )
    proposal_id, PROPID = twins(
        OneOfFilter, "proposal_id", instead_of="proposal_id", help_text="Proposal; repeatable: one of these"
    )
    instrument_id, INSTRUME = twins(
        OneOfFilter, "instrument_id", instead_of="instrument_id", help_text="Instrument; repeatable: one of these"
    )
    site_id, SITEID = twins(OneOfFilter, "site_id", instead_of="site_id", help_text="Site; repeatable: one of these")
    telescope_id, TELID = twins(
        OneOfFilter, "telescope_id", instead_of="telescope_id", help_text="Telescope; repeatable: one of these"
    )
    primary_optical_element, FILTER = twins(
        OneOfFilter,
        "primary_optical_element",
        instead_of="primary_optical_element",
        help_text="Optical filter; repeatable: one of these",
    )
    configuration_type, OBSTYPE = twins(
        OneOfFilter,
        "configuration_type",
        instead_of="configuration_type",
        help_text="Configuration type; repeatable: one of these",
    )
    observation_id, BLKUID = twins(
        IntegerFilter, "observation_id", within=INTEGER, instead_of="observation_id", help_text="Observation's number"
    )
    request_id, REQNUM = twins(
        IntegerFilter, "request_id", within=INTEGER, instead_of="request_id", help_text="Request's number"
    )
    reduction_level, RLEVEL = twins(
        OneOfFilter,
        "reduction_level",
        of_one=forms.IntegerField(required=False, min_value=SMALL_INTEGER[0], max_value=SMALL_INTEGER[1]),
        instead_of="reduction_level",
        help_text="0 is raw, 91 final; repeatable",
    )
    exposure_time, EXPTIME = twins(
        FiniteNumberFilter, "exposure_time", "gte", instead_of="exposure_time", help_text="At least so long, s"
    )
    exposure_time_max = FiniteNumberFilter("exposure_time", "lte", help_text="At most so long, s")
    id__gt = IntegerFilter("id", "gt", within=BIG_INTEGER, help_text="Id larger than this")
    exclude_configuration_type, exclude_OBSTYPE = twins(  # noqa: N815 - so clients call it
        TypesFilter, exclude=True, instead_of="exclude_configuration_type", help_text="None of these types; repeatable"
    )
    include_configuration_type = TypesFilter(exclude=False, help_text="One of these types; repeatable")
    exclude_calibrations = FlagFilter(
        method="filter_exclude_calibrations", help_text="true: only types of SCIENCE_CONFIGURATION_TYPES"
    )
    public = FlagFilter(
        method="filter_public",
        help_text="true: only frames that everybody may see. false: only those not public yet that you may see",
    )
    submitter = AsciiFilter("submitter", help_text="Who asked for it: header key USERID")
    covers = filters.CharFilter(
        method="filter_region",
        help_text="Footprint covers this place: POINT(RA DEC) or POLYGON((RA DEC, …)), degrees",
    )
    intersects = filters.CharFilter(
        method="filter_region",
        help_text="Footprint touches this region: POINT(RA DEC) or POLYGON((RA DEC, …)), degrees",
    )
    cone = filters.CharFilter(
        method="filter_cone",
        help_text="Footprint within a distance of a place: RA,Dec,radius, degrees; of one of several with ; between",
    )
    ra_min = FiniteNumberFilter(
        method="filter_box",
        min_value=-180.0,
        max_value=360.0,
        help_text="Box that holds the footprint's centre: western border, degrees; ra_min over ra_max crosses RA 0",
    )
    ra_max = FiniteNumberFilter(
        method="filter_box", min_value=-180.0, max_value=360.0, help_text="Eastern border of the box, degrees"
    )
    dec_min = FiniteNumberFilter(
        method="filter_box", min_value=-90.0, max_value=90.0, help_text="Southern border of the box, degrees"
    )
    dec_max = FiniteNumberFilter(
        method="filter_box", min_value=-90.0, max_value=90.0, help_text="Northern border of the box, degrees"
    )

    class Meta:
        model = Frame
        fields: Sequence[str] = ()

    def filter_empty_target_name(self, queryset: FrameQuerySet, name: str, value: bool) -> FrameQuerySet:  # noqa: ARG002, FBT001 - django-filter's signature
        return queryset.filter(target_name="") if value else queryset

    def filter_exclude_calibrations(self, queryset: FrameQuerySet, name: str, value: bool) -> FrameQuerySet:  # noqa: ARG002, FBT001 - django-filter's signature
        return queryset.filter(configuration_type__in=settings.SCIENCE_CONFIGURATION_TYPES) if value else queryset

    def filter_public(self, queryset: FrameQuerySet, name: str, value: bool) -> FrameQuerySet:  # noqa: ARG002, FBT001 - django-filter's signature
        return queryset.public(at=timezone.now()) if value else queryset.not_yet_public(at=timezone.now())

    def filter_region(self, queryset: FrameQuerySet, name: str, value: str) -> FrameQuerySet:
        try:
            region = sky.region_of(value)
        except UsageError as error:
            raise serializers.ValidationError([f"Error with {name} query: {error}"]) from error
        return queryset.filter(**{f"area__{name}": region})

    def filter_cone(self, queryset: FrameQuerySet, name: str, value: str) -> FrameQuerySet:
        within = (Q(area__touches_cone=cone) for cone in cones_of(name, value))
        return queryset.filter(reduce(or_, within))

    def filter_box(self, queryset: FrameQuerySet, name: str, value: float) -> FrameQuerySet:  # noqa: ARG002 - django-filter's signature
        """The four borders make one box: it is applied with the first of them."""
        borders = {border: self.form.cleaned_data.get(border) for border in WHOLE_SKY}
        if name != next(border for border, limit in borders.items() if limit is not None):
            return queryset
        limits = [WHOLE_SKY[border] if limit is None else limit for border, limit in borders.items()]
        return queryset.filter(centre__in_box=Box(*limits))
