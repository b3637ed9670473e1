"""What a database has beside PostgreSQL itself and its extensions."""

from typing import Any

RECOVERY = "archive_recovery"  # a schema that is there only while a recovery is under way

_OURS = """
    FROM pg_class AS thing JOIN pg_namespace AS space ON space.oid = thing.relnamespace
    WHERE space.nspname !~ '^pg_' AND space.nspname NOT IN ('information_schema', 'archive_recovery')
    AND NOT EXISTS (
        SELECT FROM pg_depend AS link
        WHERE link.classid = 'pg_class'::regclass AND link.objid = thing.oid AND link.deptype = 'e'
    )"""
_NAMES = f"SELECT space.nspname::text, thing.relname::text {_OURS}"
TABLES = f"{_NAMES} AND thing.relkind = 'r' ORDER BY 1, 2"
THINGS = f"{_NAMES} AND thing.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') ORDER BY 1, 2"
SCHEMAS = "SELECT nspname::text FROM pg_namespace"
EXTENSIONS = "SELECT extname::text FROM pg_extension"
# Tables that came with an extension and are its administrator's: the list of coordinate systems of PostGIS is one.
CLOSED = """
    SELECT space.nspname::text, thing.relname::text FROM pg_class AS thing
    JOIN pg_namespace AS space ON space.oid = thing.relnamespace
    JOIN pg_depend AS link ON link.classid = 'pg_class'::regclass AND link.objid = thing.oid AND link.deptype = 'e'
    WHERE thing.relkind = 'r' AND NOT has_table_privilege(thing.oid, 'INSERT')"""
# Sequences that give a column its values.
SEQUENCES = """
    SELECT own.nspname::text, sequence.relname::text, space.nspname::text, thing.relname::text, col.attname::text
    FROM pg_class AS sequence
    JOIN pg_namespace AS own ON own.oid = sequence.relnamespace
    JOIN pg_depend AS link ON link.classid = 'pg_class'::regclass AND link.objid = sequence.oid
        AND link.refclassid = 'pg_class'::regclass AND link.deptype IN ('a', 'i')
    JOIN pg_class AS thing ON thing.oid = link.refobjid
    JOIN pg_namespace AS space ON space.oid = thing.relnamespace
    JOIN pg_attribute AS col ON col.attrelid = thing.oid AND col.attnum = link.refobjsubid
    WHERE sequence.relkind = 'S' ORDER BY 1, 2"""


def named(*parts: str) -> str:
    """A name as a statement has it: `"telemetry"."record"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def count_of(schema: str, name: str) -> str:
    return f"SELECT count(*) FROM {named(schema, name)}"  # noqa: S608 - a name out of the catalogue, quoted


def rows_of(cursor: Any, statement: str) -> list[tuple[Any, ...]]:
    cursor.execute(statement)
    return list(cursor.fetchall())
