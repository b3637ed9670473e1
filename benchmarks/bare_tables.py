"""Tables without what makes rows slow to write. What is taken away is read from the database, and made again after."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from tqdm import tqdm

MEMORY = "SET maintenance_work_mem = '1GB'"
CONNECTIONS = 2  # that make indexes at the same time
AFTER_TRIGGERS = """
    SELECT tgrelid::regclass::text, quote_ident(tgname) FROM pg_trigger
    WHERE tgrelid = ANY(%s::regclass[]) AND NOT tgisinternal AND tgenabled = 'O' AND tgtype & 66 = 0
"""
FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND (conrelid = ANY(%(tables)s::regclass[]) OR confrelid = ANY(%(tables)s::regclass[]))
"""
KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype IN ('p', 'u') AND conrelid = ANY(%s::regclass[])
"""
INDEXES = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE indrelid = ANY(%s::regclass[])
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
    ORDER BY indexrelid
"""
# What takes longest is begun first: then the two connections end at about the same time.
SLOW = ("USING gin", "USING gist")


@dataclass(frozen=True, slots=True)
class _Taken:
    """Statements that make again what was dropped, and those that dropped it."""

    drop: list[str]
    indexes: list[str]
    foreign_keys: list[str]
    checks: list[str]
    enable: list[str]


@contextmanager
def bare(tables: Sequence[str]) -> Iterator[None]:
    """Drop keys, indexes and foreign keys of these tables and silence their AFTER triggers; all comes back after."""
    taken = _taken(list(tables))
    _run_each(taken.drop)
    try:
        yield
    finally:
        _run_all(sorted(taken.indexes, key=lambda statement: not any(slow in statement for slow in SLOW)), "indexes")
        # Adding a foreign key locks both its tables: one after the other, or two that cross would wait for each other.
        # Checking its rows takes the time, and locks one table only.
        _run_each(taken.foreign_keys)
        _run_all(taken.checks, "foreign keys")
        _run_each(taken.enable)


def _taken(tables: list[str]) -> _Taken:
    with connection.cursor() as cursor:
        cursor.execute(AFTER_TRIGGERS, [tables])
        triggers = cursor.fetchall()
        cursor.execute(FOREIGN_KEYS, {"tables": tables})
        foreign_keys = cursor.fetchall()
        cursor.execute(KEYS, [tables])
        keys = cursor.fetchall()
        cursor.execute(INDEXES, [tables])
        indexes = cursor.fetchall()
    constraints = [*foreign_keys, *keys]
    return _Taken(
        drop=[
            *(f"ALTER TABLE {table} DISABLE TRIGGER {name}" for table, name in triggers),
            *(f"ALTER TABLE {table} DROP CONSTRAINT {name}" for table, name, _ in constraints),
            *(f"DROP INDEX {name}" for name, _ in indexes),
        ],
        indexes=[
            *(definition for _, definition in indexes),
            *(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in keys),
        ],
        foreign_keys=[
            f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID"
            for table, name, definition in foreign_keys
        ],
        checks=[f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}" for table, name, _ in foreign_keys],
        enable=[f"ALTER TABLE {table} ENABLE TRIGGER {name}" for table, name in triggers],
    )


def _run_each(statements: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _run_all(statements: Sequence[str], what: str) -> None:
    """Run statements that do not depend on each other."""
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(tqdm(pool.map(_run, statements), total=len(statements), desc=what, disable=None, leave=False))


def _run(statement: str) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(MEMORY)
            cursor.execute(statement)
    finally:
        connection.close()  # each thread has its own
