"""The schema made, brought up to date, and taken away. What Django's migrations make, they make here too."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor
from psycopg2 import sql

from telemetry import views
from telemetry.config import Roles
from telemetry.errors import ConflictError, UsageError
from telemetry.roles import grant, make_roles, settle

OLDEST_SERVER = 140_000  # PostgreSQL 14
_LOCK = 0x7E1E_5E70  # one setup at a time


def set_up(*, using: str = "default", roles: Roles | None = None) -> list[str]:
    """Make what is missing; a sentence for each thing that was. Empty if nothing was.

    With `roles` the logins are made too, and the tables belong to the writer if one is named.

    Raises UsageError for a server that is too old.
    """
    with _alone(using):
        must_be_new_enough(using=using)
        did = [f"login {name} made" for name in make_roles(roles, using=using)] if roles else []
        with _acting_as(roles.writer if roles else "", using):
            did += [f"migration {name} run" for name in _migrate(using)]
            did += views.told(views.make_views(using=using))
            if roles:
                grant(roles, using=using)
        if roles:
            settle(roles, using=using)
    return did


def must_be_new_enough(*, using: str) -> int:
    """The server's version as a number, 150008 for 15.8. Raises UsageError for one that is too old."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        version = int(cursor.fetchone()[0])
    if version < OLDEST_SERVER:
        raise UsageError(f"PostgreSQL {version // 10_000} is too old: telemetry needs 14 or newer.")
    return version


def waiting_migrations(*, using: str) -> list[str]:
    """Names of migrations of telemetry that were not run."""
    executor = MigrationExecutor(connections[using])
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "telemetry"]
    return [migration.name for migration, _backwards in executor.migration_plan(targets)]


def _migrate(using: str) -> list[str]:
    waiting = waiting_migrations(using=using)
    if waiting:
        call_command("migrate", "telemetry", database=using, verbosity=0, interactive=False)
    return waiting


@contextmanager
def _alone(using: str) -> Iterator[None]:
    """No other setup or reset meanwhile, and no limit of time: building an index may take long."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)")
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            yield
        finally:
            if not connections[using].needs_rollback:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


@contextmanager
def _acting_as(writer: str, using: str) -> Iterator[None]:
    """As the writer, so that what is made is his. Raises ConflictError where it is another's already."""
    if not writer:
        yield
        return
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'telemetry'")
        owner = cursor.fetchone()
        if owner and owner[0].strip('"') != writer:
            raise ConflictError(f"The tables belong to {owner[0]}: name it as roles.writer, or leave roles.writer out.")
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(writer)))
        try:
            yield
        finally:
            if not connections[using].needs_rollback:
                cursor.execute("RESET ROLE")


def forget_records(*, using: str = "default") -> None:
    """Level 1: no record is left and no file is read. Inventory, copies' rows, tokens, bundles and channels stay."""
    with _alone(using), transaction.atomic(using), connections[using].cursor() as cursor:
        cursor.execute("TRUNCATE telemetry.record, telemetry.replaced_record, telemetry.damage")
        cursor.execute(
            "UPDATE telemetry.file SET recording_id = NULL, ingested_size_bytes = NULL, ingested_modified_ns = NULL"
            " WHERE recording_id IS NOT NULL OR ingested_size_bytes IS NOT NULL"
        )
        cursor.execute("DELETE FROM telemetry.recording")


def drop_schema(*, using: str = "default") -> None:
    """Levels 2 and 3: the schema goes, and what Django noted of its migrations.

    Raises ConflictError if something outside the schema is built on it: nothing outside is ever taken away.
    """
    with _alone(using), transaction.atomic(using), connections[using].cursor() as cursor:
        cursor.execute(_OUTSIDE)
        outside = [name for (name,) in cursor.fetchall()]
        if outside:
            raise ConflictError(f"{', '.join(outside)} are built on telemetry's tables: drop them first, then reset.")
        cursor.execute("DROP SCHEMA IF EXISTS telemetry CASCADE")
        if "django_migrations" in connections[using].introspection.table_names(cursor):
            cursor.execute("DELETE FROM django_migrations WHERE app = 'telemetry'")


# Views, and keys of tables, in other schemas that depend on a relation of ours.
_OUTSIDE = """
    SELECT DISTINCT dependent.oid::regclass::text
    FROM pg_depend
    JOIN pg_class ours ON ours.oid = refobjid AND ours.relnamespace = to_regnamespace('telemetry')
    LEFT JOIN pg_rewrite rule ON pg_depend.classid = 'pg_rewrite'::regclass AND rule.oid = objid
    LEFT JOIN pg_constraint key ON pg_depend.classid = 'pg_constraint'::regclass AND key.oid = objid
    JOIN pg_class dependent ON dependent.oid = coalesce(rule.ev_class, key.conrelid)
    WHERE refclassid = 'pg_class'::regclass AND dependent.relnamespace <> ours.relnamespace"""
