"""What a recovery does to a database: it must be empty, gets its rows in one step, and then has them checked."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from django.db import connections, transaction
from django.db.migrations.loader import MigrationLoader

from archive.backup import programs
from archive.backup.catalogue import (
    CLOSED,
    EXTENSIONS,
    RECOVERY,
    SCHEMAS,
    SEQUENCES,
    TABLES,
    THINGS,
    count_of,
    named,
    rows_of,
)
from archive.backup.folder import Backup
from archive.backup.programs import Programs
from archive.backup.progress import Bars
from archive.errors import FatalError, TransientError, UsageError

RECOVERY_LOCK = 7_365_211  # advisory lock of PostgreSQL
RESTORES_TABLE = re.compile(r"processing data for table")
# A line of a dump's list: of what may stand in an empty database, a remark on it, or rows of a table that stands there.
STANDS_ALREADY = re.compile(r"\d+; \d+ \d+ (?:COMMENT - )?(EXTENSION|SCHEMA|TABLE DATA) (?:- )?(\S+)(?: (\S+))?")
_MOVED = ("archive_storedobject", "archive_receivedobject")  # both name a version by store, path and id, once
_MAKE = """
    CREATE SCHEMA archive_recovery;
    CREATE TABLE archive_recovery.backup (id text NOT NULL);
    CREATE TABLE archive_recovery.moved (
        store text, path text, version_id text, to_store text, to_version_id text, PRIMARY KEY (store, path, version_id)
    )"""


def refuse_other_versions(backup: Backup, *, using: str) -> None:
    """Raise UsageError for a backup of a later PostgreSQL or archive than those that are here."""
    with connections[using].cursor() as cursor:
        [(version,)] = rows_of(cursor, "SELECT current_setting('server_version_num')::int")
    made_by = backup.facts["server_version"]
    if version // 10_000 < made_by // 10_000:
        raise UsageError(
            f"The backup is of PostgreSQL {made_by // 10_000}, and this server is {version // 10_000}: recover into "
            f"PostgreSQL {made_by // 10_000} or later."
        )
    here = set(MigrationLoader(None).disk_migrations or {})
    later = sorted(f"{app}.{name}" for app, name in backup.facts["migrations"] if (app, name) not in here)
    if later:
        raise UsageError(f"The backup is of a later archive, with the migrations {', '.join(later)}: install that.")


def lacks_migrations(backup: Backup) -> bool:
    """Whether this archive is later than the backup."""
    made = {(app, name) for app, name in backup.facts["migrations"]}
    return any(key not in made for key in MigrationLoader(None).disk_migrations or {})


def is_unfinished(backup: Backup, *, using: str) -> bool:
    """Whether a recovery of this backup has brought the rows already, and was stopped before its end.

    Raises UsageError for a database that has anything else in it, TransientError while another recovery is at it.
    """
    with connections[using].cursor() as cursor:
        [(is_alone,)] = rows_of(cursor, f"SELECT pg_try_advisory_lock({RECOVERY_LOCK})")  # of the connection
        if not is_alone:
            raise TransientError("Another recovery into this database is under way.")
        there = rows_of(cursor, THINGS)
        if (RECOVERY,) in rows_of(cursor, SCHEMAS):
            begun = rows_of(cursor, "SELECT id FROM archive_recovery.backup") == [(backup.facts["id"],)]
            if begun and there:
                return True
            if not there:
                return False
    if there:
        schema, name = there[0]
        database = connections[using].settings_dict["NAME"]
        raise UsageError(
            f"The database {database} is not empty: it has {schema}.{name}"
            f"{f' and {len(there) - 1} more' if len(there) > 1 else ''}. Recover into an empty one, without `manage.py "
            f"migrate`: `createdb NAME`, then set DB_NAME=NAME; or `dropdb {database} && createdb {database}`, once "
            "you are sure that nothing in it is needed."
        )
    return False


def begin(backup: Backup, moved: TextIO, *, using: str) -> None:
    """Note what is to be done once the rows are there, so that a recovery that is stopped can go on."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {RECOVERY} CASCADE")
        cursor.execute(_MAKE)
        cursor.execute("INSERT INTO archive_recovery.backup VALUES (%s)", [backup.facts["id"]])
        cursor.copy_expert("COPY archive_recovery.moved FROM STDIN WITH (FORMAT csv)", moved)


def forget(*, using: str) -> None:
    """Leave the database as empty as it was."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {RECOVERY} CASCADE")


def bring_rows(backup: Backup, found: Programs, *, using: str, work: Path, bars: Bars) -> None:
    """All of the dump in one transaction, or nothing of it. Owners and rights are the new database's.

    Raises FatalError with what pg_restore said.
    """
    environment = programs.environment_of(using)
    listed, wanted = work / "all", work / "wanted"
    list_it = found.command("pg_restore", "--list", f"--file={listed}", str(backup.dump))
    programs.run(list_it, environment=environment)
    wanted.write_text(_wanted(listed.read_text(encoding="utf-8"), using=using), encoding="utf-8")
    words = (
        *("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password", "--verbose"),
        *(f"--dbname={connections[using].settings_dict['NAME']}", f"--use-list={wanted}", str(backup.dump)),
    )
    with bars("Recovering", len(backup.facts["tables"]), "table") as seen:
        programs.run(
            found.command("pg_restore", *words),
            environment=environment,
            line_seen=lambda line: RESTORES_TABLE.search(line) and seen(1),
        )


def _wanted(listed: str, *, using: str) -> str:
    """A dump's list without what stands in an empty database already, and is its administrator's.

    Extensions, schemas, and rows of extensions' tables in which this role may not write.
    """
    with connections[using].cursor() as cursor:
        there: set[tuple[str, ...]] = {("EXTENSION", name) for (name,) in rows_of(cursor, EXTENSIONS)}
        there |= {("SCHEMA", name) for (name,) in rows_of(cursor, SCHEMAS)}
        there |= {("TABLE DATA", schema, name) for schema, name in rows_of(cursor, CLOSED)}
    lines = []
    for line in listed.splitlines():
        match = STANDS_ALREADY.match(line)
        if match is None or not there & {(match[1], match[2]), (match[1], match[2], match[3])}:
            lines.append(line)
    return "\n".join(lines) + "\n"


def finish(counts: Mapping[str, int], *, using: str, bars: Bars) -> None:
    """Compare the number of rows of each table, move rows to where their bytes are, see to sequences.

    Raises FatalError where a table has not all of its rows.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        _compare(cursor, counts, bars)
        for table in _MOVED:
            _move(cursor, table)
        _see_to_sequences(cursor)
        cursor.execute(f"DROP SCHEMA {RECOVERY} CASCADE")
    with connections[using].cursor() as cursor, bars("Analysing", 1, "database") as seen:
        cursor.execute("ANALYZE")
        seen(1)


def _compare(cursor: Any, counts: Mapping[str, int], bars: Bars) -> None:
    names = rows_of(cursor, TABLES)
    found = {}
    with bars("Counting", len(names), "table") as seen:
        for schema, name in names:
            [(found[f"{schema}.{name}"],)] = rows_of(cursor, count_of(schema, name))
            seen(1)
    wrong = sorted(name for name in found.keys() | counts.keys() if found.get(name) != counts.get(name))
    if wrong:
        told = ", ".join(f"{name} has {found.get(name)} rows, not {counts.get(name)}" for name in wrong)
        raise FatalError(f"Rows are not those of the backup: {told}. Does the archive run already? Drop this database.")


def _move(cursor: Any, table: str) -> None:
    """By a name that no version has, because two versions of a path may have changed their ids with each other."""
    on = "FROM archive_recovery.moved WHERE held.path = moved.path"
    cursor.execute(
        f"UPDATE {table} AS held SET version_id = 'moved ' || md5(moved.store || ' ' || moved.version_id) {on}"  # noqa: S608 - constants
        " AND held.store = moved.store AND held.version_id = moved.version_id"
    )
    cursor.execute(
        f"UPDATE {table} AS held SET store = to_store, version_id = to_version_id {on}"  # noqa: S608 - constants
        " AND held.version_id = 'moved ' || md5(moved.store || ' ' || moved.version_id)"
    )


def _see_to_sequences(cursor: Any) -> None:
    """What comes in next has a number that nothing has."""
    for schema, sequence, space, table, column in rows_of(cursor, SEQUENCES):
        [(newest,)] = rows_of(cursor, f"SELECT max({named(column)}) FROM {named(space, table)}")  # noqa: S608 - names, quoted
        [(last, called)] = rows_of(cursor, f"SELECT last_value, is_called FROM {named(schema, sequence)}")  # noqa: S608 - names, quoted
        if newest is not None and newest >= last + called:
            cursor.execute("SELECT setval(%s, %s)", [named(schema, sequence), newest])
