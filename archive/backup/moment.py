"""One moment of a database, held open: whoever looks through it sees the same rows, whatever is written meanwhile."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connections

from archive.backup.catalogue import TABLES, count_of
from archive.backup.manifest import Entry
from archive.backup.progress import Bars

ROWS_AT_A_TIME = 5000
# A backup takes as long as it takes; and the transaction rests while pg_dump works.
UNLIMITED = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"
_OBJECTS = """
    SELECT store, path, version_id, size_bytes, md5, sha256, crc32, fault FROM archive_storedobject
    ORDER BY path COLLATE "C", stored_at DESC, id DESC"""
_LOGINS = """
    SELECT DISTINCT role.rolname::text FROM pg_class AS thing, aclexplode(thing.relacl) AS item
    JOIN pg_roles AS role ON role.oid = item.grantee WHERE item.grantee <> thing.relowner ORDER BY 1"""


@dataclass(frozen=True, slots=True)
class Moment:
    """A transaction that reads only, on a connection of its own."""

    snapshot: str  # by this name pg_dump sees the same
    at: datetime
    server_version: int  # such as 150018
    _connection: Any

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    def counts(self, bars: Bars) -> dict[str, int]:
        """Number of rows of each table, by schema and name."""
        tables = [f"{schema}.{name}" for schema, name in self.rows(TABLES)]
        counted = {}
        with bars("Counting", len(tables), "table") as seen:
            for schema, name in self.rows(TABLES):
                [(counted[f"{schema}.{name}"],)] = self.rows(count_of(schema, name))
                seen(1)
        return counted

    def migrations(self) -> list[list[str]]:
        """Application and name of each migration that was made."""
        return [list(row) for row in self.rows("SELECT app, name FROM django_migrations ORDER BY app, name")]

    def logins(self) -> list[str]:
        """Roles that were given rights on tables without owning them. Roles are the server's, not the database's."""
        return [name for (name,) in self.rows(_LOGINS)]

    def objects(self) -> Iterator[Entry]:
        """Every stored object's row, by path in the order of bytes, newest first."""
        with self._connection.cursor("objects") as cursor:
            cursor.itersize = ROWS_AT_A_TIME
            cursor.execute(_OBJECTS)
            for row in cursor:
                yield Entry(*row)


@contextmanager
def held(using: str = "default") -> Iterator[Moment]:
    """The database as it is now, until the end of the block."""
    own = connections.create_connection(using)
    with closing(own):
        own.ensure_connection()
        raw: Any = own.connection
        raw.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
        with raw.cursor() as cursor:
            cursor.execute(UNLIMITED)
            cursor.execute("SELECT pg_export_snapshot(), now(), current_setting('server_version_num')::int")
            snapshot, at, version = cursor.fetchone()
        yield Moment(snapshot, at, version, raw)
        raw.rollback()
