"""What can not be used is refused with what to do, before anything is written; what is broken off is taken for nothing."""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections

from archive.backup import programs
from archive.backup.making import make_backup
from archive.backup.progress import no_bars
from archive.backup.recovering import Recovery
from archive.errors import FatalError, UsageError
from archive.models import Frame
from ingest.stores.memory import MemoryStore
from tests.archive.backup.conftest import empty_database, on, things_in
from tests.archive.backup.test_round_trip import everything
from tests.processes import running, until

STORE = MemoryStore(base_url="http://testserver/", signing_key="tests")


@pytest.fixture(scope="module")
def module_backup(test_database, django_db_blocker, tmp_path_factory) -> Path:
    """A backup of the tests' database as it is. Its files stay as they are: copy what you change."""
    folder: Path = tmp_path_factory.mktemp("backups") / "one"
    with django_db_blocker.unblock():
        make_backup(folder, store=STORE)
    return folder


@pytest.fixture(scope="module")
def module_empty(test_database, django_db_blocker) -> Iterator[str]:
    """An empty database, for recoveries that must not begin."""
    with django_db_blocker.unblock(), empty_database() as name:
        yield name


@pytest.fixture
def backup(module_backup: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(module_backup, tmp_path / "backup"))


def sealed(folder: Path, **changes: Any) -> None:
    """Facts as another archive would have written them."""
    facts = json.loads((folder / "backup.json").read_text()) | changes
    del facts["sha256"]
    seal = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    (folder / "backup.json").write_text(json.dumps({**facts, "sha256": seal}))


def truncate(folder: Path) -> None:
    path = folder / "database.dump"
    path.write_bytes(path.read_bytes()[:-100])


def flip(name: str) -> Callable[[Path], None]:
    def flipped(folder: Path) -> None:
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)

    return flipped


def change_a_number(folder: Path) -> None:
    path = folder / "backup.json"
    path.write_text(path.read_text().replace('"public.archive_frame": 0', '"public.archive_frame": 1'))


def put_a_dump_that_is_none(folder: Path) -> None:
    """With checksums that fit: pg_restore itself has to refuse it."""
    (folder / "database.dump").write_bytes(b"PGDMP no dump")
    digest = {"size_bytes": 13, "sha256": hashlib.sha256(b"PGDMP no dump").hexdigest()}
    files = json.loads((folder / "backup.json").read_text())["files"]
    sealed(folder, files={**files, "database.dump": digest})


def put_a_list_that_is_none(folder: Path) -> None:
    content = gzip.compress(b'{"path": 1}\n')
    (folder / "store.ndjson.gz").write_bytes(content)
    digest = {"size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    files = json.loads((folder / "backup.json").read_text())["files"]
    sealed(folder, files={**files, "store.ndjson.gz": digest})


@pytest.mark.parametrize(
    ("damage", "error", "says"),
    [
        (truncate, FatalError, r"database.dump has \d+ bytes, not \d+"),
        (flip("database.dump"), FatalError, "database.dump is damaged"),
        (flip("store.ndjson.gz"), FatalError, "store.ndjson.gz is damaged"),
        (change_a_number, FatalError, "backup.json is damaged"),
        (lambda folder: (folder / "backup.json").write_text("{"), FatalError, "backup.json is damaged"),
        (lambda folder: (folder / "store.ndjson.gz").unlink(), FatalError, "lacks .*store.ndjson.gz"),
        (lambda folder: (folder / "backup.json").unlink(), UsageError, "no backup in"),
        (shutil.rmtree, UsageError, "no backup in"),
        (lambda folder: sealed(folder, format=2), UsageError, "has the format 2, .* bring a newer one"),
        (lambda folder: sealed(folder, server_version=990001), UsageError, "recover into PostgreSQL 99 or later"),
        (lambda folder: sealed(folder, pg_dump_version=99), UsageError, "Install postgresql-client-99"),
        (
            lambda folder: sealed(folder, migrations=[["archive", "9999_of_the_future"]]),
            UsageError,
            "later archive, with the migrations archive.9999_of_the_future",
        ),
        (put_a_dump_that_is_none, FatalError, "pg_restore ended with 1"),
        (put_a_list_that_is_none, FatalError, "can not be read"),
    ],
)
def test_a_backup_that_can_not_be_used_is_refused_and_the_database_stays_empty(
    backup, module_empty, django_db_blocker, damage, error, says
):
    damage(backup)
    with django_db_blocker.unblock():
        before = things_in(module_empty)
        with pytest.raises(error, match=says):
            Recovery(backup, STORE, using=module_empty).run()
        assert things_in(module_empty) == before


def test_a_database_that_is_not_empty_is_refused_and_stays_as_it_was(backup, django_db_blocker):
    """The tests' own: migrated, and with the rows that migrations laid."""
    with django_db_blocker.unblock():
        before = everything(), things_in("default")
        with pytest.raises(UsageError, match=r"is not empty: it has \S+ and \d+ more\. Recover into an empty one"):
            Recovery(backup, STORE).run()
        assert (everything(), things_in("default")) == before


def test_a_dry_run_writes_nothing_and_extensions_and_schemas_of_an_empty_database_do_not_hinder(
    backup, empty, django_db_blocker
):
    with connections[empty].cursor() as cursor:
        cursor.execute("CREATE EXTENSION postgis; CREATE SCHEMA telemetry; CREATE SCHEMA topology")
        cursor.execute("CREATE EXTENSION postgis_topology WITH SCHEMA topology")
    before = things_in(empty)
    Recovery(backup, STORE, using=empty).run(keeps=False)
    assert things_in(empty) == before
    Recovery(backup, STORE, using=empty).run()
    assert set(things_in(empty)) == {*things_in("default"), "topology"}


class TestFolders:
    @pytest.mark.parametrize(("name", "says"), [("notes.txt", "is not empty"), (".partial-1234", "was broken off")])
    def test_a_folder_with_something_in_it_is_refused_and_left(
        self, test_database, django_db_blocker, tmp_path, name, says
    ):
        (tmp_path / name).write_text("mine")
        with django_db_blocker.unblock(), pytest.raises(UsageError, match=says):
            make_backup(tmp_path, store=STORE)
        assert [path.name for path in tmp_path.iterdir()] == [name]

    def test_an_empty_folder_is_taken_and_closed_to_others(self, test_database, django_db_blocker, tmp_path):
        tmp_path.chmod(0o755)
        with django_db_blocker.unblock():
            make_backup(tmp_path, store=STORE)
        assert tmp_path.stat().st_mode & 0o777 == 0o700
        assert {path.name for path in tmp_path.iterdir()} == {"backup.json", "database.dump", "store.ndjson.gz"}


class TestPrograms:
    """Other programs stand in for PostgreSQL's: only their version and their end matter."""

    @pytest.fixture
    def install(self, tmp_path, monkeypatch) -> Callable[..., None]:
        monkeypatch.setattr(programs, "DEBIAN", tmp_path / "postgresql")
        monkeypatch.setenv("PATH", "/nowhere")

        def installed(version: int, *, ends: int = 0, last_word: str = "") -> None:
            folder = tmp_path / "postgresql" / str(version) / "bin"
            folder.mkdir(parents=True)
            for name in ("pg_dump", "pg_restore"):
                told = f"{name} (PostgreSQL) {version}.4 (Debian)"
                says = f'case "$1" in --version) echo "{told}";; *) echo "{last_word}" >&2; exit {ends};; esac'
                (folder / name).write_text(f"#!/bin/sh\n{says}\n")
                (folder / name).chmod(0o755)

        return installed

    def test_the_servers_own_version_is_taken_else_a_later_one(self, install):
        for version in (14, 18, 16):
            install(version)
        assert [programs.find_programs(at_least=version).version for version in (14, 15, 16, 17)] == [14, 16, 16, 18]

    def test_older_ones_are_named_with_what_to_install(self, install, tmp_path, test_database, django_db_blocker):
        install(9)
        with (
            django_db_blocker.unblock(),
            pytest.raises(UsageError, match=r"here are: 9 in .*Install postgresql-client-\d\d"),
        ):
            make_backup(tmp_path / "backup", store=STORE)
        assert not (tmp_path / "backup").exists()

    def test_a_dump_that_fails_leaves_nothing(self, install, tmp_path, test_database, django_db_blocker):
        install(99, ends=1, last_word="pg_dump: error: no room")
        with django_db_blocker.unblock(), pytest.raises(FatalError, match="ended with 1:\npg_dump: error: no room"):
            make_backup(tmp_path / "backup", store=STORE)
        assert not (tmp_path / "backup").exists()


def sessions(program: str, *, waiting: bool = False) -> int:
    with connection.cursor() as cursor:
        where = " AND wait_event_type = 'Lock'" if waiting else ""
        cursor.execute(f"SELECT count(*) FROM pg_stat_activity WHERE application_name = %s{where}", [program])
        return int(cursor.fetchone()[0])


def killed_alone(process: subprocess.Popen[bytes]) -> None:
    """kill -9 of a command, not of its children; these must end with it, though what they wait for does not come."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert children
    process.kill()
    until(lambda: not any(map(is_alive, children)), what="PostgreSQL's program gone with the command")


def is_alive(pid: str) -> bool:
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class TestKilled:
    def test_a_backup_that_is_killed_is_taken_for_none(self, filled: Frame, tmp_path, local_store):
        other = connections.create_connection("default")
        try:
            with other.cursor() as cursor:  # pg_dump waits for this table, and nothing before it does
                cursor.execute("BEGIN; LOCK TABLE ONLY telemetry.record IN ACCESS EXCLUSIVE MODE")
                with running(sys.executable, "manage.py", "backup", str(tmp_path / "backup")) as process:
                    until(lambda: sessions("pg_dump", waiting=True) == 1, what="pg_dump at its work")
                    killed_alone(process)
                cursor.execute("ROLLBACK")
        finally:
            other.close()
        until(lambda: sessions("pg_dump") == 0, what="pg_dump gone with it")
        assert [path.name[:9] for path in (tmp_path / "backup").iterdir()] == [".partial-"]
        with pytest.raises(UsageError, match=r"no backup in .*was broken off"):
            Recovery(tmp_path / "backup", local_store).verify()

    def test_a_recovery_that_is_killed_leaves_nothing_and_is_started_again(
        self, filled, back_up, local_store, empty, tmp_path
    ):
        before = everything()
        back_up()
        others = connections[empty]
        with others.cursor() as cursor:  # pg_restore waits at its table of the same name, with half of the others made
            cursor.execute("BEGIN; CREATE TABLE public.django_session ()")
            with running(sys.executable, "manage.py", "recover", str(tmp_path / "backup"), DB_NAME=empty) as process:
                until(lambda: sessions("pg_restore", waiting=True) == 1, what="pg_restore at its work")
                killed_alone(process)
            cursor.execute("ROLLBACK")
        until(lambda: sessions("pg_restore") == 0, what="pg_restore gone with it")
        assert [name for name in things_in(empty) if "." in name] == []
        Recovery(tmp_path / "backup", local_store, using=empty).run()
        with on(empty):
            assert everything() == before

    def test_a_recovery_that_is_stopped_with_its_rows_there_goes_on(
        self, filled, back_up, local_store, empty, tmp_path
    ):
        before = everything()
        back_up()

        def bars(doing, total, unit):
            if doing == "Counting":
                raise KeyboardInterrupt
            return no_bars(doing, total, unit)

        with pytest.raises(KeyboardInterrupt):
            Recovery(tmp_path / "backup", local_store, using=empty, bars=bars).run()
        assert "archive_recovery" in things_in(empty)
        with pytest.raises(UsageError, match="A recovery into this database was broken off"):
            make_backup(tmp_path / "another", store=local_store, using=empty)
        Recovery(tmp_path / "backup", local_store, using=empty).run()
        assert "archive_recovery" not in things_in(empty)
        with on(empty):
            assert everything() == before


def test_a_role_that_owns_nothing_but_the_database_recovers_into_it(backup, empty):
    """PostGIS is the administrator's there, as the role may not make it."""
    role = f"archivist_{empty[-6:]}"
    with connections[empty].cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'; ALTER DATABASE {empty} OWNER TO {role}")
        cursor.execute("CREATE EXTENSION postgis")
    connections[empty].close()
    connections[empty].settings_dict.update(USER=role, PASSWORD="secret")
    try:
        Recovery(backup, STORE, using=empty).run()
        assert set(things_in(empty)) == set(things_in("default"))
    finally:
        connections[empty].close()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {empty} WITH (FORCE)")
            cursor.execute(f"DROP ROLE {role}")
            cursor.execute(f"CREATE DATABASE {empty}")  # for who made it
