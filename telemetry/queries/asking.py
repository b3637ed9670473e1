"""How a question is put: a time limit that PostgreSQL keeps, and which records lie in a window."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction

from telemetry.errors import TransientError
from telemetry.queries.times import Window, columns_of

LIMIT_S = 20
QUERY_CANCELED = "57014"


@contextmanager
def limited(using: str = DEFAULT_DB_ALIAS, *, limit_s: float = LIMIT_S) -> Iterator[None]:
    """Let PostgreSQL break off each question that takes longer.

    Raises TransientError then.
    """
    try:
        with transaction.atomic(using=using):
            rows_of("SELECT set_config('statement_timeout', %s, true)", [f"{limit_s * 1000:.0f}"], using=using)
            yield
            # A savepoint does not take it back.
            rows_of("SELECT set_config('statement_timeout', '0', true)", [], using=using)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != QUERY_CANCELED:
            raise
        raise TransientError(
            f"this took longer than {limit_s:g} s: ask for a shorter time, fewer devices or fewer keys."
        ) from error


def rows_of(
    question: str, values: Sequence[Any] | dict[str, Any], *, using: str = DEFAULT_DB_ALIAS
) -> list[tuple[Any, ...]]:
    """All rows of one question."""
    with connections[using].cursor() as cursor:
        cursor.execute(question, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def within(window: Window) -> tuple[str, list[Any]]:
    """Condition on a record's time, and its values. The plain bounds on `ts` let partitions be left out."""
    conditions, values = ["true"], []
    for at_ns, plain, exact in ((window.start_ns, ">=", ">="), (window.end_ns, "<=", "<")):
        if at_ns is not None:
            ts, ns = columns_of(at_ns)
            conditions.append(f"ts {plain} %s AND (ts, ns) {exact} (%s, %s)")
            values += [ts, ts, ns]
    return " AND ".join(conditions), values
