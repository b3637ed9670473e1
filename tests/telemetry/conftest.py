"""What tests of telemetry may ask for."""

from collections.abc import Iterator

import pytest
from django.db import connection

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
