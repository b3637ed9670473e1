"""Statements that are written once per kind of reader, prepared once per connection, and run often with other values.

To write one takes the ORM, and to plan one takes PostgreSQL, as long as to answer it. The values that change are marked
in the queryset by ones that no row has.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary

from django.contrib.auth.models import AnonymousUser, User
from django.db import NotSupportedError, ProgrammingError, connections
from django.db.models import QuerySet

from archive.models import Reader

Statement = Callable[[Reader, datetime, Sequence[int]], QuerySet[Any, Any]]

AT = datetime(1, 1, 1, microsecond=1, tzinfo=UTC)
IDS = (-(2**62),)
MEMBER = User(pk=-(2**30))  # one who may hold proposals
READERS: dict[str, Reader] = {"public": AnonymousUser(), "member": MEMBER, "all": User(is_superuser=True)}

# Names of the statements that each connection holds prepared.
_prepared: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Written:
    name: str
    text: str  # with $1, $2 …
    parameters: tuple[Any, ...]

    @property
    def call(self) -> str:
        marks = ", ".join(["%s"] * len(self.parameters))
        return f"EXECUTE {self.name} ({marks})" if marks else f"EXECUTE {self.name}"


def run(
    statement: Statement, reader: Reader, *, at: datetime, ids: Sequence[int] = (), using: str = "default"
) -> list[tuple[Any, ...]]:
    """Rows of the queryset that `statement(reader, at, ids)` would give, as the database gives them."""
    written = _written(statement, _kind_of(reader), using)
    values = [_value_of(parameter, reader, at=at, ids=ids) for parameter in written.parameters]
    try:
        return _executed(written, values, using)
    except (NotSupportedError, ProgrammingError):
        # A migration has changed a table's columns, or somebody between has dropped what was prepared.
        connection = connections[using]
        if connection.in_atomic_block or connection.connection is None:
            raise
        _prepared.pop(connection.connection, None)
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        return _executed(written, values, using)


def _executed(written: Written, values: Sequence[Any], using: str) -> list[tuple[Any, ...]]:
    connection = connections[using]
    connection.ensure_connection()
    held = _prepared.setdefault(connection.connection, set())
    if written.name not in held:
        with connection.connection.cursor() as cursor:  # beside Django's own, which counts what requests ask
            cursor.execute(f"PREPARE {written.name} AS {written.text}")
        held.add(written.name)
    with connection.cursor() as cursor:
        cursor.execute(written.call, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@lru_cache(maxsize=64)
def _written(statement: Statement, kind: str, using: str) -> Written:
    text, parameters = statement(READERS[kind], AT, IDS).query.get_compiler(using).as_sql()
    places = tuple(f"${number}" for number in range(1, len(parameters) + 1))
    name = f"archive_{statement.__module__.rpartition('.')[2]}{statement.__name__}_{kind}"
    return Written(name, text % places, tuple(parameters))


def _kind_of(reader: Reader) -> str:
    if not reader.is_active or reader.is_anonymous:
        return "public"
    return "all" if reader.is_superuser else "member"


def _value_of(parameter: Any, reader: Reader, *, at: datetime, ids: Sequence[int]) -> Any:
    if parameter == AT:
        return at
    if parameter == list(IDS):
        return list(ids)
    return reader.pk if parameter == MEMBER.pk else parameter
