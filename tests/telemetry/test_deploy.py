"""What `deploy/telemetry` gives to an instrument's computers does what it says."""

import configparser
import os
import re
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from telemetry.config import read_config
from tests.telemetry.conftest import psycopg_terms

HERE = Path(__file__).resolve().parents[2] / "deploy" / "telemetry"


@pytest.mark.parametrize("path", sorted(HERE.glob("*.toml")), ids=lambda path: path.name)
def test_each_example_is_a_configuration(path):
    assert read_config([path]).data_dirs


@pytest.mark.parametrize("path", sorted(HERE.glob("*.service")), ids=lambda path: path.name)
def test_each_unit_starts_a_program_that_the_wheel_has(path):
    unit = configparser.RawConfigParser(strict=False, delimiters=("=",))
    unit.optionxform = str
    unit.read(path)
    assert re.match(
        r"/opt/xtelemdb/bin/(xtelemdb (inventory|ingest)|python -m telemetry\.agent) -c ", unit["Service"]["ExecStart"]
    )
    assert unit["Service"]["NoNewPrivileges"] == "yes"


@pytest.fixture
def prepare(test_database, django_db_blocker, tmp_path):
    """Runs the script on the tests' server, for names of this test."""
    name = f"prepared_{os.getpid()}"
    with django_db_blocker.unblock():
        terms = psycopg_terms(dbname="postgres")
    reach = {
        "PGHOST": terms["host"],
        "PGPORT": str(terms["port"]),
        "PGUSER": terms["user"],
        "PGPASSWORD": terms["password"],
    }

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        asked = ["--database", name, "--secrets", str(tmp_path / "secrets"), *words]
        return subprocess.run(
            [HERE / "prepare_database.sh", *asked],
            env={**os.environ, **reach},
            check=False,
            capture_output=True,
            text=True,
        )

    with closing(psycopg2.connect(**terms)) as admin, admin.cursor() as cursor:
        admin.autocommit = True
        cursor.execute("SHOW hba_file")
        hba = Path(cursor.fetchone()[0])
        before = hba.read_bytes()
        yield run, cursor, tmp_path / "secrets", hba, name
        hba.write_bytes(before)
        cursor.execute("SELECT pg_reload_conf()")
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")


def test_a_server_is_prepared_once_and_again_without_a_change(prepare):
    run, cursor, secrets, hba, name = prepare
    done = run("--lan", "192.0.2.0/24")
    assert done.returncode == 0, done.stderr
    passwords = {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()}
    assert set(passwords) == {"xsup", "xtelem"}
    assert len(set(passwords.values())) == 2
    assert min(map(len, passwords.values())) >= 32
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o400}
    assert not any(password.strip() in done.stdout + done.stderr for password in passwords.values())
    line = f"host {name} xsup,xtelem 192.0.2.0/24 scram-sha-256"
    assert hba.read_text(encoding="utf-8").splitlines()[1] == line
    cursor.execute("SELECT has_database_privilege('pg_read_all_data', %s, 'CONNECT, TEMPORARY')", [name])
    assert cursor.fetchone() == (False,)
    written = hba.read_bytes()
    again = run("--lan", "192.0.2.0/24")
    assert (again.returncode, len(again.stdout.splitlines())) == (0, len(done.stdout.splitlines()) - 4)
    assert hba.read_bytes() == written
    assert {path.name: path.read_text(encoding="utf-8") for path in secrets.iterdir()} == passwords


@pytest.mark.parametrize(
    "words", [["--lan", "everywhere"], ["--writer", "a b; DROP"], ["--reader"], ["--nonsense", "x"]]
)
def test_what_is_no_name_or_network_is_refused_before_anything_is_made(prepare, words):
    run, cursor, secrets, _hba, name = prepare
    assert run(*words).returncode == 2
    cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [name])
    assert cursor.fetchone() == (0,)
    assert not secrets.exists()
