"""Kinds of terms: a filter of django-filter each, that refuses what its column can not hold."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from anyascii import anyascii
from django import forms
from django.core.exceptions import ValidationError
from django_filters import rest_framework as filters
from django_filters.fields import MultipleChoiceField
from rest_framework import serializers

from archive.errors import UsageError
from archive.models.sky_lookups import Cone
from archive.terms.places import declination_deg, right_ascension_deg

SMALL_INTEGER = (-(2**15), 2**15 - 1)
INTEGER = (-(2**31), 2**31 - 1)
BIG_INTEGER = (-(2**63), 2**63 - 1)
TRUE_WORDS = frozenset({"true", "t", "1", "yes", "y", "on"})
FALSE_WORDS = frozenset({"false", "f", "0", "no", "n", "off"})
CONE_PARTS = 3
CONE_SAYS = "Give three numbers with commas between: RA,Dec,radius, the radius in degrees."
MOST_CONES = 50
FIRST_INSTANT = datetime(1, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class IntegerFilter(filters.Filter):
    """A whole number that fits its column."""

    field_class = forms.IntegerField

    def __init__(self, field_name: str, lookup_expr: str = "exact", *, within: tuple[int, int], **kwargs: Any) -> None:
        smallest, largest = within
        super().__init__(field_name, lookup_expr, min_value=smallest, max_value=largest, **kwargs)


class FiniteNumberFilter(filters.Filter):
    """A number that is neither infinite nor undefined."""

    field_class = forms.FloatField


class FlagField(forms.CharField):
    """True or false in any of the usual words."""

    def __init__(self, *, any_word: bool = False, **kwargs: Any) -> None:
        self.any_word = any_word
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        word = super().clean(value).lower()
        if word in FALSE_WORDS:
            return False
        if word in TRUE_WORDS or (word and self.any_word):
            return True
        if word:
            raise ValidationError("Must be true or false.")
        return None


class FlagFilter(filters.Filter):
    field_class = FlagField


class AsciiField(forms.CharField):
    def clean(self, value: Any) -> Any:
        return anyascii(super().clean(value))


class AsciiFilter(filters.Filter):
    """Text that is written in ASCII before it is compared: FITS headers know no other letters."""

    field_class = AsciiField


class InstantField(forms.DateTimeField):
    """A time with or without a zone, as aware UTC: PostgreSQL takes fewer zones than ISO 8601 has."""

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        if found is None:
            return None
        try:
            return found.astimezone(UTC)
        except OverflowError:  # beyond the calendar: no frame lies there
            return LAST_INSTANT if found.year > 1 else FIRST_INSTANT


class InstantFilter(filters.Filter):
    field_class = InstantField


class ChoicesField(MultipleChoiceField):
    """Some of several words. Empty ones count as not given."""

    def clean(self, value: Any) -> Any:
        return super().clean([word for word in value or () if word])


class ChoicesFilter(filters.MultipleChoiceFilter):
    """One of several words, by repeating the parameter."""

    field_class = ChoicesField


class RightAscensionField(forms.CharField):
    """Right ascension in any form that `places` reads, as degrees."""

    def clean(self, value: Any) -> Any:
        return _degrees(right_ascension_deg, super().clean(value))


class DeclinationField(forms.CharField):
    """The same of declination."""

    def clean(self, value: Any) -> Any:
        return _degrees(declination_deg, super().clean(value))


class RightAscensionFilter(filters.Filter):
    field_class = RightAscensionField


class DeclinationFilter(filters.Filter):
    field_class = DeclinationField


def _degrees(read: Callable[[str], float], text: str) -> float | None:
    """What was written; None when nothing was."""
    if not text:
        return None
    try:
        return read(text)
    except UsageError as error:
        raise ValidationError(str(error)) from error


def cone_of(name: str, text: str) -> Cone:
    """The cone that a reader wrote as RA,Dec,radius. Raises DRF's ValidationError, which names the parameter."""
    parts = text.split(",")
    if len(parts) != CONE_PARTS:
        raise serializers.ValidationError({name: [CONE_SAYS]})
    ra, dec, radius = parts
    try:
        return Cone(right_ascension_deg(ra), declination_deg(dec), float(radius))
    except UsageError as error:
        raise serializers.ValidationError({name: [str(error)]}) from error
    except ValueError as error:
        raise serializers.ValidationError({name: [CONE_SAYS]}) from error


def cones_of(name: str, text: str) -> list[Cone]:
    """Cones with semicolons between. Raises DRF's ValidationError, also for more than MOST_CONES."""
    parts = [part for part in text.split(";") if part.strip()]
    if len(parts) > MOST_CONES:
        raise serializers.ValidationError({name: [f"{len(parts)} places are too many: give at most {MOST_CONES}."]})
    if not parts:
        raise serializers.ValidationError({name: [CONE_SAYS]})
    return [cone_of(name, part) for part in parts]
