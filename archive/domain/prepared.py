"""Statements that the ORM writes once per kind of reader, and that run often with other values.

To write one takes Django as long as PostgreSQL needs to answer it. The values that change are marked in the statement
by ones that no row has.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import connections
from django.db.models import QuerySet

from archive.models import Reader

Statement = Callable[[Reader, datetime, Sequence[int]], QuerySet[Any, Any]]

AT = datetime(1, 1, 1, microsecond=1, tzinfo=UTC)
IDS = (-(2**62),)
MEMBER = User(pk=-(2**30))  # one who may hold proposals
READERS: dict[str, Reader] = {"public": AnonymousUser(), "member": MEMBER, "all": User(is_superuser=True)}


def run(
    statement: Statement, reader: Reader, *, at: datetime, ids: Sequence[int] = (), using: str = "default"
) -> list[tuple[Any, ...]]:
    """Rows of the queryset that `statement(reader, at, ids)` would give, as the database gives them."""
    text, parameters = _written(statement, _kind_of(reader), using)
    values = [_value_of(parameter, reader, at=at, ids=ids) for parameter in parameters]
    with connections[using].cursor() as cursor:
        cursor.execute(text, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@lru_cache(maxsize=64)
def _written(statement: Statement, kind: str, using: str) -> tuple[str, tuple[Any, ...]]:
    text, parameters = statement(READERS[kind], AT, IDS).query.get_compiler(using).as_sql()
    return text, tuple(parameters)


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
