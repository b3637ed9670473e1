"""What tests of faults borrow."""

from tests.telemetry.conftest import telemetry_night, telemetry_tables, test_database  # noqa: F401 - fixtures
