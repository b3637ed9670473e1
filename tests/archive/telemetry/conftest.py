import pytest

from tests.telemetry.conftest import telemetry_tables, test_database  # noqa: F401 - fixtures
from tests.telemetry.rows import Rows


@pytest.fixture
def rows(db) -> Rows:
    return Rows()
