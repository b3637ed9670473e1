"""The synthetic night is what it says it is, and the readers find all of it."""

from collections import Counter
from pathlib import Path

import orjson
import pytest

from telemetry.formats.opening import Stream
from telemetry.formats.readers import reader_for
from telemetry.formats.schemas import Bundle
from tests.telemetry.night import Expected, Night, checksum, make_night
from tests.telemetry.shapes import BUNDLE

READ = ("bintel", "binlog", "ndjson")


def records_of(root, expected):
    """Device, event, ns and message of each record, as the readers tell them."""
    bundle = Bundle.load(BUNDLE)
    for file in expected.files:
        if file["kind"] in READ:
            data = b"".join(Stream(root / f"{file['host']}{file['path']}"))
            batch = reader_for(file["kind"], bundle)(data, offset=0)
            assert (batch.damages, batch.incomplete, batch.consumed) == ([], "", len(data)), file
            assert len(batch.records) == file["n_records"]
            for record in batch.records:
                assert (record.nonfinite, record.raw) == (None, None)
                yield file["device"], record.event, record.ns, orjson.loads(record.msg)


def test_the_readers_find_each_record_of_the_night_exactly(telemetry_night):
    found = [*records_of(telemetry_night.root, telemetry_night.expected)]
    counts = Counter((device, event) for device, event, _, _ in found)
    expected = telemetry_night.expected
    assert counts == {(device, event): n for device, events in expected.counts.items() for event, n in events.items()}
    assert len(found) == expected.total
    assert checksum(found) == expected.checksum


def test_the_same_night_is_the_same_bytes_and_another_seed_is_not(telemetry_night, tmp_path):
    asked = {"hours": 0.2, "devices": 40, "roll_over_bytes": 262_144}
    again = make_night(Night(**asked), tmp_path / "again")
    other = make_night(Night(seed=2, **asked), tmp_path / "other")
    assert again == telemetry_night.expected
    for file in again.files:
        name = f"{file['host']}{file['path']}"
        assert (tmp_path / "again" / name).read_bytes() == (telemetry_night.root / name).read_bytes()
    assert other.checksum != again.checksum


def test_what_must_be_found_can_be_read_from_the_folder(telemetry_night):
    expected = telemetry_night.expected
    read = Expected.read(telemetry_night.root / "expected")
    assert (read.checksum, read.spans, read.gaps, read.files) == (
        expected.checksum,
        expected.spans,
        expected.gaps,
        expected.files,
    )


def test_the_night_has_all_that_a_real_one_has(telemetry_night):
    """So that no later change of the generator takes a case away unseen."""
    expected = telemetry_night.expected
    files = expected.files
    assert {gap["reason"] for gap in expected.gaps} == {"no_file", "file_not_ingested", "device_state", "silent"}
    assert [span["end_ns"] for span in expected.spans if span["end_ns"] is None] == [None]
    assert len(expected.spans) == 12  # of twelve times on, one without a title and one with two
    assert {file["host"] for file in files} == {"aoc", "rtc", "icc"}
    assert {Path(file["path"]).suffix for file in files} == {".bintel", ".binlog", ".ndjson", ".gz", ".log", ".xrif"}
    device, event, first, second = expected.same_microsecond
    assert (second - first, first // 1000) == (812, second // 1000)
    assert expected.counts[device][event] > 2
    runs = Counter(file["device"] for file in files if file["kind"] == "bintel")
    assert runs["reporter"] > 4  # four processes, and files that were full
    assert min(runs.values()) == 4
    sizes = [file["size_bytes"] for file in files if file["device"] == "reporter" and file["kind"] == "bintel"]
    assert 200_000 < max(sizes) <= 262_144
    assert b'"ts":"2025-10-31T23:54:05000"' in b"".join(
        b"".join(Stream(telemetry_night.root / f"{file['host']}{file['path']}"))
        for file in files
        if file["kind"] == "ndjson"
    )


@pytest.mark.parametrize("asked", [{"hours": 0.05}, {"devices": 12}])
def test_a_night_too_small_for_its_cases_is_refused(asked, tmp_path):
    with pytest.raises(SystemExit, match="ask for"):
        make_night(Night(**({"hours": 0.2, "devices": 40} | asked)), tmp_path)
    assert [*tmp_path.iterdir()] == []
