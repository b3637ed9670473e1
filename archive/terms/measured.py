"""Terms of frames on the observation that they are a raw file of: how sharp, of which place, what was made of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.validators import EMPTY_VALUES
from django.db.models import Exists, F, OuterRef, Q
from django_filters import rest_framework as filters

from archive.enums import ProductState
from archive.models import Frame, FrameQuerySet, Product
from archive.terms.fields import ChoicesFilter, FiniteNumberFilter
from archive.terms.observations import FLAGS, KINDS, RATIO

OBSERVATION = "raw_file__observation"
RATIOS = ("bright_strehl_ratio", "faint_strehl_ratio")
# Ranges by their names, and the columns of observations that they look at.
RANGES: Mapping[str, str] = {
    "bright_strehl": "bright_strehl_ratio",
    "faint_strehl": "faint_strehl_ratio",
    "seeing": "seeing_nearest_arcsec",
    "seeing_median": "seeing_median_arcsec",
    "magnitude": "magnitude",
    "altitude": "altitude_deg",
}
FLAG_TERMS = ("bright_strehl_flag", "faint_strehl_flag")


def _limits(what: str, **of_field: Any) -> tuple[filters.Filter, filters.Filter]:
    return (
        FiniteNumberFilter(method="filter_measured", help_text=f"{what}: at least", **of_field),
        FiniteNumberFilter(method="filter_measured", help_text=f"{what}: at most", **of_field),
    )


class MeasuredFilter(filters.FilterSet):
    """All that is given holds of one observation."""

    strehl_min, strehl_max = _limits("Strehl ratio of its observation, of either stack, 0 to 1")
    bright_strehl_min, bright_strehl_max = _limits("Strehl ratio of the bright stack, 0 to 1", **RATIO)
    faint_strehl_min, faint_strehl_max = _limits("Strehl ratio of the faint stack, 0 to 1", **RATIO)
    bright_strehl_flag = filters.ChoiceFilter(method="filter_measured", choices=FLAGS, help_text="Flag of the first")
    faint_strehl_flag = filters.ChoiceFilter(method="filter_measured", choices=FLAGS, help_text="Flag of the second")
    seeing_min, seeing_max = _limits("Seeing nearest in time to its observation, arcsec")
    seeing_median_min, seeing_median_max = _limits("Median seeing of the night of its observation, arcsec")
    magnitude_min, magnitude_max = _limits("Magnitude of its observation, as the observer stated it")
    altitude_min, altitude_max = _limits("Altitude of its observation, degrees")
    azimuth_min, azimuth_max = _limits("Azimuth, degrees; from over to is across north", min_value=0.0, max_value=360.0)
    done = ChoicesFilter(
        method="filter_measured", choices=KINDS, help_text="These products of its observation are done; repeatable"
    )

    class Meta:
        model = Frame
        fields: Sequence[str] = ()

    def filter_measured(self, queryset: FrameQuerySet, name: str, value: Any) -> FrameQuerySet:  # noqa: ARG002 - django-filter's signature
        """They are applied with the first of them."""
        values = {term: self.form.cleaned_data.get(term) for term in MEASURED}
        given = {term: value for term, value in values.items() if value not in EMPTY_VALUES}
        if name != next(iter(given)):
            return queryset
        # What was measured tells nothing of an observation that a reader of the frame may not see.
        same_rule = Q(**{f"{OBSERVATION}__proposal_id": F("proposal_id")})
        same_rule &= Q(**{f"{OBSERVATION}__public_date__lte": F("public_date")}) | Q(public_date__isnull=True)
        bright, faint = (_within(column, "strehl", given) for column in RATIOS)  # one of them within both limits
        found = same_rule & (bright | faint if bright else Q()) & _across_north(given)
        for term, column in RANGES.items():
            found &= _within(column, term, given)
        for term in FLAG_TERMS:
            found &= Q(**{f"{OBSERVATION}__{term}": given[term]}) if term in given else Q()
        return queryset.filter(found, *(_has_done(kind) for kind in given.get("done") or ()))


MEASURED = tuple(MeasuredFilter.base_filters)


def _within(column: str, term: str, given: Mapping[str, Any]) -> Q:
    found = Q()
    for end, lookup in (("min", "gte"), ("max", "lte")):
        if (limit := given.get(f"{term}_{end}")) is not None:
            found &= Q(**{f"{OBSERVATION}__{column}__{lookup}": limit})
    return found


def _across_north(given: Mapping[str, Any]) -> Q:
    """Azimuth from one border to the other, eastwards."""
    ends = _within("azimuth_deg", "azimuth", given)
    first, last = given.get("azimuth_min"), given.get("azimuth_max")
    if first is None or last is None or first <= last:
        return ends
    column = f"{OBSERVATION}__azimuth_deg"
    return Q(**{f"{column}__gte": first}) | Q(**{f"{column}__lte": last})


def _has_done(kind: str) -> Exists:
    of_observation = Product.objects.filter(observation=OuterRef(f"{OBSERVATION}_id"), is_current=True)
    return Exists(of_observation.filter(state=ProductState.DONE, kind=kind))
