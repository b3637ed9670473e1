"""A2, and what file systems do: the table says what is on the computer, and a second look writes nothing."""

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest
from django.db import connection

from telemetry.errors import UsageError
from telemetry.inventory import take_entries, take_inventory
from telemetry.listing import Entry, Ignore, Walk, data_folders, path_text
from telemetry.models import File

pytestmark = pytest.mark.django_db
STAMP_NS = 1_713_220_250_997_960_288  # 2024-04-15T22:30:50.997960288
NAME = "camsci1_20240415223050997960288.bintel"


@pytest.fixture
def telem(tmp_path: Path) -> Path:
    """A data folder with three devices, files in folders of their own."""
    for device in ("camsci1", "ttmmod", "a_b_c"):
        folder = tmp_path / "telem" / device / "2024"
        folder.mkdir(parents=True)
        (folder / f"{device}_20240415223050997960288.bintel").write_bytes(b"x" * 10)
        (folder / f"{device}_2024-04-15T223050.ndjson.gz").write_bytes(b"y" * 20)
    return tmp_path / "telem"


def writes() -> int:
    """Row versions that this transaction made in the table, as PostgreSQL counts them, temporary tables left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_all_tables WHERE relid = 'telemetry.file'::regclass"
        )
        return int(cursor.fetchone()[0])


def locked_rows() -> int:
    """Rows that some transaction has marked: those of an upsert that only looked would be among them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM telemetry.file WHERE xmax <> 0")
        return int(cursor.fetchone()[0])


def test_a_first_inventory_has_each_file_as_it_is(telem):
    summary = take_inventory("aoc", [telem])
    assert (summary.new, summary.writes, summary.files) == (6, 6, 6)
    for path in [path for path in telem.rglob("*") if path.is_file()]:
        seen, row = path.stat(), File.objects.get(host="aoc", path=str(path))
        assert (row.size_bytes, row.modified_ns, row.raw_path) == (seen.st_size, seen.st_mtime_ns, None)
        assert row.device == path.parts[-3]
        assert (row.kind, row.created_ns) in {("bintel", STAMP_NS), ("ndjson", STAMP_NS // 10**9 * 10**9)}


def test_a_second_inventory_writes_nothing_and_locks_nothing(telem):
    take_inventory("aoc", [telem])
    before = writes()
    summary = take_inventory("aoc", [telem])
    assert (summary.writes, summary.unchanged) == (0, 6)
    assert (writes() - before, locked_rows()) == (0, 0)


def test_grown_shrunk_touched_and_deleted_files_are_told_apart_from_the_rest(telem):
    take_inventory("aoc", [telem])
    grown, shrunk, touched, *others = sorted(path for path in telem.rglob("*") if path.is_file())
    grown.write_bytes(b"x" * 100)
    shrunk.write_bytes(b"")
    os.utime(touched, ns=(1, 2**62))  # a clock that is years ahead: times are compared, never believed
    for path in others[:2]:
        path.unlink()
    before = writes()
    summary = take_inventory("aoc", [telem])
    assert (summary.new, summary.changed, summary.gone, summary.unchanged) == (0, 3, 2, 1)
    assert writes() - before == 5
    assert File.objects.count() == 6
    assert File.objects.get(path=str(touched)).modified_ns == 2**62
    assert {row.path for row in File.objects.filter(gone_at__isnull=False)} == {str(path) for path in others[:2]}


def test_a_file_that_comes_back_is_no_longer_gone(telem):
    take_inventory("aoc", [telem])
    path = next(telem.rglob("*.bintel"))
    aside = telem.parent / "aside"
    path.rename(aside)
    assert take_inventory("aoc", [telem]).gone == 1
    assert take_inventory("aoc", [telem]).writes == 0  # told once
    aside.rename(path)
    assert take_inventory("aoc", [telem]).back == 1
    assert not File.objects.filter(gone_at__isnull=False).exists()


def test_hosts_and_other_folders_are_left_alone(telem, tmp_path):
    other = tmp_path / "telem2"
    other.mkdir()
    (other / NAME).write_bytes(b"z")
    take_inventory("aoc", [telem, other])
    take_inventory("rtc", [telem])
    (other / NAME).unlink()
    shutil.rmtree(telem / "camsci1")
    assert take_inventory("aoc", [telem]).gone == 2
    assert File.objects.filter(gone_at__isnull=False).count() == 2
    assert File.objects.filter(host="rtc", gone_at__isnull=True).count() == 6
    assert File.objects.get(path=str(other / NAME)).gone_at is None  # telem2 is not below telem


def test_a_dry_run_tells_the_same_and_writes_nothing(telem):
    assert take_inventory("aoc", [telem], dry_run=True).new == 6
    assert not File.objects.exists()
    take_inventory("aoc", [telem])
    next(telem.rglob("*.bintel")).unlink()
    before = writes()
    assert take_inventory("aoc", [telem], dry_run=True).gone == 1
    assert writes() == before


@pytest.mark.parametrize("harm", ["missing", "empty", "a file"])
def test_a_folder_whose_disk_is_away_marks_nothing_as_gone(telem, tmp_path, harm):
    take_inventory("aoc", [telem])
    telem.rename(tmp_path / "away")
    if harm == "empty":
        telem.mkdir()
    elif harm == "a file":
        telem.write_bytes(b"")
    summary = take_inventory("aoc", [telem])
    assert summary.writes == 0
    assert str(telem) in summary.notes[0]
    assert "gone" in summary.notes[0]


def test_an_empty_folder_is_believed_when_a_person_says_so(telem):
    take_inventory("aoc", [telem])
    shutil.rmtree(telem)
    telem.mkdir()
    assert take_inventory("aoc", [telem], believe_empty=True).gone == 6


def test_a_folder_that_may_not_be_read_keeps_its_files(telem, monkeypatch):
    take_inventory("aoc", [telem])
    closed, real = os.fsencode(telem / "camsci1"), os.scandir

    def scandir(folder):  # tests may run as root, whom no mode stops
        if folder == closed:
            raise PermissionError(13, "Permission denied", closed)
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    (telem / "ttmmod/2024/ttmmod_20240415223050997960288.bintel").unlink()
    summary = take_inventory("aoc", [telem])
    assert (summary.gone, summary.unchanged) == (1, 3)
    assert summary.notes == [f"{telem}/camsci1 could not be read (Permission denied): nothing there is marked gone."]


def test_what_is_no_file_is_counted_and_passed_over(telem):
    odd = telem / "odd"
    odd.mkdir()
    (odd / "device_20240415223050997960288.bintel").mkdir()
    (odd / "dangling.bintel").symlink_to(odd / "nothing")
    (odd / "loop.bintel").symlink_to(odd / "loop.bintel")
    (odd / "up").symlink_to(telem)
    (odd / "latest.bintel").symlink_to(telem / "ttmmod/2024/ttmmod_20240415223050997960288.bintel")
    os.mkfifo(odd / "pipe.bintel")
    outside = telem.parent / "outside_20240415223050997960288.bintel"
    outside.write_bytes(b"abc")
    (odd / "elsewhere_20240415223050997960288.bintel").symlink_to(outside)
    summary = take_inventory("aoc", [telem])
    assert summary.files == 7  # the link that leads out of the folder is the one name that its file has
    assert File.objects.get(path__contains="elsewhere").size_bytes == 3
    assert summary.skipped == Counter({
        "dangling link": 1, "link that leads nowhere": 1, "link to a folder": 1, "no regular file": 1,
        "link to a file that has its own place": 1,
    })  # fmt: skip
    assert summary.notes == []


def test_a_file_that_vanishes_before_its_stat_leaves_no_other_files_numbers(telem, monkeypatch):
    path = next(telem.rglob("*.bintel"))
    listed = Walk._listed

    def list_then_lose(walk, folder, **more):
        found = listed(walk, folder, **more)
        if folder == os.fsencode(path.parent):
            path.unlink()
        return found

    monkeypatch.setattr(Walk, "_listed", list_then_lose)
    summary = take_inventory("aoc", [telem])
    assert summary.files == 5
    assert summary.skipped == {"vanished while it was listed": 1}
    assert not File.objects.filter(path=str(path)).exists()


def test_names_that_are_no_text_are_kept_with_their_bytes(tmp_path):
    folder = tmp_path / "telem"
    folder.mkdir()
    names = [b"caf\xe9_20240415223050997960288.bintel", rb"caf\xe9_20240415223050997960288.bintel", b"a\tb\nc\\d.log"]
    paths = [folder / os.fsdecode(name) for name in names]
    for path, name in zip(paths, names, strict=True):
        path.write_bytes(name)
    assert take_inventory("aoc", [folder]).new == 3
    rows = {bytes(row.raw_path or row.path.encode()): row.size_bytes for row in File.objects.all()}
    assert rows == {os.fsencode(path): path.stat().st_size for path in paths}
    assert take_inventory("aoc", [folder]).writes == 0


def test_no_two_paths_share_a_text():
    given = [b"/a\xff", rb"/a\xff", rb"/a\x5cxff", "/a\u00ff".encode(), b"/a\\\xff"]
    assert len({path_text(raw)[0] for raw in given}) == len(given)
    assert path_text("/käse".encode()) == ("/käse", None)


def test_a_path_longer_than_1024_characters_is_listed(tmp_path):
    folder = tmp_path / "telem"
    deep = folder.joinpath(*["d" * 200] * 6)
    deep.mkdir(parents=True)
    (deep / NAME).write_bytes(b"x")
    assert take_inventory("aoc", [folder]).new == 1
    assert len(File.objects.get().path) > 1024


def test_ignored_names_are_not_listed_and_what_was_listed_before_is_not_called_gone(telem):
    take_inventory("aoc", [telem])
    (telem / ".git").mkdir()
    for name in (".git/config", "a.swp", "b~", ".DS_Store"):
        (telem / name).write_bytes(b"")
    summary = take_inventory("aoc", [telem], ignore=Ignore())
    assert (summary.writes, summary.ignored) == (0, 4)
    summary = take_inventory("aoc", [telem], ignore=Ignore(files=(r".*\.ndjson\.gz",), folders=("camsci1", r"\.git")))
    assert (summary.gone, summary.unchanged) == (0, 2)


def test_a_pattern_or_a_folder_that_is_none_is_refused(telem):
    with pytest.raises(UsageError, match=re.escape("'*.swp'")):
        take_inventory("aoc", [telem], ignore=Ignore(files=("*.swp",)))
    with pytest.raises(UsageError, match="absolute"):
        take_inventory("aoc", ["telem"])
    with pytest.raises(UsageError, match="data_dirs"):
        take_inventory("aoc", [])


def test_a_folder_named_twice_or_below_another_is_walked_once(telem, tmp_path):
    (tmp_path / "link").symlink_to(telem)
    tops = data_folders([telem, str(telem) + "/", telem / "camsci1", tmp_path / "link"])
    assert len(tops) == 1
    assert take_inventory("aoc", [tmp_path / "link"]).new == 6  # a data folder itself may be a link


def entry(path: str, size: int = 1, modified_ns: int = 5) -> Entry:
    return Entry(path, None, size, modified_ns, 7)


def test_a_list_that_an_agent_sent_is_taken_as_an_inventory_is():
    first = [entry(f"/opt/telem/{NAME}"), entry("/opt/telem/b.log"), entry("/data/c.log"), entry("/data/c.log", size=2)]
    assert take_entries("icc", first).new == 3
    assert File.objects.get(path="/data/c.log").size_bytes == 2  # the last word counts
    assert take_entries("icc", first[:1]).gone == 0
    summary = take_entries("icc", first[:1], below="/opt/telem")
    assert (summary.gone, summary.unchanged) == (1, 1)
    summary = take_entries("icc", [], below="/opt/telem")
    assert (summary.gone, len(summary.notes)) == (0, 1)
    assert take_entries("icc", first[:1], below="/", unread=["/data"]).gone == 0
    assert take_entries("icc", first[:1], below="/").gone == 1


def test_a_long_list_comes_in_pieces_that_say_which_paths_they_are_all_of():
    paths = sorted(["/d/a", "/d/aa", "/d/b", "/d/\u00e4", "/d/\uffff", "/d/\U00010000", "/d/Z", "/e/a"])
    take_entries("icc", [entry(path) for path in paths])
    left = [path for path in paths if path not in {"/d/aa", "/d/\uffff"}]
    first, second = left[:3], left[3:-1]
    assert take_entries("icc", map(entry, first), below="/d", upto=first[-1]).gone == 1
    assert take_entries("icc", map(entry, second), below="/d", after=first[-1]).gone == 1
    assert {row.path for row in File.objects.filter(gone_at=None)} == set(left)


@pytest.mark.parametrize(
    "bad",
    [
        entry("relative"),
        entry("/nul\0"),
        entry("/half\udc80"),
        entry("/opt/../etc/a"),
        entry("/a", -1),
        entry("/a", 2**63),
        entry("/a", 1, -(2**70)),
    ],
)
def test_a_list_with_something_that_no_file_has_is_refused_whole(bad):
    with pytest.raises(UsageError):
        take_entries("icc", [entry("/good"), bad])
    assert not File.objects.exists()
