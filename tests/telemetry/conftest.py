"""What tests of telemetry may ask for."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import connection, connections
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.test.utils import setup_databases, teardown_databases

from tests.telemetry.night import Expected, Night, make_night

_TABLES = """
    SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables
    WHERE schemaname = 'telemetry' AND tablename NOT LIKE 'record\\_%'"""


@pytest.fixture(scope="session")
def test_database(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The tests' database, also where no test of this run is marked with `django_db`, by which alone pytest-django makes it."""
    made = None
    with django_db_blocker.unblock():
        if not connection.settings_dict["NAME"].startswith(TEST_DATABASE_PREFIX):
            made = setup_databases(verbosity=0, interactive=False, aliases={"default": None})
    yield
    if made:
        with django_db_blocker.unblock():
            teardown_databases(made, verbosity=0)


@pytest.fixture
def telemetry_tables(test_database, django_db_blocker) -> Iterator[None]:
    """The tables of telemetry for a test that commits; emptied afterwards, for no flush knows unmanaged tables.

    Other tables stay as they are: a test that writes to them too asks for `transactional_db` besides.
    """
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block, "`db` and `telemetry_tables` exclude each other"
        yield
        empty_tables()


def empty_tables() -> None:
    """Nothing is left of what was committed to the tables of telemetry."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        cursor.execute(f"TRUNCATE {cursor.fetchone()[0]} RESTART IDENTITY CASCADE")  # with record, all its months


@pytest.fixture
def plain(test_database, django_db_blocker) -> Iterator[str]:
    """An empty database without PostGIS on the same server; its name, which is Django's alias for it too."""
    name = f"telemetry_{secrets.token_hex(6)}"
    own = {**connection.settings_dict, "ENGINE": "django.db.backends.postgresql", "NAME": name}
    with django_db_blocker.unblock(), closing(psycopg2.connect(**psycopg_terms(dbname="postgres"))) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        connections.settings[name] = own
        yield name
        connections[name].close()
        del connections[name], connections.settings[name]
        with admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def psycopg_terms(**other: str) -> dict[str, Any]:
    """How the tests' server is reached, for psycopg2."""
    known = connection.settings_dict
    terms = {"host": known["HOST"], "port": known["PORT"], "user": known["USER"], "password": known["PASSWORD"]}
    return {**terms, "dbname": known["NAME"], **other}


@dataclass(frozen=True, slots=True)
class MadeNight:
    """A synthetic night: `<root>/<host>/opt/MagAOX/…`, and what must be found in it."""

    root: Path
    expected: Expected


@pytest.fixture(scope="session")
def telemetry_night(tmp_path_factory) -> MadeNight:
    """Twelve minutes of 40 devices, some ten thousand records, over the end of a month. Its files stay as they are: copy what you change."""
    root = tmp_path_factory.mktemp("telemetry_night")
    return MadeNight(root, make_night(Night(hours=0.2, devices=40, roll_over_bytes=262_144), root))
