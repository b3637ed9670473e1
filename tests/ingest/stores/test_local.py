"""What only a store on a file system must do: outlive kills, races and other people's files."""

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.errors import ConflictError, FatalError, NotFoundError, UsageError
from ingest.stores.local import LocalStore
from tests.ingest.stores.conftest import BASE_URL, SIGNING_KEY, Sender

PATH = "lsc/fa15/20250309/raw/frame-e00.fits.fz"
PROJECT = Path(__file__).parents[3]


def start_writer(root: Path, work: str, source: Path, count: int, path: str = PATH) -> "subprocess.Popen[str]":
    arguments = [str(root), work, path, str(source), str(count)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.ingest.stores.writer", *arguments],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_together(writers: "list[subprocess.Popen[str]]") -> list[str]:
    """Let the writers begin at the same moment; give all that they say."""
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    said = [writer.communicate(timeout=60)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * len(writers)
    return [version_id for words in said for version_id in json.loads(words)]


def place_plain(root: Path, content: bytes, path: str = PATH) -> str:
    """Write a file as the public ingester does; give its MD5."""
    plain = root / path
    plain.parent.mkdir(parents=True, exist_ok=True)
    plain.write_bytes(content)
    return hashlib.md5(content).hexdigest()


def test_a_version_is_a_file_below_the_name_of_its_path(root: Path, local_store: LocalStore, sender: Sender):
    version = sender.put(local_store, PATH, b"content")
    file = root / ".versions" / PATH / version.version_id
    assert file.read_bytes() == b"content"
    assert stat.S_IMODE(file.stat().st_mode) & 0o137 == 0
    assert re.fullmatch(r"\d{8}T\d{12}Z-[0-9a-f]{8}", version.version_id)
    assert len(version.version_id) <= 32
    assert list((root / ".versions" / ".incoming").iterdir()) == []


def test_the_time_of_storing_survives_a_copy_that_loses_file_times(root: Path, local_store: LocalStore, sender: Sender):
    version = sender.put(local_store, PATH, b"content")
    os.utime(root / ".versions" / PATH / version.version_id, (0, 0))
    assert local_store.head(PATH, version.version_id) == version


def test_a_later_version_is_newer_although_the_clock_was_set_back(root: Path, local_store: LocalStore, sender: Sender):
    first = sender.put(local_store, PATH, b"first")
    in_future = "29990101T000000000000Z-00000000"
    (root / ".versions" / PATH / first.version_id).rename(root / ".versions" / PATH / in_future)
    second = sender.put(local_store, PATH, b"second")
    assert [v.version_id for v in local_store.versions(PATH)] == [second.version_id, in_future]
    assert second.stored_at == datetime(2999, 1, 1, microsecond=1, tzinfo=UTC)


def test_the_last_deletion_removes_the_empty_folders_and_no_others(root: Path, local_store: LocalStore, sender: Sender):
    sibling = "lsc/fa15/20250310/raw/other.fits"
    kept = sender.put(local_store, sibling, b"kept")
    version = sender.put(local_store, PATH, b"content")
    local_store.delete(PATH, version.version_id)
    assert not (root / ".versions" / "lsc/fa15/20250309").exists()
    local_store.delete(sibling, kept.version_id)
    assert [entry.name for entry in (root / ".versions").iterdir()] == [".incoming"]


def test_a_reader_is_not_disturbed_by_a_deletion(local_store: LocalStore, sender: Sender):
    version = sender.put(local_store, PATH, b"content")
    stream = local_store.stream(PATH, version.version_id)
    local_store.delete(PATH, version.version_id)
    assert b"".join(stream) == b"content"


def test_a_writer_killed_half_way_leaves_no_version_and_its_remains_go_after_a_day(
    root: Path, local_store: LocalStore, sender: Sender, tmp_path: Path
):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = start_writer(root, "put_from_pipe", pipe, 1)
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write("\n")
    writer.stdin.flush()
    with pipe.open("wb") as sending:
        sending.write(bytes(3 << 20))  # a pipe holds 64 KiB, so by now the writer has read and written some MiB
        sending.flush()
        writer.kill()
        writer.wait(timeout=30)
    writer.stdin.close()
    writer.stdout.close()

    remains = list((root / ".versions" / ".incoming").iterdir())
    assert [file.stat().st_size >= 1 << 20 for file in remains] == [True]
    assert local_store.versions(PATH) == []
    sender.put(local_store, PATH, b"content")
    assert len(local_store.versions(PATH)) == 1
    assert remains[0].exists()  # it could be that of a writer at work
    two_days_ago = time.time() - timedelta(days=2).total_seconds()
    os.utime(remains[0], (two_days_ago, two_days_ago))
    sender.put(LocalStore(root=root, base_url=BASE_URL, signing_key=SIGNING_KEY), PATH, b"content")
    assert not remains[0].exists()


def test_processes_that_put_the_same_path_at_once_all_keep_their_versions(
    root: Path, local_store: LocalStore, tmp_path: Path
):
    sources = [tmp_path / name for name in "ab"]
    for source in sources:
        source.write_bytes(source.name.encode() * 100_000)
    put = run_together([start_writer(root, "put", source, 25) for source in sources])
    versions = local_store.versions(PATH)
    assert len(set(put)) == 50
    assert sorted(v.version_id for v in versions) == sorted(put)
    contents = [b"".join(local_store.stream(PATH, v.version_id)) for v in versions]
    assert sorted(contents) == [b"a" * 100_000] * 25 + [b"b" * 100_000] * 25


def test_folders_that_come_and_go_under_two_processes_lose_no_file(root: Path, tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(b"content")
    put = run_together(
        [start_writer(root, "put_and_delete", source, 200), start_writer(root, "put_and_delete", source, 200)]
    )
    assert put == []
    assert [entry.name for entry in (root / ".versions").iterdir()] == [".incoming"]


def test_a_plain_file_is_adopted_and_outlives_its_overwriting_in_place(root: Path, local_store: LocalStore):
    first = place_plain(root, b"first bytes")
    adopted = local_store.adopt(PATH, md5=first)
    second = place_plain(root, b"second")  # truncates the same file
    newer = local_store.adopt(PATH, md5=second)
    assert (adopted.version_id, newer.version_id) == (first, second)
    assert b"".join(local_store.stream(PATH, first)) == b"first bytes"
    assert b"".join(local_store.stream(PATH, second)) == b"second"
    assert local_store.versions(PATH) == [newer, adopted]


def test_adopting_again_changes_nothing_even_when_the_plain_file_is_gone(root: Path, local_store: LocalStore):
    md5 = place_plain(root, b"content")
    adopted = local_store.adopt(PATH, md5=md5)
    (root / PATH).unlink()
    assert local_store.adopt(PATH, md5=md5) == adopted
    assert local_store.versions(PATH) == [adopted]


def test_processes_that_adopt_one_file_at_once_make_one_version(root: Path, local_store: LocalStore, tmp_path: Path):
    md5 = place_plain(root, bytes(3 << 20))
    writers = [start_writer(root, "adopt", root / PATH, 3) for _ in range(2)]
    assert set(run_together(writers)) == {md5}
    assert [v.version_id for v in local_store.versions(PATH)] == [md5]


def test_adopted_and_own_versions_stand_in_one_order(root: Path, local_store: LocalStore, sender: Sender):
    oldest = sender.put(local_store, PATH, b"oldest")
    middle = local_store.adopt(PATH, md5=place_plain(root, b"middle"))
    newest = sender.put(local_store, PATH, b"newest")
    assert local_store.versions(PATH) == [newest, middle, oldest]


@pytest.mark.parametrize("md5", ["0" * 32, "", "../../etc/passwd", "D41D8CD98F00B204E9800998ECF8427E"])
def test_a_plain_file_with_another_md5_is_not_adopted(root: Path, local_store: LocalStore, md5: str):
    place_plain(root, b"content")
    with pytest.raises(UsageError, match="MD5"):
        local_store.adopt(PATH, md5=md5)
    assert local_store.versions(PATH) == []


def test_a_plain_file_that_is_not_there_can_not_be_adopted(local_store: LocalStore):
    with pytest.raises(UsageError, match="has no file"):
        local_store.adopt(PATH, md5="0" * 32)


def test_deleting_an_adopted_version_takes_the_plain_file_only_if_it_is_the_same(root: Path, local_store: LocalStore):
    first = place_plain(root, b"first")
    local_store.adopt(PATH, md5=first)
    second = place_plain(root, b"second")
    local_store.adopt(PATH, md5=second)
    local_store.delete(PATH, first)
    assert (root / PATH).read_bytes() == b"second"
    local_store.delete(PATH, second)
    assert not (root / PATH).exists()
    assert local_store.versions(PATH) == []


def test_no_symbolic_link_leads_out_of_the_root(root: Path, local_store: LocalStore, sender: Sender, tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = b"secret"
    (outside / "file").write_bytes(secret)
    sender.put(local_store, PATH, b"content")
    (root / "out").symlink_to(outside)
    (root / ".versions" / "out").symlink_to(outside)
    md5 = hashlib.md5(secret).hexdigest()
    (root / ".versions" / PATH / md5).symlink_to(outside / "file")
    with pytest.raises(UsageError, match="symbolic link"):
        local_store.adopt("out/file", md5=md5)
    with pytest.raises(UsageError, match="symbolic link"):
        sender.put(local_store, "out/new", b"content")
    with pytest.raises(NotFoundError):
        local_store.head(PATH, md5)
    with pytest.raises(NotFoundError):
        local_store.stream(PATH, md5)
    (outside / md5).write_bytes(secret)
    with pytest.raises(UsageError, match="symbolic link"):
        local_store.stream("out", md5)
    (outside / md5).unlink()
    assert [file.name for file in outside.iterdir()] == ["file"]


def test_the_root_itself_may_be_a_symbolic_link(root: Path, tmp_path: Path, sender: Sender):
    link = tmp_path / "link"
    link.symlink_to(root)
    store = LocalStore(root=link, base_url=BASE_URL, signing_key=SIGNING_KEY)
    version = sender.put(store, PATH, b"content")
    assert b"".join(store.stream(PATH, version.version_id)) == b"content"


def test_a_name_in_the_folder_of_a_version_is_refused(local_store: LocalStore, sender: Sender):
    version = sender.put(local_store, PATH, b"content")
    with pytest.raises(ConflictError):
        sender.put(local_store, f"{PATH}/{version.version_id}", b"other")
    assert local_store.versions(PATH) == [version]


def test_nothing_is_written_where_the_root_is_missing(tmp_path: Path, sender: Sender):
    store = LocalStore(root=tmp_path / "not mounted", base_url=BASE_URL, signing_key=SIGNING_KEY)
    with pytest.raises(FatalError, match="mount its disk"):
        sender.put(store, PATH, b"content")
    with pytest.raises(FatalError, match="mount its disk"):
        store.check()
    assert not (tmp_path / "not mounted").exists()
