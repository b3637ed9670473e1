"""A14: copies are made, checked byte for byte, and a database can be built anew from them."""

import hashlib
import os
import sys
from pathlib import Path

import pytest
from django.db import connection

from telemetry import filecopy, replicas
from telemetry.enrolment import import_origins, verify
from telemetry.errors import ConflictError, NotFoundError, TransientError, UsageError
from telemetry.inventory import take_inventory
from telemetry.locations import add_location, find_location, list_locations, waiting_for
from telemetry.models import File, Replica
from telemetry.replicas import sync

pytestmark = pytest.mark.django_db
HOST = "aoc"


@pytest.fixture
def telem(tmp_path: Path) -> Path:
    """A data folder of five files, one of them with a name that is no UTF-8, in the inventory."""
    folder = tmp_path / "telem"
    for number in range(4):
        path = folder / f"dev{number}" / f"dev{number}_20240415223050997960288.bintel"
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes([number]) * (1000 + number))
        os.utime(path, ns=(10**18 + number, 1_713_220_250_123_456_789 + number))
    (folder / os.fsdecode(b"caf\xe9.log")).write_bytes(b"text")
    take_inventory(HOST, [folder])
    return folder


@pytest.fixture
def backup(tmp_path: Path):
    (tmp_path / "backup").mkdir()
    return add_location("backup", str(tmp_path / "backup"))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".xtelemdb"))


def copy_of(backup, path: Path) -> Path:
    return Path(f"{backup.prefix}/{HOST}{path}")


def test_a_sync_copies_all_with_time_and_checksum_and_a_second_copies_nothing(telem, backup):
    assert sync(backup, host=HOST).copied == 5
    for path in files(telem):
        copy = copy_of(backup, path)
        assert copy.read_bytes() == path.read_bytes()
        assert copy.stat().st_mtime_ns == path.stat().st_mtime_ns
    checksums = {bytes(row.sha256) for row in Replica.objects.all()}
    assert checksums == {hashlib.sha256(path.read_bytes()).digest() for path in files(telem)}
    inodes = {path.stat().st_ino for path in files(Path(backup.prefix))}
    assert (sync(backup, host=HOST).copied, len(inodes)) == (0, 5)
    assert {path.stat().st_ino for path in files(Path(backup.prefix))} == inodes


def test_the_lag_lists_what_is_not_copied_and_what_was_copied_as_it_was_before(telem, backup):
    sync(backup, host=HOST, limit=3)
    [lag] = list_locations()
    assert (lag.n_ok, lag.n_not_copied, lag.n_older) == (3, 2, 0)
    sync(backup, host=HOST)
    with (telem / "dev1/dev1_20240415223050997960288.bintel").open("ab") as file:
        file.write(b"more")
    (telem / "new.log").write_bytes(b"")
    take_inventory(HOST, [telem])
    [lag] = list_locations()
    assert (lag.n_ok, lag.n_not_copied, lag.n_older) == (5, 1, 1)
    assert {Path(file.path).name for file in waiting_for(backup)} == {"new.log", "dev1_20240415223050997960288.bintel"}
    assert sync(backup, host=HOST).copied == 2
    assert waiting_for(backup) == []


def test_verify_tells_of_each_harm_and_a_sync_mends_it(telem, backup):
    sync(backup, host=HOST)
    flipped, cut, removed, *_ = [copy_of(backup, path) for path in files(telem)]
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 1
    before = flipped.stat()
    flipped.write_bytes(content)
    os.utime(flipped, ns=(before.st_atime_ns, before.st_mtime_ns))  # nothing but the bytes tells
    os.truncate(cut, cut.stat().st_size - 1)
    removed.unlink()
    unknown = Path(backup.prefix) / "rtc/opt/telem/extra_20240415223050997960288.bintel"
    unknown.parent.mkdir(parents=True)
    unknown.write_bytes(b"extra")
    found = verify(backup)
    said = {row.file_id: row.state for row in Replica.objects.all()}
    assert (len(found.differs), len(found.missing), found.ok) == (2, 1, 2)
    assert sorted(said.values()) == ["differs", "differs", "missing", "ok", "ok"]
    assert found.unknown == [str(unknown)]
    imported = import_origins(backup)
    assert (imported.origins, imported.replicas, imported.failed) == (1, 1, [])
    assert sync(backup, host=HOST).copied == 3
    found = verify(backup)
    assert (found.ok, found.differs, found.missing, found.unknown) == (6, [], [], [])


def test_a_copy_outlives_its_origin(telem, backup):
    sync(backup, host=HOST)
    for path in files(telem):
        path.unlink()
    assert take_inventory(HOST, [telem], believe_empty=True).gone == 5
    assert sync(backup, host=HOST).copied == 0
    assert verify(backup).ok == 5


def test_a_file_that_changes_while_it_is_copied_is_told_and_copied_the_next_time(telem, backup, monkeypatch):
    path = files(telem)[1]
    real = os.fsync

    def grow_then_sync(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink().is_relative_to(copy_of(backup, path).parent) and not grown:
            grown.append(1)
            with path.open("ab") as file:
                file.write(b"grown")
        real(descriptor)

    grown: list[int] = []
    monkeypatch.setattr(os, "fsync", grow_then_sync)
    done = sync(backup, host=HOST)
    assert done.copied == 4
    assert done.failed == [f"{path} changed while it was copied: the next sync copies it."]
    assert not copy_of(backup, path).exists()
    assert sync(backup, host=HOST).copied == 1
    assert copy_of(backup, path).read_bytes().endswith(b"grown")
    assert [path.name for path in Path(backup.prefix).rglob(".xtelemdb-*.part")] == []


def test_a_sync_that_is_killed_leaves_the_old_copy_and_goes_on_later(telem, backup, monkeypatch):
    sync(backup, host=HOST)
    path = files(telem)[0]
    old = path.read_bytes()
    path.write_bytes(b"written anew")
    take_inventory(HOST, [telem])

    def killed(_descriptor):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", killed)
        with pytest.raises(KeyboardInterrupt):
            sync(backup, host=HOST)
    assert copy_of(backup, path).read_bytes() == old
    assert len(files(Path(backup.prefix))) == 5
    assert sync(backup, host=HOST).copied == 1
    assert copy_of(backup, path).read_bytes() == b"written anew"


def test_copies_that_rsync_made_are_taken_over_without_writing(telem, backup):
    path = files(telem)[0]
    copy = copy_of(backup, path)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(0, path.stat().st_mtime_ns))
    inode = copy.stat().st_ino
    sync(backup, host=HOST)
    assert copy.stat().st_ino == inode
    assert verify(backup).ok == 5


def test_a_file_that_vanished_since_the_inventory_is_told_and_the_rest_goes_on(telem, backup):
    files(telem)[0].unlink()
    done = sync(backup, host=HOST)
    assert (done.copied, len(done.failed)) == (4, 1)


def test_nothing_is_copied_to_a_folder_whose_disk_is_away(telem, backup, tmp_path):
    Path(backup.prefix).rename(tmp_path / "unmounted")
    Path(backup.prefix).mkdir()
    for verb in (lambda: sync(backup, host=HOST), lambda: verify(backup), lambda: import_origins(backup)):
        with pytest.raises(TransientError, match="mounted"):
            verb()
    assert list(Path(backup.prefix).iterdir()) == []
    assert not Replica.objects.exists()


def test_a_full_disk_ends_the_sync_with_its_reason(telem, backup, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(filecopy, "_copy_bytes", full)
    with pytest.raises(TransientError, match="No space left"):
        sync(backup, host=HOST)


def test_a_database_is_built_anew_from_a_backup(telem, backup):
    sync(backup, host=HOST)
    before = {(row.host, row.path, row.size_bytes, row.modified_ns, row.device, row.kind) for row in File.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM telemetry.file")
    stray = Path(backup.prefix) / "README"
    stray.write_text("no host's", encoding="utf-8")
    imported = import_origins(backup)
    assert (imported.origins, imported.replicas, len(imported.failed)) == (5, 5, 1)
    assert str(stray) in imported.failed[0]
    after = {(row.host, row.path, row.size_bytes, row.modified_ns, row.device, row.kind) for row in File.objects.all()}
    assert after == before
    stamped = File.objects.filter(kind="bintel")
    assert {row.created_ns for row in stamped} == {1_713_220_250_997_960_288}
    assert (import_origins(backup).replicas, verify(backup).ok) == (0, 5)
    assert take_inventory(HOST, [telem]).back == 5  # until then nobody knew whether they are there


def test_a_name_that_is_taken_or_a_prefix_that_is_none_is_refused(backup, tmp_path):
    assert add_location("backup", backup.prefix + "/") == backup  # twice is once
    with pytest.raises(ConflictError, match="another name"):
        add_location("backup", str(tmp_path))
    with pytest.raises(UsageError, match="mount its disk"):
        add_location("other", str(tmp_path / "nothing"))
    with pytest.raises(UsageError, match="neither"):
        add_location("other", "http://somewhere")
    with pytest.raises(NotFoundError, match="backup"):
        find_location("bakcup")


def test_another_computer_is_served_by_a_command_that_is_given_names_and_host(telem, tmp_path):
    away = add_location("popeye", "ssh://popeye/ceph")
    with pytest.raises(UsageError, match="command ="):
        sync(away, host=HOST)
    into = tmp_path / "ceph"
    into.mkdir()
    copies = "import shutil,sys,pathlib\nfor p in open(sys.argv[1],'rb').read().split(b'\\0')[:-1]:\n" \
        "    t=pathlib.Path(sys.argv[2]+sys.argv[3]+p.decode('utf8','surrogateescape')); t.parent.mkdir(parents=True, exist_ok=True)\n" \
        "    shutil.copy2(p, t)"  # fmt: skip
    command = [sys.executable, "-c", copies, "{list}", f"{into}/", "{host}"]
    assert sync(away, host=HOST, command=command).copied == 5
    assert len(files(into / HOST)) == 5
    assert sync(away, host=HOST, command=command).copied == 0
    with pytest.raises(UsageError, match="can not be read here"):
        verify(away)


def test_a_command_that_fails_records_nothing(telem):
    away = add_location("popeye", "ssh://popeye/ceph")
    failing = [sys.executable, "-c", "import sys; sys.exit('no route to popeye')"]
    with pytest.raises(TransientError, match="no route to popeye"):
        sync(away, host=HOST, command=failing)
    assert not Replica.objects.exists()
    assert replicas.silent(1) is None
