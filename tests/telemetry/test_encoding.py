"""What tests write is what the specification says: told by its worked bytes, and by the bundle's own texts."""

import pytest

from tests.telemetry.encoding import INFO, header, message, record
from tests.telemetry.golden import TELPOS, TELPOS_NS, TELPOS_VALUES
from tests.telemetry.shapes import BUNDLE, EMPTY, EVENTS, SHAPES, WITHOUT_SCHEMA


def test_the_worked_example_of_the_specification_is_written_byte_by_byte():
    assert len(TELPOS) == 92
    assert record(20_000, TELPOS_NS, message(SHAPES["telem_telpos"], TELPOS_VALUES)) == TELPOS


def test_an_event_of_which_nothing_is_said_is_a_header():
    assert record(140, 0, priority=INFO) == bytes.fromhex("06 8c00 00000000 00000000 00")


@pytest.mark.parametrize(
    ("length", "expected"), [(0, 12), (253, 12), (254, 14), (255, 14), (65_534, 14), (65_535, 20), (65_536, 20)]
)
def test_a_header_is_as_long_as_the_messages_length_asks(length, expected):
    assert len(header(140, 0, length)) == expected


def test_the_code_table_says_what_the_encoders_believe():
    lines = (BUNDLE / "codes.txt").read_text().splitlines()
    rows = [line.partition("#")[0].split() for line in lines]
    assert {name: (int(code), schema) for name, code, schema in filter(None, rows)} == EVENTS | WITHOUT_SCHEMA


def test_each_schema_has_its_text():
    assert (
        {path.stem for path in BUNDLE.glob("*.fbs")}
        == {schema for _, schema in EVENTS.values()} - {EMPTY}
        == set(SHAPES)
    )
