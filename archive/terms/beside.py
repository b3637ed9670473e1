"""Terms of frames on what stands beside them: their headers, and what was measured of their observations."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import F, Q
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django_filters import rest_framework as filters
from rest_framework import serializers

from archive.models import Frame, FrameQuerySet
from archive.terms.fields import FiniteNumberFilter

# FITS keys, and those of more than eight letters or of several words that HIERARCH has.
KEY = re.compile(r"[A-Za-z0-9_-]+(?: [A-Za-z0-9_-]+)*")
LONGEST_KEY = 72
HEADER_SAYS = "Give a key of the header, such as AIRMASS, or a key and its value, such as OBSTYPE=EXPOSE."
RATIOS = ("bright_strehl_ratio", "faint_strehl_ratio")
OBSERVATION = "raw_file__observation"
MEASURED = ("strehl_min", "strehl_max", "seeing_min", "seeing_max")


class _Asked(NamedTuple):
    """A key of the header, and the value that it shall have; None: any."""

    key: str
    value: str | None


class BesideFilter(filters.FilterSet):
    """What a header says; how sharp the observation is that a frame is a raw file of."""

    header = filters.CharFilter(
        method="filter_header",
        help_text="Header has this key: AIRMASS; or it with this value, in any case: OBSTYPE=EXPOSE",
    )
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

    def filter_header(self, queryset: FrameQuerySet, name: str, value: str) -> FrameQuerySet:
        asked = _header_of(name, value)
        if asked.value is None:
            return queryset.filter(headers__data__has_key=asked.key)
        said = queryset.alias(
            said=KeyTextTransform(asked.key, "headers__data"), stored=KeyTransform(asked.key, "headers__data")
        )
        number = _number(asked.value)
        return said.filter(Q(said__iexact=asked.value) | (Q() if number is None else Q(stored=number)))

    def filter_measured(self, queryset: FrameQuerySet, name: str, value: float) -> FrameQuerySet:  # noqa: ARG002 - django-filter's signature
        """All of these hold of one observation: they are applied with the first of them."""
        given = {term: limit for term in MEASURED if (limit := self.form.cleaned_data.get(term)) is not None}
        if name != next(iter(given)):
            return queryset
        # What was measured tells nothing of an observation that a reader of the frame may not see.
        same_rule = Q(**{f"{OBSERVATION}__proposal_id": F("proposal_id")})
        same_rule &= Q(**{f"{OBSERVATION}__public_date__lte": F("public_date")}) | Q(public_date__isnull=True)
        return queryset.filter(same_rule, _strehl_within(given), _within("seeing_nearest_arcsec", "seeing", given))


def _header_of(name: str, text: str) -> _Asked:
    key, equals, value = text.partition("=")
    found = _Asked(key.strip().upper(), value.strip() if equals else None)
    if not KEY.fullmatch(found.key) or len(found.key) > LONGEST_KEY or found.value == "":
        raise serializers.ValidationError({name: [HEADER_SAYS]})
    return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


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
