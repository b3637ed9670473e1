"""No file stops a reader: what is good in it is found, what is not is told with its place."""

import json

import orjson
import pytest

from telemetry.formats.names import parse_name
from tests.telemetry.damage import T0, S, around, cases, line, usual
from tests.telemetry.formats.reading import messages, read, read_file, read_in_pieces, state_of

CASES = cases().values()


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request):
    return request.param


def test_each_file_ends_as_it_must(case, tmp_path):
    path = tmp_path / case.file
    path.write_bytes(case.data)
    batch, torn = read_file(path)
    why = (batch.damages, batch.incomplete, torn)
    assert (state_of(batch, torn), len(batch.records), len(batch.damages)) == (
        case.state,
        case.n_records,
        case.n_damages,
    ), why
    told = " ".join([*(damage.reason for damage in batch.damages), batch.incomplete, torn])
    assert [word for word in case.words if word not in told] == [], told
    assert sum(record.msg is None for record in batch.records) == case.n_undecoded
    assert batch.unknown_fields == case.unknown_fields


def test_what_the_records_of_each_file_say_is_exact(case, tmp_path):
    path = tmp_path / case.file
    path.write_bytes(case.data)
    batch, _ = read_file(path)
    if case.messages is not None:
        assert tuple(messages(batch)) == case.messages
    if case.nonfinite is not None:
        assert tuple(json.loads(record.nonfinite) for record in batch.records if record.nonfinite) == case.nonfinite
    if case.times_ns is not None:
        assert tuple(record.ns for record in batch.records) == case.times_ns
    if case.n_raw is not None:
        assert sum(record.raw is not None for record in batch.records) == case.n_raw


def test_postgresql_takes_what_the_records_of_each_file_say(case, tmp_path):
    """What makes jsonb refuse a text: NUL, lone surrogates, bare words, bytes that are no UTF-8."""
    path = tmp_path / case.file
    path.write_bytes(case.data)
    batch, _ = read_file(path)
    for record in batch.records:
        for text in filter(None, (record.msg, record.nonfinite)):
            assert b"\\u0000" not in text
            assert b"\\ud8" not in text
            orjson.loads(text)


UNCOMPRESSED = [case for case in CASES if not case.file.endswith((".gz", ".zst")) and len(case.data) < 2000]


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("case", [case for case in UNCOMPRESSED if not case.n_damages], ids=lambda case: case.name)
def test_a_file_that_comes_in_pieces_gives_the_same_records(case, size):
    kind = parse_name(case.file).kind
    whole, pieces = (
        read(case.data, kind=kind),
        read_in_pieces(case.data, [size] * (len(case.data) // size + 1), kind=kind),
    )
    assert pieces == whole


@pytest.mark.parametrize("case", [case for case in UNCOMPRESSED if case.n_damages], ids=lambda case: case.name)
def test_a_damaged_file_that_grows_record_by_record_gives_the_same_good_records(case):
    """As a writer appends. Damage may then be told in more than one piece."""
    kind = parse_name(case.file).kind
    before, after = [len(usual(number)) for number in range(3)], [len(usual(number)) for number in range(4, 7)]
    middle = len(case.data) - sum(before) - sum(after)
    sizes = (
        [*before, middle, *after]
        if kind == "bintel" and middle > 0
        else [len(line) for line in case.data.splitlines(True)]
    )
    whole, pieces = read(case.data, kind=kind), read_in_pieces(case.data, sizes, kind=kind)
    assert [record for record in pieces.records if record.msg] == [record for record in whole.records if record.msg]


def test_damage_is_told_with_its_place():
    data = around(bytes(range(7, 180)))
    [damage] = read(data).damages
    first = sum(len(usual(number)) for number in range(3))
    assert (damage.offset, damage.length) == (first, 173)
    told = read(line(0) + b"what?\n" + line(1), kind="ndjson").damages
    assert [(each.offset, each.length) for each in told] == [(len(line(0)), 6)]


def test_two_damages_in_one_file_are_two():
    data = around(b"\xff" * 40) + around(b"\xfe" * 50)
    batch = read(data)
    assert (len(batch.records), [damage.length for damage in batch.damages]) == (12, [40, 50])


def test_a_record_whose_length_is_wrong_in_a_long_file_loses_no_other():
    records = [usual(number, ns=T0 + number * S) for number in range(300)]
    for at in (0, 1, 150, 297, 298):
        broken = bytearray(records[at])
        broken[11] = 255
        data = b"".join([*records[:at], bytes(broken), *records[at + 1 :]])
        assert [record.ns for record in read(data).records] == [
            T0 + number * S for number in range(300) if number != at
        ]
