"""What tests of telemetry may ask for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection

from tests.telemetry.night import Expected, Night, make_night

_TABLES = """
    SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables
    WHERE schemaname = 'telemetry' AND tablename NOT LIKE 'record\\_%'"""


@pytest.fixture
def telemetry_tables(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The tables of telemetry for a test that commits; emptied afterwards, for no flush knows unmanaged tables.

    Other tables stay as they are: a test that writes to them too asks for `transactional_db` besides.
    """
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block, "`db` and `telemetry_tables` exclude each other"
        yield
        with connection.cursor() as cursor:
            cursor.execute(_TABLES)
            cursor.execute(f"TRUNCATE {cursor.fetchone()[0]} RESTART IDENTITY CASCADE")  # with record, all its months


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
