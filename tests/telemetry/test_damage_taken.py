"""Each odd or damaged file, from its folder into the database by the one way in: what became of it, and what did not."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from django.db import connection

from telemetry import bundles
from telemetry.chunks import Position
from telemetry.continuity import edges_after
from telemetry.errors import NotFoundError
from telemetry.inventory import take_entries
from telemetry.listing import Entry
from telemetry.load import take_chunks
from telemetry.reading import ingest_file
from telemetry.sources import FileReader, Identity
from tests.telemetry.damage import STAMP, T0, S, cases, usual
from tests.telemetry.shapes import BUNDLE

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _bundle(db) -> None:
    bundles.add(BUNDLE)


def inventoried(path: Path, *, host: str = "icc") -> int:
    found = path.stat()
    take_entries(host, [Entry(str(path), None, found.st_size, found.st_mtime_ns, found.st_ctime_ns)])
    [(pk,)] = rows("SELECT id FROM telemetry.file WHERE path = %s", str(path))
    return int(pk)


def rows(question: str, *values):
    with connection.cursor() as cursor:
        cursor.execute(question, values)
        return cursor.fetchall()


def stored():
    return rows("SELECT telemetry.unix_ns(ts, ns), msg::text, nonfinite::text, raw FROM telemetry.record ORDER BY seq")


@pytest.mark.parametrize("case", cases().values(), ids=lambda case: case.name)
def test_each_file_ends_as_it_must_and_all_that_is_good_in_it_is_stored(case, tmp_path):
    path = tmp_path / case.file
    path.write_bytes(case.data)
    report = ingest_file(inventoried(path), hostname="icc")
    assert (report.state, report.n_records, report.n_bad) == (case.state, case.n_records, case.n_damages), report.reason
    assert [word for word in case.words if word not in report.reason] == [], report.reason
    found = stored()
    assert len(found) == case.n_records
    assert sum(msg is None for _, msg, _, _ in found) == case.n_undecoded
    if case.times_ns is not None:
        assert tuple(ns for ns, *_ in found) == case.times_ns
    if case.messages is not None:
        assert tuple(msg and json.loads(msg) for _, msg, _, _ in found) == case.messages
    if case.nonfinite is not None:
        assert tuple(json.loads(each) for _, _, each, _ in found if each) == case.nonfinite
    if case.n_raw is not None:
        assert sum(raw is not None for *_, raw in found) == case.n_raw
    assert rows("SELECT n_records, n_bad, n_undecoded, n_unknown_fields FROM telemetry.recording") == [
        (case.n_records, case.n_damages, case.n_undecoded, case.unknown_fields)
    ]
    again = ingest_file(inventoried(path), hostname="icc")
    assert (again.n_records, again.n_bad, again.state, again.reason) == (0, 0, report.state, report.reason)


def test_a_file_that_grows_while_it_is_read_is_read_as_far_as_it_goes(tmp_path):
    path = tmp_path / f"dev_{STAMP}.bintel"
    path.write_bytes(usual(0) + usual(1)[:20])
    pk = inventoried(path)
    grown = iter([usual(1)[20:] + usual(2), usual(3)])

    def grow(_bytes: int) -> None:
        with path.open("ab") as file:
            file.write(next(grown, b""))

    assert ingest_file(pk, hostname="icc", told=grow).state in {"incomplete", "ok"}
    assert ingest_file(inventoried(path), hostname="icc").state == "ok"
    ingest_file(inventoried(path), hostname="icc")
    n_there = sum(path.read_bytes().startswith(b"".join(map(usual, range(n)))) for n in range(1, 5))
    assert [ns for ns, *_ in stored()] == [T0 + number * S for number in range(n_there)]


def test_a_file_deleted_between_its_listing_and_its_opening_is_told(tmp_path):
    path = tmp_path / f"dev_{STAMP}.bintel"
    path.write_bytes(usual(0))
    pk = inventoried(path)
    path.unlink()
    with pytest.raises(NotFoundError, match="not within reach"):
        ingest_file(pk, hostname="icc")
    assert stored() == []


def test_one_file_as_origin_and_as_replica_is_taken_once(tmp_path):
    """The agent sends the origin's bytes; a person reads the same file from the backup."""
    path, copy = tmp_path / f"dev_{STAMP}.bintel", tmp_path / "backup" / f"dev_{STAMP}.bintel"
    path.write_bytes(b"".join(map(usual, range(5))))
    copy.parent.mkdir()
    shutil.copy2(path, copy)
    assert ingest_file(inventoried(path), hostname="icc").n_records == 5
    reader = FileReader(Identity("icc", str(path)), copy, Position())
    assert take_chunks([reader.next_chunk()])[0].n_records == 0
    assert len(stored()) == 5


def test_a_file_of_tomorrow_is_read_as_any_other(tmp_path):
    path = tmp_path / f"dev_{STAMP}.bintel"
    path.write_bytes(usual(0))
    tomorrow = time.time_ns() + 86_400 * S
    os.utime(path, ns=(tomorrow, tomorrow))
    assert ingest_file(inventoried(path), hostname="icc").n_records == 1
    with path.open("ab") as file:
        file.write(usual(1))
    assert ingest_file(inventoried(path), hostname="icc").n_records == 1


def test_a_file_whose_stamp_is_none_keeps_its_device(tmp_path):
    path = tmp_path / "camsci_latest.bintel"
    path.write_bytes(usual(0))
    assert ingest_file(inventoried(path), hostname="icc").n_records == 1
    assert rows("SELECT device FROM telemetry.recording") == [("camsci",)]


def bytes_read() -> int:
    """What this process asked of the operating system so far, from files and sockets alike."""
    return int(Path("/proc/self/io").read_text().split("rchar: ")[1].split()[0])


def test_one_record_more_in_a_full_file_costs_few_bytes_and_little_time(tmp_path):
    """10 MiB were read before; that they were is written down here, for reading them is not the subject."""
    one = usual(0)
    data = one * (10_485_760 // len(one))
    path = tmp_path / f"dev_{STAMP}.bintel"
    path.write_bytes(one)
    ingest_file(inventoried(path), hostname="icc")
    edges = edges_after(Position().edges, data)
    rows(
        """UPDATE telemetry.recording SET bytes_consumed = %s, head_length = %s, head_sha256 = %s, tail_length = %s,
        tail_sha256 = %s RETURNING id""",
        edges.consumed, edges.head_length, edges.head_sha256, edges.tail_length, edges.tail_sha256,
    )  # fmt: skip
    path.write_bytes(data + usual(1))
    pk = inventoried(path)
    before, began = bytes_read(), time.perf_counter()
    report = ingest_file(pk, hostname="icc")
    took_s, n_bytes = time.perf_counter() - began, bytes_read() - before
    assert (report.n_records, report.replaced, len(stored())) == (1, False, 2)
    assert n_bytes < 65_536
    assert took_s < 0.2
