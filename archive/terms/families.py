"""Terms of the lists of families; all must hold."""

from collections.abc import Sequence
from typing import Any, cast

from django.http import QueryDict
from django_filters import rest_framework as filters
from django_filters.utils import translate_validation

from archive.models import Exposure, ExposureQuerySet
from archive.terms.fields import FlagFilter, InstantFilter
from archive.terms.ranges import both, circle

MOST_WILDCARDS = 5
LONGEST_PATTERN = 100


class NamePartFilter(filters.CharFilter):
    """Part of a name in any case; with `%` a pattern of the whole name, in which that stands for anything."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("name", max_length=LONGEST_PATTERN, **kwargs)

    def filter(self, qs: Any, value: Any) -> Any:
        if not value:
            return qs
        parts = value.split("%")[: MOST_WILDCARDS + 1]
        if len(parts) == 1:
            return qs.filter(name__icontains=value)
        found = qs.filter(name__istartswith=parts[0]) if parts[0] else qs
        found = found.filter(name__iendswith=parts[-1]) if parts[-1] else found
        for part in filter(None, parts[1:-1]):
            found = found.filter(name__icontains=part)
        return found


class FamilyFilter(filters.FilterSet):
    """Terms of a list: the columns of the images table of Photon Ranch, in its units."""

    username = filters.CharFilter("username", help_text="User's name: header key USERNAME")
    user_id = filters.CharFilter("user_id", help_text="User's id: header key USERID")
    site = filters.CharFilter("site_id", help_text="Site")
    instrument = filters.CharFilter("instrument_id", help_text="Instrument, as in the name")
    filter = filters.CharFilter("primary_optical_element", help_text="Optical filter: header key FILTER")
    data_type = filters.CharFilter("data_type", help_text="EX, EP, EF …")
    base_filename = filters.CharFilter("name", help_text="Whole base name")
    filename = NamePartFilter(help_text="Part of the base name, in any case; with % a pattern")
    night = filters.DateFilter("night", help_text="Night, as in the name: YYYY-MM-DD")
    start_date = InstantFilter("observation_date", "gte", help_text="Observed at or after, UTC")
    end_date = InstantFilter("observation_date", "lte", help_text="Observed at or before, UTC")
    exposure_time_min, exposure_time_max = both("exposure_time", "Open-shutter time, s")
    declination_min, declination_max = both("dec_deg", "Declination, degrees")
    altitude_min, altitude_max = both("altitude_deg", "Altitude, degrees")
    airmass_min, airmass_max = both("airmass", "Airmass")
    right_ascension_min, right_ascension_max = circle(
        "right_ascension", "ra_deg", "Right ascension, hours", turn=24.0, scale=15.0
    )
    azimuth_min, azimuth_max = circle("azimuth", "azimuth_deg", "Azimuth, degrees", turn=360.0)
    fits_01_exists = FlagFilter("fits_01_exists", help_text="There is a large FITS file")
    fits_10_exists = FlagFilter("fits_10_exists", help_text="There is a small FITS file")
    jpg_medium_exists = FlagFilter("jpg_medium_exists", help_text="There is a medium picture")
    jpg_small_exists = FlagFilter("jpg_small_exists", help_text="There is a small picture")

    class Meta:
        model = Exposure
        fields: Sequence[str] = ()


def narrowed(families: ExposureQuerySet, parameters: QueryDict) -> ExposureQuerySet:
    """Keep what meets the terms of a request. Raises DRF's ValidationError, which names what can not be read."""
    asked = FamilyFilter(parameters, queryset=families)
    if not asked.is_valid():
        raise translate_validation(asked.errors)  # type: ignore[misc] # it makes the error
    return cast("ExposureQuerySet", asked.qs)
