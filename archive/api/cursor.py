"""A place in an ordered list, as opaque text: the values of the row that it stands at.

A cursor holds nothing that its reader was not shown. It is checked, not signed, so that a walk outlives a change of
the server's key: whatever the text, it only names a place in what the reader may see.
"""

import base64
import binascii
import json
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from django.db import models
from django.db.models import Q, QuerySet

from archive.domain.order import Order, Term
from archive.errors import NotFoundError

LONGEST = 16_000  # characters of a cursor: names have at most a thousand


@dataclass(frozen=True, slots=True)
class Place:
    """Just after a row, or just before it when `backwards`."""

    values: tuple[Any, ...]
    backwards: bool = False


def written(place: Place, order: Order) -> str:
    """Text of a place: safe in an address as it is."""
    values = [value.isoformat() if isinstance(value, datetime) else value for value in place.values]
    text = json.dumps({"o": _name_of(order), "b": place.backwards, "v": values}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(text: str, order: Order, model: type[models.Model]) -> Place:
    """Place that `written` wrote.

    Raises NotFoundError when it is broken, or of another order.
    """
    try:
        content = _content(text)
        _check_order(content, order)
        values = tuple(_checked(value, _column(model, term)) for value, term in zip(content["v"], order, strict=True))
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise NotFoundError("Invalid cursor") from error
    return Place(values, content["b"])


@dataclass(frozen=True, slots=True)
class After:
    """Keeps the rows that come after one whose columns of the order have the values of `row`."""

    order: Order
    row: tuple[Any, ...]

    @property
    def shape(self) -> Hashable:
        return self.order, tuple(value is None for value in self.row)

    @property
    def values(self) -> tuple[Any, ...]:
        return tuple(value for value in self.row if value is not None)

    def with_values(self, values: Sequence[Any]) -> "After":
        left = iter(values)
        return replace(self, row=tuple(None if value is None else next(left) for value in self.row))

    def __call__(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        model = rows.model
        first = self.order[0]
        later = Q()
        for term, value in reversed(list(zip(self.order, self.row, strict=True))):
            here = _beyond(term, value, nullable=_column(model, term).null)
            later = here | (_equal(term, value) & later) if later else here
        if self.row[0] is not None and (first.descending or not _column(model, first).null):
            # Follows from the rest; said once more because an index can be entered with it.
            later = Q(**{f"{first.column}__{'lte' if first.descending else 'gte'}": self.row[0]}) & later
        return rows.filter(later)


def _content(text: str) -> dict[str, Any]:
    if len(text) > LONGEST:
        raise ValueError("too long")
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    content = json.loads(raw)
    if not isinstance(content, dict):
        raise TypeError("no object")
    return content


def _check_order(content: dict[str, Any], order: Order) -> None:
    if content["o"] != _name_of(order) or not isinstance(content["b"], bool):
        raise ValueError("another order")


def _column(model: type[models.Model], term: Term) -> "models.Field[Any, Any]":
    found = cast("models.Field[Any, Any]", model._meta.get_field(term.column))  # noqa: SLF001 - Django's documented way
    if isinstance(found, models.GeneratedField):
        return cast("models.Field[Any, Any]", found.output_field)
    return found


def _checked(value: Any, field: "models.Field[Any, Any]") -> Any:
    """`value` as its column holds it; ValueError or TypeError for one that the column can not hold."""
    if value is None:
        if not field.null:
            raise ValueError("a value is missing")
        return None
    if isinstance(field, models.DateTimeField):
        return datetime.fromisoformat(value).astimezone(UTC)
    if isinstance(field, models.FloatField):
        if isinstance(value, bool) or not math.isfinite(value):
            raise ValueError("not a finite number")
        return float(value)
    if isinstance(field, models.IntegerField):
        if type(value) is not int or abs(value) >= 2**63:
            raise ValueError("not a number of this column")
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("no text")
    value.encode()  # half of a pair of surrogates is no text: UnicodeEncodeError, a ValueError
    return value


def _beyond(term: Term, value: Any, *, nullable: bool) -> Q:
    """Rows whose value in this column comes later; missing values are the largest."""
    column = term.column
    if term.descending:
        return Q(**{f"{column}__isnull": False}) if value is None else Q(**{f"{column}__lt": value})
    if value is None:
        return Q(pk__in=[])
    larger = Q(**{f"{column}__gt": value})
    return larger | Q(**{f"{column}__isnull": True}) if nullable else larger


def _equal(term: Term, value: Any) -> Q:
    return Q(**{f"{term.column}__isnull": True}) if value is None else Q(**{term.column: value})


def _name_of(order: Order) -> str:
    return ",".join(map(str, order))
