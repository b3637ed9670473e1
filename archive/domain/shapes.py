"""Querysets that are written as SQL once for all of their shape.

To write one takes the ORM as long as it takes PostgreSQL to answer it. So it is written with stand-ins for its values,
which are then found again among its parameters. Whatever changes the statement, and not only its values, belongs to the
shape.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet

from archive.domain import prepared
from archive.domain.prepared import Place, Row, Statement
from archive.errors import FatalError

MOST_WRITTEN = 2000

Values = Sequence[Any]
Write = Callable[[Values], QuerySet[Any, Any]]

# Values that no row has, of each type that a statement is given; another one for each place.
STAND_INS: dict[type, Callable[[int], Any]] = {
    int: lambda place: -(2**15) + place,  # the smallest column has 16 bits
    float: lambda place: -1e300 / (place + 1),
    str: lambda place: f"stand-in {place}",
    list: lambda place: [f"stand-in {place}"],
    date: lambda place: date.min + timedelta(days=place + 1),
    datetime: lambda place: datetime.min.replace(tzinfo=UTC) + timedelta(microseconds=place + 1),
}

_numbers = count()
_written: dict[Hashable, Statement] = {}


def rows(
    name: str, shape: Hashable, values: Values, write: Write, *, using: str = DEFAULT_DB_ALIAS, prepare: bool = True
) -> list[Row]:
    """Rows of the queryset `write(values)`, which gives lists of columns; it is called once for each shape.

    `name` and `shape` say which statement that is. `prepare`: whether one plan is good for all values of the shape.
    """
    key = (name, shape, tuple(map(type, values)), using)
    asked = _written.get(key)
    if asked is None:
        if len(_written) >= MOST_WRITTEN:
            _written.clear()
        asked = _written[key] = _statement(name, values, write, using)
    return prepared.run(asked, values, using=using, prepare=prepare)


def _statement(name: str, values: Values, write: Write, using: str) -> Statement:
    stand_ins = [STAND_INS[type(value)](place) for place, value in enumerate(values)]
    text, parameters = write(stand_ins).query.get_compiler(using).as_sql()
    found = [_place_or_constant(parameter, stand_ins) for parameter in parameters]
    if lost := {*range(len(values))} - {each.key for each in found if isinstance(each, Place)}:
        raise FatalError(f"statement {name} does not hold its values {lost} as they are: tell the developers.")
    return prepared.statement(f"archive_{name}_{next(_numbers)}", text, found)


def _place_or_constant(parameter: Any, stand_ins: Sequence[Any]) -> Any:
    for place, stand_in in enumerate(stand_ins):
        if type(parameter) is type(stand_in) and parameter == stand_in:
            return Place(place)
    return parameter
