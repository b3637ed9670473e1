"""The terms of one request, as listings and counts want them."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.core.validators import EMPTY_VALUES
from django.db.models import QuerySet
from django.http import QueryDict
from django_filters import rest_framework as filters
from django_filters.utils import translate_validation

from archive.domain.listing import Window
from archive.models import Frame
from archive.terms.frames import FrameFilter

WINDOW = ("start", "end")
APART = frozenset({*WINDOW, "public"})  # which listings treat in their own way
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
}


class AskedTerms:
    """What a reader asked for; narrows frames and tallies alike, by the same filters."""

    def __init__(self, asked: FrameFilter) -> None:
        self._asked = asked
        self._values: Mapping[str, Any] = asked.form.cleaned_data

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(COLUMNS.get(name, term.field_name or "") for name, term, _ in self._given())

    @property
    def window(self) -> Window:
        return Window(*(self._values.get(name) for name in WINDOW))

    @property
    def public(self) -> bool | None:
        return self._values.get("public")

    def narrow(self, rows: QuerySet[Any], *, with_window: bool = True) -> QuerySet[Any]:
        for _, term, value in self._given():
            rows = term.filter(rows, value)
        if with_window:
            for name in WINDOW:
                if name in self._values:
                    rows = self._asked.filters[name].filter(rows, self._values[name])
        return rows

    def _given(self) -> Iterator[tuple[str, filters.Filter, Any]]:
        """Terms that say something."""
        for name, term in self._asked.filters.items():
            value = self._values[name]
            if name not in APART and value not in EMPTY_VALUES and value is not False:
                yield name, term, value


def asked_terms(parameters: QueryDict) -> AskedTerms:
    """Terms of a request.

    Raises DRF's ValidationError, which names each parameter that can not be read.
    """
    given = frozenset(FrameFilter.base_filters.keys() & parameters.keys())
    asked = _filter_of(given)(parameters, queryset=Frame.objects.all())
    if not asked.is_valid():
        raise translate_validation(asked.errors)  # type: ignore[misc] # it makes the error
    return AskedTerms(asked)


@lru_cache(maxsize=1024)
def _filter_of(names: frozenset[str]) -> type[FrameFilter]:
    """FrameFilter with these terms only: to copy and clean all that nobody asked for takes longer than the query."""
    left_out: dict[str, Any] = dict.fromkeys(FrameFilter.base_filters.keys() - names)
    return type("FrameFilter", (FrameFilter,), {**left_out, "__module__": __name__})
