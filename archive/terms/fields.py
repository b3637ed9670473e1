"""Kinds of terms: a filter of django-filter each, that refuses what its column can not hold."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from anyascii import anyascii
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import EMPTY_VALUES
from django_filters import rest_framework as filters
from django_filters.fields import MultipleChoiceField
from drf_spectacular.utils import extend_schema_field
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
MOST_VALUES = 100  # of one repeated term
FIRST_INSTANT = datetime(1, 1, 1, tzinfo=UTC)
LAST_INSTANT = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class IntegerFilter(filters.Filter):
    """A whole number that fits its column."""

    field_class = forms.IntegerField

    def __init__(self, field_name: str, lookup_expr: str = "exact", *, within: tuple[int, int], **kwargs: Any) -> None:
        smallest, largest = within
        super().__init__(field_name, lookup_expr, min_value=smallest, max_value=largest, **kwargs)


class RepeatedInput(forms.TextInput):
    """All that a repeated parameter says."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:  # noqa: ARG002 - Django's signature
        return data.getlist(name) if hasattr(data, "getlist") else data.get(name)

    def format_value(self, value: Any) -> str | None:
        """A form of the browsable pages shows the first."""
        first: str | None = super().format_value(next(iter(value), "") if isinstance(value, list) else value)
        return first


class OneOfField(forms.Field):
    """One value as `field_class` reads it, or a list of several. Empty ones count as not given."""

    widget = RepeatedInput

    def __init__(self, *, of_one: forms.Field, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._of_one = of_one

    def clean(self, value: Any) -> Any:
        texts = [text for text in (value if isinstance(value, list) else [value]) if text not in EMPTY_VALUES]
        if len(texts) > MOST_VALUES:
            raise ValidationError(f"{len(texts)} values are too many: give at most {MOST_VALUES}.")
        found = list(dict.fromkeys(self._of_one.clean(text) for text in texts))
        return found if len(found) > 1 else next(iter(found), None)


class OneOfFilter(filters.Filter):
    """The column has this value; where the parameter is repeated, one of these."""

    field_class = OneOfField

    def __init__(self, column: str, *, of_one: forms.Field | None = None, **kwargs: Any) -> None:
        super().__init__(column, of_one=of_one or forms.CharField(required=False), **kwargs)
        kind = "integer" if isinstance(of_one, forms.IntegerField) else "string"
        describe = cast("Any", extend_schema_field)  # its types leave out filters, which its documentation names
        describe({"type": "array", "items": {"type": kind}, "description": kwargs.get("help_text", "")})(self)

    def filter(self, qs: Any, value: Any) -> Any:
        if isinstance(value, list):
            return self.get_method(qs)(**{f"{self.field_name}__in": value})
        return super().filter(qs, value)


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
