"""Records and their headers, byte by byte; and no bytes that stop the reader or lead it astray."""

import struct
from itertools import pairwise

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry.formats.flatlogs import read_flatlogs
from telemetry.formats.records import Damage, Record
from tests.telemetry.damage import T0, usual
from tests.telemetry.encoding import INFO, event_record, message, record
from tests.telemetry.formats.reading import OURS, messages, read
from tests.telemetry.golden import TELPOS, TELPOS_NS, TELPOS_VALUES
from tests.telemetry.shapes import EVENTS, SHAPES

EACH_EVENT = b"".join(event_record(event, T0 + number) for number, event in enumerate(EVENTS))
FULL = b"".join(
    [
        event_record(
            "camera_setup", T0, {"mode": "a", "roi": {"xcen": 1.5}, "cooling": {"says": "LOCKED"}, "shutter": {}}
        ),
        event_record("zone_alarms", T0 + 1, {"zones": [{"name": "n", "limits": [1.0, 2.0]}, {}]}),
        event_record("drive_temps", T0 + 2, {"driveName": ["sda", "sdb"], "driveTemp": [30.5, 31.5]}),
        event_record("speckle_pattern", T0 + 3, {"crosses": [True, False], "separations": [10.0]}),
        event_record("process_begun", T0 + 4),
        event_record("telem_telpos", T0 + 5, TELPOS_VALUES),
    ]
)


def test_the_worked_example_of_the_specification_is_read_exactly():
    batch = read(TELPOS)
    assert (len(batch.records), batch.damages, batch.consumed, batch.incomplete) == (1, [], 92, "")
    found = batch.records[0]
    assert (found.offset, found.ns, found.priority, found.event) == (0, TELPOS_NS, 64, "telem_telpos")
    assert (found.nonfinite, found.raw, found.device) == (None, None, None)
    assert orjson.loads(found.msg) == TELPOS_VALUES


def test_a_header_alone_is_an_event_of_which_nothing_more_is_said():
    assert read(bytes.fromhex("06 8c00 00000000 00000000 00")).records == [Record(0, 0, 6, "process_begun", b"{}")]


@pytest.mark.parametrize("length", [0, 253, 254, 255, 65_534, 65_535, 65_536])
def test_messages_as_long_as_headers_change_at_are_read_whole(length):
    text = bytes(length)
    batch = read(record(65_000, T0, text) + usual(1))
    assert [(each.event, each.raw) for each in batch.records] == [("code_65000", text), ("preset_choice", None)]
    said = message(SHAPES["string_log"], {"message": "x" * length})
    assert messages(read(record(10, T0, said, priority=INFO))) == [{"message": "x" * length}]


@pytest.mark.parametrize(("length", "header"), [(3, "fe0300"), (3, "ff0300000000000000"), (300, "ff2c01000000000000")])
def test_lengths_may_be_written_longer_than_they_need(length, header):
    data = struct.pack("<bHII", 64, 65_000, T0 // 10**9, 5) + bytes.fromhex(header) + bytes(length)
    batch = read(data)
    assert [(each.ns, each.raw) for each in batch.records] == [(T0 + 5, bytes(length))]
    assert batch.consumed == len(data)


def test_offsets_go_on_from_where_the_bytes_begin():
    batch = read_flatlogs(usual(0) + b"\xff" * 30 + usual(1) + usual(2)[:20], offset=5_000_000_000, bundle=OURS)
    first = len(usual(0))
    assert [each.offset - 5_000_000_000 for each in batch.records] == [0, first + 30]
    assert [(each.offset - 5_000_000_000, each.length) for each in batch.damages] == [(first, 30)]
    assert batch.consumed - 5_000_000_000 == first + 30 + len(usual(1))


def test_an_event_of_each_type_with_nothing_in_it_has_its_defaults():
    found = {each.event: orjson.loads(each.msg) for each in read(EACH_EVENT).records}
    assert set(found) == set(EVENTS)
    assert found["camera_setup"] == {"exptime": 0.0, "fps": 0.0, "emGain": 0.0, "synchro": 0, "cropMode": -1}
    assert found["loop_gain"] == {"state": 0, "gain": 0.0, "leak": 1.0, "limit": 0.0}
    assert found["telem_observer"] == {"observing": False}
    assert found["plate_temps"] == found["process_begun"] == {}


def test_fields_keep_the_order_of_their_schema():
    shape = SHAPES["camera_setup"]
    values = {"cropMode": 3, "mode": "m", "roi": {}, "cooling": {}, "shutter": {}}
    assert [*messages(read(event_record("camera_setup", T0, values)))[0]] == [*shape]


@pytest.mark.parametrize("count", [1, 2])
def test_fields_of_a_newer_writer_are_counted_and_kept_as_bytes(count):
    more = {"pressure": "f32", "place": "str"}
    newer = SHAPES["lab_air"] | dict([*more.items()][:count])
    said = message(newer, {"temp": 1.5, "pressure": 600.5} | ({"place": "dome"} if count == 2 else {}))
    batch = read(record(EVENTS["lab_air"][0], T0, said))
    assert batch.unknown_fields == count
    assert messages(batch) == [{"temp": 1.5, "humidity": 0.0}]
    assert (batch.records[0].raw, batch.damages) == (said, [])


def test_fields_that_a_newer_writer_has_and_did_not_use_are_not_counted():
    said = message(SHAPES["lab_air"] | {"place": "str", "pressure": "f32"}, {"temp": 1.5})
    batch = read(record(EVENTS["lab_air"][0], T0, said))
    assert (batch.unknown_fields, batch.records[0].raw) == (0, None)


def holds(data: bytes, offset: int = 0) -> None:
    """What is true of whatever is read of any bytes."""
    batch = read_flatlogs(data, offset=offset, bundle=OURS)
    assert offset <= batch.consumed <= offset + len(data)
    assert bool(batch.incomplete) == (batch.consumed < offset + len(data))
    places = [each.offset for each in batch.records]
    assert places == sorted(set(places))
    assert all(offset <= place < batch.consumed for place in places)
    spans = sorted((each.offset, each.offset + each.length) for each in batch.damages)
    assert all(offset <= begin < end <= batch.consumed for begin, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    for each in batch.records:
        assert (each.msg is None) <= (each.raw is not None)
        if each.msg is not None:
            assert isinstance(orjson.loads(each.msg), dict)
        if each.nonfinite is not None:
            assert orjson.loads(each.nonfinite)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(FULL) - 1), st.integers(1, 255)), min_size=1, max_size=4))
def test_no_flipped_byte_stops_the_reader(flips):
    data = bytearray(FULL * 2)
    for place, flip in flips:
        data[place] ^= flip
    holds(bytes(data))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(FULL)), st.binary(max_size=60), st.integers(0, len(FULL)))
def test_no_bytes_between_records_stop_the_reader(until, between, since):
    holds(FULL[:until] + between + FULL[since:], offset=777)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_at_all_stop_the_reader(data):
    holds(data)
    holds(record(EVENTS["camera_setup"][0], T0, data))
    holds(record(EVENTS["zone_alarms"][0], T0, data) + usual(0))


def test_each_single_flip_in_a_record_leaves_the_ones_around_it():
    """All 8 bits of each byte of one record with nested tables. Those before it and those after it are found each time."""
    middle = event_record(
        "camera_setup", T0 + 3, {"mode": "a", "roi": {"w": 5}, "cooling": {"says": "on"}, "shutter": {}}
    )
    before, after = usual(0) + usual(1), usual(4) + usual(5) + usual(6)
    kept = {each.ns for each in read(before + after).records}
    lost = 0
    for place in range(len(middle)):
        for bit in range(8):
            flipped = bytearray(middle)
            flipped[place] ^= 1 << bit
            found = {each.ns for each in read(before + bytes(flipped) + after).records}
            lost += len(kept - found)
    assert lost == 0


@pytest.mark.parametrize("zone", [{"name": "x" * 20_000, "level": 1.0}, {"limits": [0.0] * 5000}])
def test_one_table_named_very_often_is_no_message(zone):
    """A vector that names one table of 20 or 40 kB a thousand times would spell out as many megabytes."""
    once = message(SHAPES["zone_alarms"], {"zones": [zone] + [{}] * 999})
    table = struct.unpack_from("<I", once)[0]
    vtable = table - struct.unpack_from("<i", once, table)[0]
    vector = table + struct.unpack_from("<H", once, vtable + 4)[0]
    vector += struct.unpack_from("<I", once, vector)[0]
    target = vector + 4 + struct.unpack_from("<I", once, vector + 4)[0]
    bomb = bytearray(once)
    for number in range(1000):
        place = vector + 4 + 4 * number
        struct.pack_into("<I", bomb, place, target - place)
    batch = read(record(EVENTS["zone_alarms"][0], T0, bytes(bomb)))
    assert (batch.records[0].msg, batch.records[0].raw) == (None, bytes(bomb))
    assert [type(each) for each in batch.damages] == [Damage]
    assert sum(len(each.reason) for each in batch.damages) < 200
