"""A1 and A13: setup twice, logins that may read and no more, resets that touch nothing else; on PostgreSQL without PostGIS."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import connections
from psycopg2 import errors

from telemetry.checking import examine
from telemetry.config import Config, Roles
from telemetry.errors import ConflictError, UsageError
from telemetry.installing import drop_schema, forget_records, set_up
from telemetry.roles import drop_roles
from tests.telemetry.conftest import psycopg_terms


def ask(using: str, question: str, *values: Any) -> list[tuple[Any, ...]]:
    with connections[using].cursor() as cursor:
        cursor.execute(question, values or None)
        return cursor.fetchall() if cursor.description else []


def everything(using: str) -> list[tuple[Any, ...]]:
    """Each relation, function and right of the database, with the transaction that wrote it."""
    return ask(
        using,
        "SELECT 'r', oid::regclass::text, xmin::text FROM pg_class WHERE relnamespace::regnamespace::text !~ '^pg_|^info'"
        " UNION ALL SELECT 'f', oid::regprocedure::text, xmin::text FROM pg_proc WHERE pronamespace::regnamespace::text = 'telemetry'"
        " UNION ALL SELECT 'm', app || name, xmin::text FROM django_migrations ORDER BY 1, 2",
    )


@pytest.fixture
def roles(tmp_path: Path, plain: str) -> Iterator[Roles]:
    """A reader and a writer with names and passwords of this test; taken away at its end."""
    made: dict[str, str] = {}
    for kind in ("reader", "writer"):
        path = tmp_path / kind
        path.write_text(secrets.token_urlsafe(16) + "\n", encoding="utf-8")
        path.chmod(0o400)
        made |= {kind: f"{kind}_{secrets.token_hex(4)}", f"{kind}_password_file": str(path)}
    yield Roles(**made)
    drop_schema(using=plain)
    ask(plain, "DROP TABLE IF EXISTS django_migrations, public.secret")
    drop_roles(Roles(**made), using=plain)


def login(roles: Roles, kind: str, database: str):
    password = Path(getattr(roles, f"{kind}_password_file")).read_text(encoding="utf-8").strip()
    made = psycopg2.connect(**psycopg_terms(dbname=database, user=getattr(roles, kind), password=password))
    made.autocommit = True
    return closing(made)


def refused(connection, statement: str) -> bool:
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
        except (errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction):
            return True
    return False


def test_a_second_setup_changes_nothing(plain):
    assert set_up(using=plain)
    before = everything(plain)
    assert set_up(using=plain) == []
    assert everything(plain) == before
    assert ask(plain, "SELECT extname FROM pg_extension") == [("plpgsql",)]


def test_the_reader_reads_telemetry_and_nothing_else(plain, roles):
    did = set_up(using=plain, roles=roles)
    assert {f"login {roles.reader} made", f"login {roles.writer} made"} <= set(did)
    ask(plain, "CREATE TABLE public.secret AS SELECT 1 AS one")
    with login(roles, "writer", plain) as writer, writer.cursor() as cursor:
        cursor.execute("INSERT INTO telemetry.channel (device, event) VALUES ('tcs', 'telem_telpos')")
        cursor.execute("SELECT telemetry.ensure_month('2026-11-28')")
        cursor.execute(
            "INSERT INTO telemetry.record (ts, channel_id, ns, priority, recording_id, seq) VALUES (now(), 1, 0, 64, 1, 0)"
        )
        cursor.execute("CREATE TABLE telemetry.comes_later AS SELECT 1 AS one")
    with login(roles, "reader", plain) as reader:
        with reader.cursor() as cursor:
            cursor.execute("SELECT device, ec, prio FROM telem")  # its search_path is the schema
            assert cursor.fetchall() == [("tcs", "telem_telpos", "TELM")]
            for name in (
                "observations",
                "file_origins",
                "file_replicas",
                "file_ingest_times",
                "recording",
                "comes_later",
            ):
                cursor.execute(f"SELECT count(*) FROM {name}")
            cursor.execute("SET default_transaction_read_only = off")  # that is a courtesy; the rights are the wall
        for statement in (
            "INSERT INTO telemetry.channel (device, event) VALUES ('a', 'b')",
            "UPDATE telemetry.channel SET device = 'a'",
            "DELETE FROM telemetry.record",
            "TRUNCATE telemetry.record",
            "CREATE TABLE telemetry.mine (one int)",
            "CREATE TABLE public.mine (one int)",
            "CREATE SCHEMA mine",
            "DROP VIEW telemetry.telem",
            "SELECT telemetry.ensure_month('2030-01-01')",
            "SELECT * FROM telemetry.agent_token",
            "SELECT * FROM public.secret",
            "SELECT * FROM public.django_migrations",
            "SELECT rolpassword FROM pg_authid",
            f"SET ROLE {roles.writer}",
        ):
            assert refused(reader, statement), statement


def test_a_second_setup_with_logins_changes_no_table_and_keeps_the_secret(plain, roles):
    set_up(using=plain, roles=roles)
    before = everything(plain)
    assert set_up(using=plain, roles=roles) == []
    names = [(kind, name) for kind, name, _ in before]
    assert [(kind, name) for kind, name, _ in everything(plain)] == names
    with login(roles, "reader", plain) as reader:
        assert refused(reader, "SELECT * FROM telemetry.agent_token")
    findings = list(examine(Config("aoc", data_dirs=(), roles=roles), using=plain))
    assert f"The login {roles.reader} reads telemetry, and no more." in [finding.about for finding in findings]


def test_passwords_that_are_the_same_or_missing_are_refused_and_nothing_is_made(plain, roles, tmp_path):
    same = replace(roles, writer_password_file=roles.reader_password_file)
    with pytest.raises(UsageError, match="different passwords"):
        set_up(using=plain, roles=same)
    with pytest.raises(UsageError, match="missing"):
        set_up(using=plain, roles=Roles(reader=roles.reader))
    assert ask(plain, "SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)", [roles.reader, roles.writer]) == [(0,)]
    assert ask(plain, "SELECT to_regnamespace('telemetry') IS NULL") == [(True,)]


def test_check_says_what_is_missing_and_what_is_open(plain, roles, tmp_path):
    Path(roles.reader_password_file).chmod(0o644)
    config = Config("aoc", data_dirs=(str(tmp_path), str(tmp_path / "none")), roles=roles)
    told = [finding.about for finding in examine(config, using=plain) if not finding.is_well]
    assert [each.split(":")[0] for each in told] == [
        "Migrations were not run",
        f"{tmp_path}/none is no folder that can be read",
        f"The password file {roles.reader_password_file} is open to others",
    ]
    set_up(using=plain, roles=roles)
    ask(plain, f"GRANT INSERT ON telemetry.record TO {roles.reader}")
    told = [finding.about for finding in examine(Config("aoc", data_dirs=()), using=plain) if not finding.is_well]
    assert told[0].startswith("No bundle")
    assert told[1].startswith(f"The login {roles.reader} may write")


FILLED = """
    INSERT INTO telemetry.channel (device, event) VALUES ('tcs', 'telpos');
    INSERT INTO telemetry.recording (host, path, device, kind) VALUES ('aoc', '/a.bintel', 'tcs', 'bintel');
    INSERT INTO telemetry.record (ts, channel_id, ns, priority, recording_id, seq) VALUES ('2020-01-01', 1, 0, 64, 1, 0);
    INSERT INTO telemetry.damage VALUES (1, 5, 1, 'torn');
    INSERT INTO telemetry.file (host, path, kind, created_ns, modified_ns, size_bytes, recording_id, ingested_size_bytes)
        VALUES ('aoc', '/a.bintel', 'bintel', 1, 1, 1, 1, 1);
    INSERT INTO telemetry.location (name, prefix, is_local) VALUES ('backup', '/b', true);
    INSERT INTO telemetry.replica (location_id, file_id, path, origin_modified_ns, origin_size_bytes, sha256)
        VALUES (1, 1, '/b/aoc/a.bintel', 1, 1, '');
    INSERT INTO telemetry.agent_token (host, token_sha256) VALUES ('aoc', 'x')"""
TABLES = ("record", "replaced_record", "damage", "channel", "recording", "file", "replica", "location", "agent_token")


def counts(using: str) -> dict[str, int]:
    return {table: ask(using, f"SELECT count(*) FROM telemetry.{table}")[0][0] for table in TABLES}


def test_level_1_forgets_records_and_lets_files_be_read_again(plain):
    set_up(using=plain)
    ask(plain, FILLED)
    forget_records(using=plain)
    assert counts(plain) == {
        "record": 0, "replaced_record": 0, "damage": 0, "recording": 0, "channel": 1,
        "file": 1, "replica": 1, "location": 1, "agent_token": 1,
    }  # fmt: skip
    assert ask(plain, "SELECT recording_id, ingested_size_bytes FROM telemetry.file") == [(None, None)]


def test_dropping_the_schema_touches_nothing_outside_it(plain):
    set_up(using=plain)
    ask(plain, FILLED)
    ask(
        plain,
        "CREATE TABLE public.frames AS SELECT 1 AS one; INSERT INTO django_migrations (app, name, applied) VALUES ('archive', '0001', now())",
    )
    ask(plain, "CREATE VIEW public.mine AS SELECT device FROM telemetry.telem")
    with pytest.raises(ConflictError, match="mine"):
        drop_schema(using=plain)
    assert counts(plain)["record"] == 1
    ask(plain, "DROP VIEW public.mine")
    drop_schema(using=plain)
    assert ask(plain, "SELECT app FROM django_migrations") == [("archive",)]
    assert ask(plain, "SELECT one FROM public.frames") == [(1,)]
    assert set_up(using=plain)
    assert set(counts(plain).values()) == {0}


def test_two_setups_at_once_make_all_of_it_once(plain):
    def set_up_and_close(_number: int) -> list[str]:
        try:
            return set_up(using=plain)
        finally:
            connections.close_all()  # of this thread

    with ThreadPoolExecutor(2) as pool:
        did = list(pool.map(set_up_and_close, range(2)))
    assert sorted(map(bool, did)) == [False, True]


def test_in_the_archives_database_the_reader_sees_no_table_of_the_archive(telemetry_tables, tmp_path):
    (tmp_path / "password").write_text(secrets.token_urlsafe(16), encoding="utf-8")
    roles = Roles(reader=f"reader_{secrets.token_hex(4)}", reader_password_file=str(tmp_path / "password"))
    try:
        set_up(roles=roles)
        seen = ask(
            "default",
            "SELECT relnamespace::regnamespace::text, relname::text FROM pg_class"
            " WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')"
            " AND has_table_privilege(%s, oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')",
            roles.reader,
        )
        of_postgis = {"spatial_ref_sys", "geometry_columns", "geography_columns"}  # which PostGIS opens to everyone
        assert {name for schema, name in seen if schema != "telemetry"} <= of_postgis
        assert ("telemetry", "record") in seen
        assert ("telemetry", "agent_token") not in seen
    finally:
        drop_roles(roles)
