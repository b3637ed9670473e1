"""Messages that are read together, by a layout that was noted, say what each says when it is walked through alone."""

import random
import struct
from typing import Any

import pytest

from telemetry.formats import flatbuffers
from telemetry.formats.records import Batch
from telemetry.formats.schemas import Bundle
from tests.telemetry.damage import T0
from tests.telemetry.encoding import event_record, message, record
from tests.telemetry.formats.comparing import exact, same
from tests.telemetry.formats.reading import OURS, messages, read
from tests.telemetry.messages import random_message, whole
from tests.telemetry.shapes import EVENTS, SHAPES

N_ALIKE = 40
WITH_MESSAGE = [event for event, (_, schema) in EVENTS.items() if schema in SHAPES]


def fresh() -> Bundle:
    """The test bundle, of which no message was read yet."""
    return Bundle.from_texts(OURS.texts)


def by_walking(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Batch:
    with monkeypatch.context() as patch:
        patch.setattr(flatbuffers, "MOST_LAYOUTS", 0)
        return read(data, bundle=fresh())


def layouts_of(bundle: Bundle, event: str) -> int:
    reader = bundle.types[EVENTS[event][0]].reader
    assert reader is not None
    return sum(len(layouts) for layouts in reader._layouts.values())


def other_numbers(rng: random.Random, kind, value):
    """As `value`, with other numbers and letters: the same layout."""
    if isinstance(value, dict):
        return {name: other_numbers(rng, kind[name], each) for name, each in value.items()}
    if isinstance(value, list):
        return [other_numbers(rng, kind[0], each) for each in value]
    if isinstance(value, str):
        return "".join(rng.choice('abcxyz"\\\n') for _ in value.encode())
    base = kind.partition("=")[0]
    if base[0] == "f":
        return rng.choice((1.5, -2.25, 1e30, float("nan"), float("inf"), float("-inf")))
    return value if base == "bool" else rng.randrange(2, 100)


def alike(event: str, seed: int) -> list[dict[str, Any]]:
    """Values of many messages: all fields are there, and no number is its default, which would not be stored."""
    rng, shape = random.Random(f"{event} {seed}"), SHAPES[EVENTS[event][1]]
    first: dict[str, Any] = {}
    while set(first) != set(shape):
        first = random_message(rng, shape)
    return [other_numbers(rng, shape, first) for _ in range(N_ALIKE)]


@pytest.mark.parametrize("event", WITH_MESSAGE)
def test_records_that_are_laid_out_alike_say_what_they_say_alone(event, monkeypatch):
    bundle = fresh()
    data = b"".join(event_record(event, T0 + ns, values) for ns, values in enumerate(alike(event, 1)))
    batch = read(data, bundle=bundle)
    assert layouts_of(bundle, event) > 0
    assert batch == by_walking(data, monkeypatch)
    assert len(batch.records) == N_ALIKE


@pytest.mark.parametrize("event", WITH_MESSAGE)
def test_what_was_written_is_read_by_layouts_exactly(event):
    """Over many layouts, each of them three times and more, so that it is noted."""
    rng, (code, schema) = random.Random(event), EVENTS[event]
    shape = SHAPES[schema]
    written = [random_message(rng, shape) for _ in range(12)] * 5
    bundle = fresh()
    found = messages(
        read(b"".join(record(code, ns, message(shape, each)) for ns, each in enumerate(written)), bundle=bundle)
    )
    assert layouts_of(bundle, event) > 0
    assert all(same(shape, mine, whole(shape, values), exact) for mine, values in zip(found, written, strict=True))


@pytest.mark.parametrize("event", ["camera_setup", "zone_alarms", "drive_temps", "speckle_pattern", "status_report"])
def test_no_flipped_byte_is_taken_for_another_value_of_a_layout(event, monkeypatch):
    """Each byte of one message among sound ones, changed in three ways."""
    first = alike(event, 2)[:6]
    bundle = fresh()
    records = [event_record(event, T0 + ns, values) for ns, values in enumerate(first)]
    read(b"".join(records) * 3, bundle=bundle)
    assert layouts_of(bundle, event) > 0
    for place in range(12, len(records[3])):
        for flip in (0x01, 0x80, 0xFF):
            changed = bytearray(records[3])
            changed[place] ^= flip
            data = b"".join([*records[:3], bytes(changed), *records[4:]])
            assert read(data, bundle=bundle) == by_walking(data, monkeypatch), (place, flip)


def test_strings_that_say_more_than_jsonb_holds_are_kept_in_a_layout_too(monkeypatch):
    texts = [b"plain", b"a\0bcd", b"a\xffbcd", b"\xed\xa0\x80xy", b"still", b'"\\\n\x01\x7f']
    sound = event_record("text_log", T0, {"message": "~~~~~"})
    data = sound * 5 + b"".join(sound.replace(b"~~~~~", text) for text in texts)
    batch = read(data, bundle=fresh())
    assert batch == by_walking(data, monkeypatch)
    assert [each.raw is not None for each in batch.records[5:]] == [False, True, True, True, False, False]


def test_fields_of_a_newer_writer_are_counted_in_a_layout_too():
    shape = SHAPES["lab_air"] | {"pressure": "f32"}
    said = [message(shape, {"temp": 1.5 + n, "humidity": 2.0, "pressure": 600.5}) for n in range(9)]
    batch = read(b"".join(record(EVENTS["lab_air"][0], T0, each) for each in said), bundle=fresh())
    assert (batch.unknown_fields, [each.raw for each in batch.records]) == (9, said)


def test_layouts_are_not_noted_without_end(monkeypatch):
    monkeypatch.setattr(flatbuffers, "MOST_LENGTHS", 10)
    bundle = fresh()
    data = b"".join(event_record("text_log", T0, {"message": "x" * n}) for n in range(400) for _ in range(5))
    assert len(read(data, bundle=bundle).records) == 2000
    assert layouts_of(bundle, "text_log") <= 10 * flatbuffers.MOST_LAYOUTS


def test_a_message_whose_values_lie_over_its_vtable_has_no_layout(monkeypatch):
    """No writer makes such. It says what it says, and nothing is noted of it."""
    table, vector_of_two_over_the_vtable = struct.pack("<IiI", 4, 4 - 16, 4), struct.pack("<IHHHH", 2, 6, 8, 4, 0)
    data = record(EVENTS["plate_temps"][0], T0, table + vector_of_two_over_the_vtable) * 9
    bundle = fresh()
    batch = read(data, bundle=bundle)
    assert [len(each["temps"]) for each in messages(batch)] == [2] * 9
    assert batch == by_walking(data, monkeypatch)
    assert layouts_of(bundle, "plate_temps") == 0
