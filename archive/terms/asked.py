"""The terms of one request, as listings and counts want them."""

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

from django.core.validators import EMPTY_VALUES
from django.db.models import QuerySet
from django.http import QueryDict
from django_filters import rest_framework as filters
from django_filters.utils import translate_validation

from archive.domain.listing import IN_ORDER, Window
from archive.models import Frame
from archive.terms.fields import OneOfFilter
from archive.terms.frames import FrameFilter
from archive.terms.measured import MEASURED

WINDOW = ("start", "end")
APART = frozenset({*WINDOW, "public"})  # which listings treat in their own way
MOST_ALTERNATIVES = 20  # of which each part of a listing is a statement of its own in a union
# Columns that terms of other names look at.
COLUMNS = {
    "empty_target_name": "target_name",
    "exclude_calibrations": "configuration_type",
    "covers": "area",
    "intersects": "area",
    "cone": "area",
    "ra_min": "centre",
    "ra_max": "centre",
    "dec_min": "centre",
    "dec_max": "centre",
    "header": "headers",
    **dict.fromkeys(MEASURED, "measured"),
}


class AskedTerms:
    """What a reader asked for; narrows frames and tallies alike, by the same filters.

    Terms that compare a column with their value as it stands are one statement for all values.
    """

    def __init__(self, asked: FrameFilter, values: Mapping[str, Any]) -> None:
        self._asked = asked
        self._values = values

    @cached_property
    def columns(self) -> frozenset[str]:
        return frozenset(COLUMNS.get(name, term.field_name or "") for name, term, _ in self._given)

    @property
    def window(self) -> Window:
        return Window(*(self._values.get(name) for name in WINDOW))

    @property
    def public(self) -> bool | None:
        return self._values.get("public")

    @cached_property
    def shape(self) -> tuple[str, ...] | None:
        names = self._names
        has_several = any(isinstance(self._values[name], list) for name in names)
        return names if COMPARED.issuperset(names) and not has_several else None

    @property
    def values(self) -> tuple[Any, ...]:
        return tuple(self._values[name] for name in self._names)

    def with_values(self, values: Sequence[Any]) -> "AskedTerms":
        return AskedTerms(self._asked, {**self._values, **dict(zip(self._names, values, strict=True))})

    def narrow(self, rows: QuerySet[Any], *, with_window: bool = True) -> QuerySet[Any]:
        for _, term, value in self._given:
            rows = term.filter(rows, value)
        if with_window:
            for name in WINDOW:
                if name in self._values:
                    rows = self._asked.filters[name].filter(rows, self._values[name])
        return rows

    def without(self, column: str) -> "AskedTerms":
        """The same but for terms that compare this column with values."""
        dropped = {name: None for name, term, _ in self._given if name in ONE_OF and term.field_name == column}
        return AskedTerms(self._asked, {**self._values, **dropped})

    @property
    def alternatives(self) -> Sequence["AskedTerms"]:
        """Terms that are disjoint and together the same, of one value of an indexed column each."""
        indexed = {name: self._values[name] for name, term, _ in self._given if term.field_name in IN_ORDER}
        several = [name for name, value in indexed.items() if name in ONE_OF and isinstance(value, list)]
        if not several or len(several) < len(indexed) or len(indexed[several[0]]) > MOST_ALTERNATIVES:
            return [self]
        name, *_ = several
        return [AskedTerms(self._asked, {**self._values, name: value}) for value in indexed[name]]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """Terms that say something, and the ends of the window that are set."""
        ends = (name for name in WINDOW if self._values.get(name) is not None)
        return *(name for name, _, _ in self._given), *ends

    @cached_property
    def _given(self) -> tuple[tuple[str, filters.Filter, Any], ...]:
        """Terms that say something, but for the window."""
        return tuple(
            (name, term, value)
            for name, term in self._asked.filters.items()
            if name not in APART and (value := self._values[name]) not in EMPTY_VALUES and value is not False
        )


def _compares(term: filters.Filter) -> bool:
    """Whether a term compares its column with the value as it stands."""
    is_plain = "filter" not in vars(term) and type(term).filter in {filters.Filter.filter, OneOfFilter.filter}
    return is_plain and not term.exclude and term.lookup_expr in {"exact", "gt", "gte", "lte"}


ONE_OF = frozenset(name for name, term in FrameFilter.base_filters.items() if isinstance(term, OneOfFilter))
COMPARED = frozenset(name for name, term in FrameFilter.base_filters.items() if _compares(term))


def asked_terms(parameters: QueryDict) -> AskedTerms:
    """Terms of a request.

    Raises DRF's ValidationError, which names each parameter that can not be read.
    """
    given = frozenset(FrameFilter.base_filters.keys() & parameters.keys())
    asked = _filter_of(given)(parameters, queryset=Frame.objects.all())
    if not asked.is_valid():
        raise translate_validation(asked.errors)  # type: ignore[misc] # it makes the error
    return AskedTerms(asked, asked.form.cleaned_data)


@lru_cache(maxsize=1024)
def _filter_of(names: frozenset[str]) -> type[FrameFilter]:
    """FrameFilter with these terms only: to copy and clean all that nobody asked for takes longer than the query."""
    left_out: dict[str, Any] = dict.fromkeys(FrameFilter.base_filters.keys() - names)
    return type("FrameFilter", (FrameFilter,), {**left_out, "__module__": __name__})
