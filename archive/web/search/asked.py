"""What the address of the search page asks for: terms of lists as /frames/ has them, and how to show what they find.

The page has one term of its own, `place`, which is told to lists as `cone`; and a last day without a time is whole.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.http import QueryDict
from rest_framework import serializers

from archive.domain.order import Order
from archive.errors import ArchiveError
from archive.models import Frame, Reader
from archive.terms.asked import AskedTerms, asked_terms
from archive.terms.frames import FrameFilter
from archive.terms.ordering import order_of
from archive.web.search.columns import COLUMNS, DEFAULT_COLUMNS
from archive.web.search.places import (
    DEFAULT_RADIUS,
    DEFAULT_UNIT,
    Place,
    found_places,
    lines_of,
    radius_deg,
)

VIEWS = ("table", "gallery", "sky", "aladin")
PER_PAGE: Mapping[str, int] = {"table": 50, "gallery": 48, "sky": 0, "aladin": 0}
LAST_PAGE = 200_000
PLACE_TERMS = ("place", "radius", "unit")
SHOWING = ("view", "columns", "ordering", "page")  # in this order in addresses, after the terms
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
END_OF_DAY = "T23:59:59.999999Z"
Errors = dict[str, list[str]]


@dataclass(frozen=True)
class Asked:
    """One question to the page.

    Attributes
    ----------
    given : what the address says, without what is empty or unknown.
    api : its terms, as lists take them.
    terms : the same, read; None where something can not be read, and `errors` says what.
    places : where the places of `place` are.
    """

    given: QueryDict
    api: QueryDict
    terms: AskedTerms | None
    places: list[Place] = field(default_factory=list)
    errors: Errors = field(default_factory=dict)

    @property
    def view(self) -> str:
        view = self.given.get("view", "")
        return view if view in VIEWS else VIEWS[0]

    @property
    def page(self) -> int:
        """From 1 on."""
        text = self.given.get("page", "")
        return min(max(int(text), 1), LAST_PAGE) if text.isdecimal() and len(text) < 9 else 1

    @property
    def per_page(self) -> int:
        return PER_PAGE[self.view]

    @property
    def order(self) -> Order:
        return order_of(self.given.get("ordering", ""))

    @cached_property
    def columns(self) -> list[str]:
        """Names of the table's columns, in the table's order."""
        wanted = set(self.given.getlist("columns"))
        return [name for name in COLUMNS if name in wanted] or list(DEFAULT_COLUMNS)

    @property
    def has_terms(self) -> bool:
        return bool(self.api)

    def chosen(self, term: str) -> list[str]:
        """Values of one term, in the order of the address."""
        return list(dict.fromkeys(self.given.getlist(term)))

    def address_less(self, term: str, value: str) -> str:
        """Query string of the question without one value of a term."""
        changed = self.given.copy()
        changed.setlist(term, [each for each in changed.getlist(term) if each != value])
        changed.pop("page", None)
        return f"?{query}" if (query := changed.urlencode()) else "?"

    def address(self, *without: str, **changes: str) -> str:
        """Query string of another question, which begins with its first page."""
        changed = self.given.copy()
        for name in ("page", *without):
            changed.pop(name, None)
        for name, value in changes.items():
            changed[name] = value
        return f"?{changed.urlencode()}" if changed else "?"


def asked_of(parameters: QueryDict, reader: Reader, *, at: datetime, using: str) -> Asked:
    """Read an address. What can not be read stands in `errors`, by the name of its term."""
    given = _given(parameters)
    api = QueryDict(mutable=True)
    for name in FrameFilter.base_filters:
        for value in given.getlist(name):
            api.appendlist(name, f"{value}{END_OF_DAY}" if name == "end" and DATE.fullmatch(value) else value)
    errors: Errors = {}
    places: list[Place] = []
    try:
        places, cones = _places(given, reader, at=at, using=using)
        if cones:
            api["cone"] = cones
    except ArchiveError as error:
        errors["place"] = [str(error)]
    terms = None
    try:
        terms = asked_terms(api)
        terms.narrow(Frame.objects.few())  # some are read only where they are used
    except serializers.ValidationError as error:
        errors |= _errors(error)
    return Asked(given, api, None if errors else terms, places, errors)


def _places(given: QueryDict, reader: Reader, *, at: datetime, using: str) -> tuple[list[Place], str]:
    """Where the places are, and the cones about them as lists take them. Raises ArchiveError where one is unknown."""
    if not (lines := lines_of(given.get("place", ""))):
        return [], ""
    radius = radius_deg(given.get("radius", DEFAULT_RADIUS), given.get("unit", DEFAULT_UNIT))
    places = found_places(lines, reader, at=at, using=using)
    return places, ";".join(f"{each.ra_deg:.6f},{each.dec_deg:.6f},{radius:.8g}" for each in places)


def _given(parameters: QueryDict) -> QueryDict:
    known = (*FrameFilter.base_filters, *PLACE_TERMS, *SHOWING)
    given = QueryDict(mutable=True)
    for name in known:
        if values := [value for value in parameters.getlist(name) if value.strip()]:
            given.setlist(name, values)
    unneeded = {
        "radius": "place" not in given,
        "unit": "place" not in given,
        "view": given.get("view") == VIEWS[0],
        "columns": set(given.getlist("columns")) == set(DEFAULT_COLUMNS),
        "page": given.get("page") == "1",
    }
    for name, is_so in unneeded.items():
        if is_so:
            given.pop(name, None)
    return given


def _errors(error: serializers.ValidationError) -> Errors:
    detail = error.detail
    if isinstance(detail, dict):
        return {name: [str(each) for each in _listed(says)] for name, says in detail.items()}
    return {"": [str(each) for each in _listed(detail)]}


def _listed(says: object) -> list[object]:
    return list(says) if isinstance(says, list) else [says]
