import pytest

from tests.telemetry.rows import Rows


@pytest.fixture
def rows(db) -> Rows:
    return Rows()
