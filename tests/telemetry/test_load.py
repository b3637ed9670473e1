"""The one way in: what is sent twice, at once, out of order, torn or written anew."""

import hashlib
import json
import struct
from pathlib import Path

import pytest
from django.db import connection

from telemetry import bundles, load
from telemetry.chunks import Chunk, Stat
from telemetry.continuity import Edges, edges_after, still_fits
from telemetry.errors import TransientError, UsageError
from telemetry.formats.records import Batch, Record
from telemetry.reading import ingest_file, waiting
from tests.telemetry.rows import Rows

pytestmark = pytest.mark.django_db

SECOND = 1_713_220_250
PATH = "/opt/MagAOX/telem/dev_a/dev_a_20240415223050000000000.bintel"
CODES = "tick 7 empty\nspan 8 span\n"
SPAN = "table span { value:double; count:ulong; } root_type span;"


def tick(ns: int, *, code: int = 7, message: bytes = b"") -> bytes:
    """A record with an event that has no message, or with the message of another."""
    return struct.pack("<bHIIB", 64, code, SECOND + ns // 10**9, ns % 10**9, len(message)) + message


def lines(*values: float) -> bytes:
    return b"".join(
        b'{"ts": "2024-04-15T22:30:%02d.000000001", "prio": "TELM", "ec": "indi", "msg": {"value": %r}}\n' % (i, value)
        for i, value in enumerate(values)
    ).replace(b"'", b"")


@pytest.fixture
def bundle(tmp_path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "codes.txt").write_text(CODES)
    (tmp_path / "bundle" / "span.fbs").write_text(SPAN)
    bundles.add(tmp_path / "bundle")


def send(data: bytes, *, offset: int = 0, path: str = PATH, **more):
    return load.take_chunks([Chunk("icc", path, offset, data, **more)])[0]


def stored():
    with connection.cursor() as cursor:
        cursor.execute("SELECT seq, telemetry.unix_ns(ts, ns) FROM telemetry.record ORDER BY recording_id, seq")
        return cursor.fetchall()


def recording(path: str = PATH):
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(recording) FROM telemetry.recording WHERE path = %s", [path])
        return json.loads(cursor.fetchone()[0])


def test_records_are_named_by_their_offset_and_keep_their_nanoseconds(bundle):
    send(tick(220_040) + tick(220_852))
    assert stored() == [(0, SECOND * 10**9 + 220_040), (12, SECOND * 10**9 + 220_852)]


def test_the_same_bytes_twice_change_nothing(bundle):
    first = send(tick(1) + tick(2))
    assert first.n_records == 2
    assert send(tick(1) + tick(2)).n_records == 0
    assert len(stored()) == 2


def test_bytes_that_overlap_what_is_held_give_the_new_records_only(bundle):
    send(tick(1) + tick(2))
    taken = send(tick(2) + tick(3), offset=12)
    assert (taken.n_records, taken.position.edges.consumed) == (1, 36)
    assert [seq for seq, _ in stored()] == [0, 12, 24]


def test_bytes_that_leave_a_gap_are_not_taken_and_the_answer_tells_where_to_go_on(bundle):
    send(tick(1))
    taken = send(tick(3), offset=24)
    assert (taken.n_records, taken.position.edges.consumed) == (0, 12)


def test_a_torn_record_waits_for_the_rest_of_it(bundle):
    data = tick(1) + tick(2)
    taken = send(data[:20], end=Stat(20, 5))
    assert taken.position.edges.consumed == 12
    assert (recording()["state"], recording()["n_records"]) == ("incomplete", 1)
    assert send(data[12:], offset=12, end=Stat(24, 6)).n_records == 1
    assert (recording()["state"], recording()["reason"]) == ("ok", "")


def test_coverage_tells_first_last_count_and_what_was_read(bundle):
    send(tick(5_000_000_000) + tick(2_000_000_000) + tick(3), end=Stat(36, 7))
    found = recording()
    assert found["first_ns"] == SECOND * 10**9 + 3
    assert found["last_ns"] == (SECOND + 5) * 10**9
    assert (found["n_records"], found["n_bad"], found["bytes_consumed"]) == (3, 0, 36)
    assert (
        found["head_sha256"]
        == found["tail_sha256"]
        == "\\x" + hashlib.sha256(tick(5_000_000_000) + tick(2_000_000_000) + tick(3)).hexdigest()
    )


def test_damage_is_told_with_its_offset_and_records_around_it_are_kept(bundle):
    bad = struct.pack("<bHIIB", 64, 7, SECOND, 1_500_000_000, 0)
    send(tick(1) + bad + tick(2) + tick(3), end=Stat(48, 7))
    assert [seq for seq, _ in stored()] == [0, 24, 36]
    assert recording()["state"] == "partial"
    assert recording()["reason"].startswith("at byte 12: a record has 1500000000 nanoseconds")


def test_a_file_written_anew_puts_its_old_records_aside(bundle):
    old = send(tick(1) + tick(2))
    taken = send(tick(9), anew_after=old.position.generation)
    assert (taken.replaced, taken.position.generation) == (True, 2)
    assert stored() == [(0, SECOND * 10**9 + 9)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT generation, seq FROM telemetry.replaced_record ORDER BY seq")
        assert cursor.fetchall() == [(1, 0), (1, 12)]


def test_of_two_who_see_that_a_file_was_written_anew_one_puts_aside(bundle):
    send(tick(1))
    assert send(tick(9), anew_after=1).replaced
    assert not send(tick(9), anew_after=1).replaced
    assert recording()["generation"] == 2


def test_a_compressed_file_goes_on_with_the_recording_of_the_plain_one():
    plain = "/t/py/py_2024-04-15T223050.ndjson"
    data = lines(1.5, 2.5)
    send(data[:80], path=plain)
    send(data, path=plain + ".gz")
    assert len(stored()) == 2
    assert recording(plain)["device"] == "py"


def test_a_file_and_its_compressed_one_in_one_request_come_once():
    plain, data = "/t/py/py_2024-04-15T223050.ndjson", lines(1.5, 2.5)
    taken = load.take_chunks([Chunk("icc", plain, 0, data[:-1]), Chunk("icc", plain + ".gz", 0, data)])
    assert [each.n_records for each in taken] == [2, 0]
    assert len(stored()) == recording(plain)["n_records"] == 2


def test_an_unknown_code_is_kept_as_bytes(bundle):
    send(tick(1) + tick(2, code=65000, message=b"\x01\x02") + tick(3))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event, msg, raw FROM telemetry.record JOIN telemetry.channel ON channel.id = channel_id WHERE seq = 12"
        )
        event, msg, raw = cursor.fetchone()
    assert (event, msg, bytes(raw)) == ("code_65000", None, b"\x01\x02")
    assert recording()["n_undecoded"] == 1


def test_numbers_beyond_double_precision_stay_exact():
    send(
        b'{"ts": "2024-04-15T22:30:50.1", "prio": "TELM", "ec": "indi", "msg": {"n": 18446744073709551615}}\n',
        path="/t/p_2024-04-15T223050.ndjson",
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT msg ->> 'n' FROM telemetry.record")
        assert cursor.fetchone() == ("18446744073709551615",)


def test_what_postgresql_refuses_stops_no_other_record(monkeypatch):
    def careless(data: bytes, *, offset: int) -> Batch:
        messages = [b'{"n":1}', b'{"n":"\\u0000"}', b'{"n":2}']
        return Batch([Record(i, i, 64, "indi", msg) for i, msg in enumerate(messages)], [], offset + len(data))

    monkeypatch.setattr(load, "reader_for", lambda *_: careless)
    send(b"xyz", path="/t/p_2024-04-15T223050.ndjson")
    assert len(stored()) == 3
    found = recording("/t/p_2024-04-15T223050.ndjson")
    assert (found["n_bad"], found["n_records"], found["n_undecoded"]) == (1, 3, 1)
    assert "PostgreSQL refuses its message" in found["reason"]


def test_numbers_beyond_all_doubles_are_named():
    line = b'{"ts": "2024-04-15T22:30:51.1", "prio": "TELM", "ec": "indi", "msg": {"n": 1e999999}}\n'
    send(line, path="/t/p_2024-04-15T223050.ndjson")
    with connection.cursor() as cursor:
        cursor.execute("SELECT msg, nonfinite FROM telemetry.record")
        assert [json.loads(each) for each in cursor.fetchone()] == [{"n": None}, {"n": "inf"}]


def test_a_flood_in_place_of_a_name_is_damage():
    flood = lines(1.0).replace(b'"indi"', b'"%s"' % (b"x" * 9000))
    send(flood + lines(2.0), path="/t/p_2024-04-15T223050.ndjson")
    assert len(stored()) == 1
    assert "more than 255 characters" in recording("/t/p_2024-04-15T223050.ndjson")["reason"]


def test_times_that_can_not_be_make_no_partition(bundle):
    before = partitions()
    early = struct.pack("<bHIIB", 6, 7, 0, 0, 0)
    late = struct.pack("<bHIIB", 6, 7, 2**32 - 1, 0, 0)
    send(early + late)
    assert partitions() == before
    assert [ns for _, ns in stored()] == [0, (2**32 - 1) * 10**9]


def partitions():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'telemetry' AND tablename ~ '^record_'")
        return cursor.fetchone()[0]


def test_without_a_bundle_binary_bytes_are_asked_for_again_later():
    with pytest.raises(TransientError, match="xtelemdb bundle add"):
        send(tick(1))
    assert stored() == []


def test_a_file_that_is_no_telemetry_is_refused():
    with pytest.raises(UsageError, match=r"must end in \.bintel, \.binlog, \.ndjson"):
        send(b"x", path="/t/camsci/camsci_20240415223050000000000.xrif")


def test_chunks_of_several_files_are_taken_together_or_not_at_all(bundle):
    with pytest.raises(UsageError):
        load.take_chunks([Chunk("icc", PATH, 0, tick(1)), Chunk("icc", "/t/a.txt", 0, b"")])
    assert stored() == []
    taken = load.take_chunks([Chunk("icc", PATH, 0, tick(1)), Chunk("aoc", PATH, 0, tick(1) + tick(2))])
    assert [each.n_records for each in taken] == [1, 2]


@pytest.mark.parametrize("changed", ["head", "tail", "shorter"])
def test_a_file_that_does_not_begin_as_before_does_not_fit(changed):
    data = bytearray(range(256)) * 64
    edges = edges_after(Edges(0), bytes(data))
    assert still_fits(edges, lambda at, size: bytes(data[at : at + size]))
    if changed == "shorter":
        del data[-1]
    else:
        data[0 if changed == "head" else -1] ^= 1
    assert not still_fits(edges, lambda at, size: bytes(data[at : at + size]))


def inventoried(path, **columns):
    found = path.stat()
    columns = {"ingested_size_bytes": None, "ingested_modified_ns": None} | columns
    kind = path.name.split(".")[1]
    return Rows().file(str(path), kind=kind, size_bytes=found.st_size, modified_ns=found.st_mtime_ns, **columns)


def test_a_file_is_read_to_its_end_once(bundle, tmp_path):
    path = tmp_path / "dev_20240415223050000000000.bintel"
    path.write_bytes(tick(1) + tick(2))
    pk = inventoried(path)
    assert waiting() == [pk]
    report = ingest_file(pk, hostname="icc")
    assert (report.n_records, report.state, report.n_bytes) == (2, "ok", 24)
    assert waiting() == []
    assert ingest_file(pk, hostname="icc").n_records == 0


def test_a_file_that_was_written_anew_is_told(bundle, tmp_path):
    path = tmp_path / "dev_20240415223050000000000.bintel"
    path.write_bytes(tick(1) + tick(2))
    pk = inventoried(path)
    ingest_file(pk, hostname="icc")
    path.write_bytes(tick(3))
    report = ingest_file(pk, hostname="icc")
    assert (report.replaced, report.n_records) == (True, 1)
    assert len(stored()) == 1


def test_a_copy_with_another_time_counts_for_the_file_that_it_was_made_of(bundle, tmp_path):
    gone, copy = "/opt/telem/dev_20240415223050000000000.bintel", tmp_path / "icc" / "opt" / "telem"
    copy.mkdir(parents=True)
    (copy / "dev_20240415223050000000000.bintel").write_bytes(tick(1) + tick(2))  # its own time is now
    rows = Rows()
    waits = {"ingested_size_bytes": None, "ingested_modified_ns": None, "gone_at": "2026-11-28"}
    pk = rows.file(gone, size_bytes=24, modified_ns=5, **waits)
    place = rows.insert("location", name="backup", prefix=str(tmp_path), is_local=True)
    path = str(copy / "dev_20240415223050000000000.bintel")
    of = {"origin_modified_ns": 5, "origin_size_bytes": 24, "sha256": b"x"}
    rows.insert("replica", location_id=place, file_id=pk, path=path, **of)
    assert waiting() == [pk]
    assert ingest_file(pk, hostname="aoc").n_records == 2
    assert waiting() == []


def test_a_record_longer_than_a_chunk_is_read(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr("telemetry.sources.CHUNK_BYTES", 64)
    path = tmp_path / "py_2024-04-15T223050.ndjson"
    path.write_bytes(lines(1.0) + lines(2.0).replace(b"indi", b"x" * 200) + lines(3.0))
    assert ingest_file(inventoried(path), hostname="icc").n_records == 3


def test_of_a_file_that_grew_only_its_new_end_is_read(bundle, tmp_path):
    path = tmp_path / "dev_20240415223050000000000.bintel"
    path.write_bytes(b"".join(tick(n) for n in range(10 * 2**20 // 12)))
    pk = inventoried(path)
    ingest_file(pk, hostname="icc")
    with path.open("ab") as file:
        file.write(tick(999_999_999))
    before = bytes_read()
    report = ingest_file(pk, hostname="icc")
    assert report.n_records == 1
    assert bytes_read() - before < 64 * 1024


def bytes_read() -> int:
    """What this process has asked of files and sockets, as Linux counts it; answers of the database are among it."""
    words = Path("/proc/self/io").read_text(encoding="ascii").split()
    return int(words[words.index("rchar:") + 1])
