"""Terms of frames on what stands beside them: their headers, and what was measured of their observations."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from django.db.models import F, Q
from django.http import QueryDict
from django_filters import rest_framework as filters

from archive.models import Frame, FrameQuerySet
from archive.terms.cards import HEADER_SAYS, card_terms
from archive.terms.fields import FiniteNumberFilter

RATIOS = ("bright_strehl_ratio", "faint_strehl_ratio")
OBSERVATION = "raw_file__observation"
MEASURED = ("strehl_min", "strehl_max", "seeing_min", "seeing_max")


class BesideFilter(filters.FilterSet):
    """What a header says; how sharp the observation is that a frame is a raw file of."""

    header = filters.CharFilter(method="filter_header", help_text=f"A card of the header; repeatable. {HEADER_SAYS}")
    strehl_min = FiniteNumberFilter(
        method="filter_measured", help_text="Strehl ratio of its observation, of either stack, 0 to 1: at least"
    )
    strehl_max = FiniteNumberFilter(method="filter_measured", help_text="Strehl ratio of its observation: at most")
    seeing_min = FiniteNumberFilter(
        method="filter_measured", help_text="Seeing nearest in time to its observation, arcsec: at least"
    )
    seeing_max = FiniteNumberFilter(method="filter_measured", help_text="Seeing nearest in time, arcsec: at most")

    class Meta:
        model = Frame
        fields: Sequence[str] = ()

    def filter_header(self, queryset: FrameQuerySet, name: str, value: str) -> FrameQuerySet:  # noqa: ARG002 - django-filter's signature
        given = cast("QueryDict", self.data).getlist(name)
        return queryset.filter(*(term.within("headers__data") for term in card_terms(name, given)))

    def filter_measured(self, queryset: FrameQuerySet, name: str, value: float) -> FrameQuerySet:  # noqa: ARG002 - django-filter's signature
        """All of these hold of one observation: they are applied with the first of them."""
        given = {term: limit for term in MEASURED if (limit := self.form.cleaned_data.get(term)) is not None}
        if name != next(iter(given)):
            return queryset
        # What was measured tells nothing of an observation that a reader of the frame may not see.
        same_rule = Q(**{f"{OBSERVATION}__proposal_id": F("proposal_id")})
        same_rule &= Q(**{f"{OBSERVATION}__public_date__lte": F("public_date")}) | Q(public_date__isnull=True)
        return queryset.filter(same_rule, _strehl_within(given), _within("seeing_nearest_arcsec", "seeing", given))


def _strehl_within(given: Mapping[str, Any]) -> Q:
    """One ratio of an observation, of whichever stack, lies within both limits."""
    bright, faint = (_within(column, "strehl", given) for column in RATIOS)
    return bright | faint if bright else Q()


def _within(column: str, term: str, given: Mapping[str, Any]) -> Q:
    found = Q()
    for end, lookup in (("min", "gte"), ("max", "lte")):
        if (limit := given.get(f"{term}_{end}")) is not None:
            found &= Q(**{f"{OBSERVATION}__{column}__{lookup}": limit})
    return found
