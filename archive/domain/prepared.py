"""Statements that each connection prepares once and runs often with other values.

To plan a statement takes PostgreSQL as long as to answer it.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, NotSupportedError, OperationalError, connections
from django.db.backends.utils import CursorWrapper
from psycopg2 import errors as postgres

MOST_PREPARED = 100  # of one connection; each takes its server process some 20 kB
# A migration has changed the type of a column, or somebody between has dropped what was prepared.
STALE = (postgres.FeatureNotSupported, postgres.InvalidSqlStatementName)
NAMED = re.compile(r"%\((\w+)\)s")

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where among the values a parameter is found: a number or a name."""

    key: Any


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL with a `%s` for each of its parameters: a place among the values, or what is always the same."""

    name: str
    text: str
    parameters: tuple[Any, ...]
    call: str
    arguments: tuple[Any, ...]  # of the call: each place once
    preparation: str


def statement(name: str, text: str, parameters: Sequence[Any]) -> Statement:
    """Take SQL apart into its preparation and its call. `name` belongs to this text alone."""
    arguments: list[Any] = []
    marks = []
    for parameter in parameters:
        if not (isinstance(parameter, Place) and parameter in arguments):
            arguments.append(parameter)
            marks.append(f"${len(arguments)}")
        else:
            marks.append(f"${arguments.index(parameter) + 1}")
    listed = f" ({', '.join(['%s'] * len(arguments))})" if arguments else ""
    preparation = f"PREPARE {name} AS {text % tuple(marks)}"
    return Statement(name, text, tuple(parameters), f"EXECUTE {name}{listed}", tuple(arguments), preparation)


@lru_cache(maxsize=64)
def by_hand(name: str, text: str) -> Statement:
    """A statement with `%(name)s` for its values."""
    return statement(name, NAMED.sub("%s", text), [Place(key) for key in NAMED.findall(text)])


def run(
    asked: Statement, values: Sequence[Any] | Mapping[str, Any], *, using: str = DEFAULT_DB_ALIAS, prepare: bool = True
) -> list[Row]:
    """Rows that the database gives. Without `prepare` it plans anew, for these very values."""
    if not prepare:
        with connections[using].cursor() as cursor:
            return _fetched(cursor, asked.text, asked.parameters, values)
    try:
        return _executed(asked, values, using)
    except (NotSupportedError, OperationalError) as error:
        if not isinstance(error.__cause__, STALE):
            raise
        connection = connections[using]
        _prepared.pop(connection.connection, None)
        if connection.in_atomic_block:
            raise
        return _executed(asked, values, using)


# Names of the statements that each connection holds prepared, the one that was used last at the end.
_prepared: WeakKeyDictionary[Any, OrderedDict[str, None]] = WeakKeyDictionary()


def _executed(asked: Statement, values: Sequence[Any] | Mapping[str, Any], using: str) -> list[Row]:
    connection = connections[using]
    connection.ensure_connection()
    held = _prepared.get(connection.connection)
    if held is None or asked.name not in held:
        with connection.connection.cursor() as cursor:  # beside Django's own, which counts what requests ask
            held = _hold(cursor, asked, held)
        _prepared[connection.connection] = held
    held.move_to_end(asked.name)
    with connection.cursor() as cursor:
        return _fetched(cursor, asked.call, asked.arguments, values)


def _hold(cursor: Any, asked: Statement, held: OrderedDict[str, None] | None) -> OrderedDict[str, None]:
    """Prepare one more, in place of the one that was not used for longest."""
    if held is None:  # a connection that is new, or of which nobody knows what it holds
        cursor.execute("DEALLOCATE ALL")
        held = OrderedDict()
    if len(held) >= MOST_PREPARED:
        oldest, _ = held.popitem(last=False)
        cursor.execute(f"DEALLOCATE {oldest}")
    cursor.execute(asked.preparation)
    held[asked.name] = None
    return held


def _fetched(
    cursor: CursorWrapper, text: str, parameters: Sequence[Any], values: Sequence[Any] | Mapping[str, Any]
) -> list[Row]:
    cursor.execute(text, [_given(each, values) for each in parameters])
    rows: list[Row] = cursor.fetchall()
    return rows


def _given(parameter: Any, values: Any) -> Any:
    value = values[parameter.key] if isinstance(parameter, Place) else parameter
    if isinstance(value, list) and value and isinstance(value[0], int):
        return f"{{{','.join(map(str, value))}}}"  # PostgreSQL reads the text of an array sooner than a number for each
    return value
