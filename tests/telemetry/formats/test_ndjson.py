"""Lines of Python devices; and no bytes that stop the reader or lead it astray."""

import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.formats.ndjson import read_ndjson
from tests.telemetry.damage import T0, S, line
from tests.telemetry.formats.reading import messages, read

LINES = b"".join(map(line, range(4)))


def test_a_line_is_read_exactly():
    text = b'{"ts": "2024-04-15T22:30:50.997960000", "prio": "TELM", "ec": "telem_indi_set", "msg": {"name": "fps", "value": 1.50}}\n'
    [found] = read(text, kind="ndjson").records
    assert (found.offset, found.ns, found.priority, found.event) == (0, 1_713_220_250_997_960_000, 64, "telem_indi_set")
    assert (found.nonfinite, found.raw, found.device) == (None, None, None)
    assert orjson.loads(found.msg) == {"name": "fps", "value": 1.5}


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2024-04-15T22:30:00.000000001", T0 + 1),
        ("2024-04-15T22:30:00.000001000", T0 + 1000),
        ("2024-04-15T22:30:00.5", T0 + S // 2),
        ("2024-04-15T22:30:00", T0),
        ("2024-04-15T22:30:00000", T0),
        ("2024-04-15T22:30:00Z", T0),
        ("2024-04-15T22:30:00.25+00:00", T0 + S // 4),
        ("2024-04-15T19:30:00.25-03:00", T0 + S // 4),
        ("2024-04-15 22:30:00.25", T0 + S // 4),
        ("1969-12-31T23:59:59.999999999", -1),
        ("2106-02-07T06:28:16.000000000", 2**32 * S),
    ],
)
def test_times_are_read_to_the_nanosecond_however_they_are_written(text, ns):
    [found] = read(line(0, ts=text), kind="ndjson").records
    assert found.ns == ns


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024-04-15",
        "2024-13-15T22:30:00",
        "2024-04-15T25:30:00",
        "2024-04-15T22:30:61",
        12,
        None,
        "9999-12-31T00:00:00",
    ],
)
def test_what_is_no_time_is_damage(text):
    batch = read(line(0, ts=text) + line(1), kind="ndjson")
    assert (len(batch.records), len(batch.damages)) == (1, 1)


@pytest.mark.parametrize(
    ("prio", "number"), [("TELM", 64), ("ERR ", 3), ("ERR", 3), ("DBG2", 8), ("EMER", 0), ("odd", 127), (None, 127)]
)
def test_priorities_have_the_numbers_of_binary_records(prio, number):
    assert [each.priority for each in read(line(0, prio=prio), kind="ndjson").records] == [number]


@pytest.mark.parametrize(
    "msg", [None, True, 5, -0.0, "", [], {}, [1, "a", None], {"a": {"b": [1.5]}}, 'a " \\ / \t é 雪 \U0001f52d']
)
def test_a_message_may_be_any_json(msg):
    assert messages(read(line(0, msg=msg), kind="ndjson")) == [msg]


def test_a_device_in_a_line_is_believed():
    found = read(line(0, device="other") + line(1, device="") + line(2), kind="ndjson").records
    assert [each.device for each in found] == ["other", None, None]


def test_offsets_go_on_from_where_the_bytes_begin():
    batch = read_ndjson(line(0) + b"no\n" + line(1) + line(2)[:-8], offset=10**10)
    first = len(line(0))
    assert [each.offset - 10**10 for each in batch.records] == [0, first + 3]
    assert [(each.offset - 10**10, each.length) for each in batch.damages] == [(first, 3)]
    assert batch.consumed - 10**10 == first + 3 + len(line(1))


def holds(data: bytes) -> None:
    """What is true of whatever is read of any bytes."""
    batch = read_ndjson(data, offset=5)
    assert 5 <= batch.consumed <= 5 + len(data)
    assert bool(batch.incomplete) == (batch.consumed < 5 + len(data))
    places = [each.offset for each in batch.records] + [each.offset for each in batch.damages]
    assert len(set(places)) == len(places)
    assert all(5 <= place < batch.consumed for place in places)
    for each in batch.records:
        assert each.msg
        json.loads(each.msg, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
        assert "\0" not in each.event
        assert -(2**63) <= each.ns < 2**63


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(LINES) - 1), st.integers(1, 255)), min_size=1, max_size=4))
def test_no_flipped_byte_stops_the_reader(flips):
    data = bytearray(LINES)
    for place, flip in flips:
        data[place] ^= flip
    holds(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_stop_the_reader(data):
    holds(data)
    holds(b'{"ts": "2024-04-15T22:30:00.5", "prio": "TELM", "ec": "e", "msg": ' + data + b"}\n")
    holds(LINES[:50] + data + LINES[40:])


NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False))
JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), NUMBERS, st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
    ),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5), below, max_size=3
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(JSON, st.booleans())
def test_any_message_comes_out_as_it_was_written(msg, ascii_only):
    said = {"ts": "2024-04-15T22:30:00.000000001", "prio": "TELM", "ec": "e", "msg": msg}
    batch = read(json.dumps(said, ensure_ascii=ascii_only).encode() + b"\n", kind="ndjson")
    assert [json.loads(each.msg) for each in batch.records] == [msg]


def test_a_fraction_with_a_zone_is_as_long_as_nine_decimals_and_is_read_as_what_it_is():
    [record] = read(line(0, ts="2024-04-15T22:30:00.0000-1000"), kind="ndjson").records
    assert record.ns == 1_713_256_200 * 10**9  # 08:30 UTC of the next day


def test_a_time_of_the_same_second_with_a_zone_is_no_fraction():
    """Of two lines of one second, the second is read with what is known of the first."""
    zoned = "2024-04-15T22:30:00-123456789"
    batch = read(line(0, ts="2024-04-15T22:30:00.000000001") + line(0, ts=zoned), kind="ndjson")
    assert ([each.ns for each in batch.records], len(batch.damages)) == ([T0 + 1], 1)


def test_a_number_too_great_for_a_double_is_kept_as_bytes():
    great = line(0).replace(b'{"count": 0}', b'{"count": 1e400}')
    [found] = read(great, kind="ndjson").records
    assert (found.msg, found.nonfinite, found.raw) == (b'{"count": null}', b'{"count":"inf"}', great[:-1])
