"""Is all there that telemetry needs? One finding for each thing, good or bad, with what to do."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import DatabaseError, connections

from telemetry.config import Config
from telemetry.errors import UsageError
from telemetry.installing import must_be_new_enough, waiting_migrations
from telemetry.roles import SECRET_TABLES


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    is_well: bool
    about: str


def _well(about: str) -> Finding:
    return Finding(is_well=True, about=about)


def _not_well(about: str) -> Finding:
    return Finding(is_well=False, about=about)


def examine(config: Config, *, using: str = "default") -> Iterator[Finding]:
    """Look at server, tables, rights, bundle and folders. What can not be asked is a finding that ends the list."""
    settings = connections[using].settings_dict
    where = f"{settings['USER']} at {settings['HOST'] or 'the local socket'}, database {settings['NAME']}"
    try:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        yield _not_well(f"The database does not answer ({where}): {str(error).strip().splitlines()[0]}.")
        return
    yield _well(f"The database answers: {where}.")
    try:
        version = must_be_new_enough(using=using)
    except UsageError as error:
        yield _not_well(str(error))
        return
    yield _well(f"PostgreSQL {version // 10_000}.{version % 10_000}.")
    yield from _tables(using)
    yield from _places(config)


def _tables(using: str) -> Iterator[Finding]:
    if waiting := waiting_migrations(using=using):
        yield _not_well(f"Migrations were not run: {', '.join(waiting)}. Run `setup`.")
        return
    yield _well("The tables are up to date.")
    with connections[using].cursor() as cursor:
        yield _may_write(cursor)
        cursor.execute("SELECT coalesce((SELECT spcname FROM pg_tablespace WHERE oid = dattablespace), 'pg_default')"
                       " FROM pg_database WHERE datname = current_database()")  # fmt: skip
        [tablespace] = cursor.fetchone()
        cursor.execute("SELECT count(*), max(added_at) FROM telemetry.bundle")
        count, newest = cursor.fetchone()
        yield _well(f"The tablespace is {tablespace}.")
        yield (
            _well(f"The newest of {count} bundles is of {newest:%Y-%m-%d}.")
            if count
            else _not_well("No bundle: binary files wait. Run `bundle add FOLDER_OR_ZIP`.")
        )
        yield from _readers(cursor)


def _may_write(cursor: Any) -> Finding:
    cursor.execute(
        "SELECT current_user::text, has_table_privilege('telemetry.record', 'INSERT'),"
        " pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'telemetry.record'::regclass"
    )
    login, may_insert, owns = cursor.fetchone()
    if owns:
        return _well(f"{login} owns the tables: it may write, and make a month's partition.")
    if may_insert:
        return _not_well(f"{login} may write, but not make partitions: connect as the tables' owner to ingest.")
    return _well(f"{login} reads only. To ingest, connect as the tables' owner.")


_READERS = """
    SELECT rolname::text,
        EXISTS (SELECT FROM pg_class WHERE relnamespace = 'telemetry'::regnamespace AND relkind IN ('r', 'p')
            AND has_table_privilege(pg_roles.oid, pg_class.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS writes,
        (SELECT string_agg(relname, ', ') FROM pg_class WHERE relnamespace = 'telemetry'::regnamespace
            AND relname = ANY(%s) AND has_table_privilege(pg_roles.oid, pg_class.oid, 'SELECT')) AS secrets,
        has_schema_privilege(pg_roles.oid, 'public', 'CREATE') AS creates
    FROM pg_roles
    WHERE rolcanlogin AND NOT rolsuper AND has_schema_privilege(pg_roles.oid, 'telemetry', 'USAGE')
        AND NOT pg_has_role(pg_roles.oid, (SELECT nspowner FROM pg_namespace WHERE nspname = 'telemetry'), 'MEMBER')
    ORDER BY rolname"""


def _readers(cursor: Any) -> Iterator[Finding]:
    """Logins that see the schema and do not own it: none may write, nor read the agents' secrets."""
    cursor.execute(_READERS, [list(SECRET_TABLES)])
    for name, writes, secret, creates in cursor.fetchall():
        faults = [
            *(["may write"] if writes else []),
            *([f"reads {secret}"] if secret else []),
            *(["may make tables in public"] if creates else []),
        ]
        if faults:
            yield _not_well(f"The login {name} {', '.join(faults)}: run `setup --roles`, or take the right back.")
        else:
            yield _well(f"The login {name} reads telemetry, and no more.")


def _places(config: Config) -> Iterator[Finding]:
    for folder in config.data_dirs:
        is_there = Path(folder).is_dir() and os.access(folder, os.R_OK | os.X_OK)
        yield Finding(
            is_there, f"{folder} {'can be read' if is_there else 'is no folder that can be read: see data_dirs'}."
        )
    files = [database.password_file for database in config.databases.values() if database.password_file]
    for path in filter(None, [*files, config.roles.reader_password_file, config.roles.writer_password_file]):
        try:
            mode = stat.S_IMODE(Path(path).stat().st_mode)
        except OSError as error:
            yield _not_well(f"The password file {path} can not be read: {error.strerror}.")
            continue
        is_private = not mode & 0o037  # its group may read it, as PostgreSQL allows of its own keys
        yield Finding(
            is_private,
            f"The password file {path} is {'private' if is_private else f'open to others: chmod 0400 {path}'}.",
        )
