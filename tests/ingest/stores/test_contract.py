"""What every store that keeps files must do."""

import dataclasses
import hashlib
import random
from datetime import UTC, datetime, timedelta

import pytest

from archive.errors import NotFoundError, UsageError
from ingest.stores.base import STREAM_BLOCK_BYTES, FileStore
from ingest.stores.s3 import S3Store
from tests.ingest.stores.conftest import Sender, follow

CONTENT = b"0123456789"
AN_HOUR = timedelta(hours=1)


def read(store: FileStore, path: str, version_id: str, **limits: int) -> bytes:
    return b"".join(store.stream(path, version_id, **limits))


def test_what_was_put_is_read_back_and_described(store: FileStore, sender: Sender, path: str):
    before = datetime.now(UTC) - timedelta(seconds=2)  # S3 gives times in whole seconds
    version = sender.put(store, path, CONTENT)
    described = store.head(path, version.version_id)
    assert read(store, path, version.version_id) == CONTENT
    assert (described.path, described.version_id, described.size_bytes) == (path, version.version_id, 10)
    assert before < described.stored_at <= datetime.now(UTC) + timedelta(seconds=1)


def test_files_longer_than_a_block_are_read_back_whole(store: FileStore, sender: Sender, path: str):
    content = random.Random(1).randbytes(2 * STREAM_BLOCK_BYTES + 17)
    version = sender.put(store, path, content)
    assert read(store, path, version.version_id) == content
    inside = read(store, path, version.version_id, start=STREAM_BLOCK_BYTES - 5, stop=2 * STREAM_BLOCK_BYTES + 5)
    assert inside == content[STREAM_BLOCK_BYTES - 5 : 2 * STREAM_BLOCK_BYTES + 5]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"start": 0, "stop": 1}, b"0"),
        ({"start": 9, "stop": 10}, b"9"),
        ({"start": 9}, b"9"),
        ({"start": 3, "stop": 7}, b"3456"),
        ({"start": 8, "stop": 99}, b"89"),
        ({"start": 10}, b""),
        ({"start": 50, "stop": 60}, b""),
        ({"start": 4, "stop": 4}, b""),
        ({"stop": 0}, b""),
    ],
)
def test_a_range_gives_the_bytes_from_start_up_to_stop(store: FileStore, sender: Sender, path: str, limits, expected):
    version = sender.put(store, path, CONTENT)
    assert read(store, path, version.version_id, **limits) == expected


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (5, 4)])
def test_a_range_that_is_none_is_refused(store: FileStore, sender: Sender, path: str, start, stop):
    version = sender.put(store, path, CONTENT)
    with pytest.raises(UsageError):
        store.stream(path, version.version_id, start=start, stop=stop)


def test_an_empty_file_is_kept(store: FileStore, sender: Sender, path: str):
    version = sender.put(store, path, b"")
    assert store.head(path, version.version_id).size_bytes == 0
    assert read(store, path, version.version_id) == b""
    assert read(store, path, version.version_id, start=3) == b""


def test_every_version_of_a_path_stays_readable_and_the_newest_comes_first(store: FileStore, sender: Sender, path: str):
    put = [sender.put(store, path, content) for content in (b"one", b"second", b"third one", b"one")]
    assert [(v.version_id, v.size_bytes) for v in store.versions(path)] == [
        (v.version_id, v.size_bytes) for v in reversed(put)
    ]
    assert [read(store, path, v.version_id) for v in put] == [b"one", b"second", b"third one", b"one"]
    assert all(len(v.version_id) <= 1024 for v in put)


def test_versions_are_those_of_this_path_only(store: FileStore, sender: Sender, path: str):
    version = sender.put(store, path, CONTENT)
    for other in (f"{path}.bak", f"{path}/inside", f"{path[:-1]}", f"{path}!"):
        sender.put(store, other, b"other")
    assert [v.version_id for v in store.versions(path)] == [version.version_id]
    assert store.versions(path[:-3]) == []


@pytest.mark.parametrize(
    "wrong",
    [{"md5": "0" * 32}, {"sha256": "0" * 64}, {"size_bytes": 9}, {"crc32": 1}, {"size_bytes": 70 << 20}],
)
def test_bytes_that_are_not_those_announced_are_refused_and_not_kept(
    store: FileStore, sender: Sender, path: str, wrong
):
    source, upload = sender.upload_of(path, CONTENT)
    upload = dataclasses.replace(upload, digest=dataclasses.replace(upload.digest, **wrong))
    with pytest.raises(UsageError, match="announced"):
        store.put(source, upload)
    assert store.versions(path) == []


def test_a_source_that_is_not_there_is_refused(store: FileStore, sender: Sender, path: str):
    source, upload = sender.upload_of(path, CONTENT)
    source.unlink()
    with pytest.raises(UsageError, match="can not be read"):
        store.put(source, upload)


def test_deleting_one_version_leaves_the_other(store: FileStore, sender: Sender, path: str):
    older, newer = sender.put(store, path, b"older"), sender.put(store, path, b"newer")
    store.delete(path, newer.version_id)
    assert [v.version_id for v in store.versions(path)] == [older.version_id]
    assert read(store, path, older.version_id) == b"older"
    with pytest.raises(NotFoundError):
        store.head(path, newer.version_id)
    with pytest.raises(NotFoundError):
        store.stream(path, newer.version_id)


def test_a_version_can_be_deleted_twice_and_the_path_used_again(store: FileStore, sender: Sender, path: str):
    version = sender.put(store, path, CONTENT)
    store.delete(path, version.version_id)
    store.delete(path, version.version_id)
    assert store.versions(path) == []
    again = sender.put(store, path, CONTENT)
    assert again.version_id != version.version_id
    assert read(store, path, again.version_id) == CONTENT


@pytest.mark.parametrize(
    "name",
    ["with space.fits", "plus+.fits", "hash#1.fits", "überß-日本.fits", "per%20cent%.fits", "a&b=c?d;e.fits",
     "quote'\".fits", "back\\slash.fits", "~*()!.fits"],
)  # fmt: skip
def test_names_may_hold_any_letter(store: FileStore, sender: Sender, path: str, name: str):
    path = f"{path}/{name}"
    version = sender.put(store, path, CONTENT)
    assert read(store, path, version.version_id) == CONTENT
    assert [v.path for v in store.versions(path)] == [path]
    assert follow(store, store.signed_url(path, version.version_id, expires_in=AN_HOUR)) == (200, CONTENT)
    store.delete(path, version.version_id)
    assert store.versions(path) == []


@pytest.mark.parametrize(
    "bad",
    ["", "/", "/etc/passwd", "a//b", "a/", "../x", "a/../../x", "a/./b", ".", "a/.versions/b", "a\nb", "a\0b",
     "a\x7fb", "a\ud800", "x" * 256, "/".join(["x" * 200] * 6)],
)  # fmt: skip
def test_a_path_that_could_leave_its_place_is_refused_everywhere(store: FileStore, sender: Sender, bad: str):
    with pytest.raises(UsageError):
        sender.put(store, bad, CONTENT)
    with pytest.raises(UsageError):
        store.head(bad, "1")
    with pytest.raises(UsageError):
        store.stream(bad, "1")
    with pytest.raises(UsageError):
        store.versions(bad)
    with pytest.raises(UsageError):
        store.delete(bad, "1")
    with pytest.raises(UsageError):
        store.signed_url(bad, "1", expires_in=AN_HOUR)


@pytest.mark.parametrize(
    "version_id", ["", "..", "../x", "null", "0" * 32, "1700000000.00000", "no such", "20250309T010203000004Z-00000000"]
)
def test_an_unknown_version_is_not_found(store: FileStore, sender: Sender, path: str, version_id: str):
    sender.put(store, path, CONTENT)
    for known in (path, f"{path}-unknown"):
        with pytest.raises(NotFoundError):
            store.head(known, version_id)
        with pytest.raises(NotFoundError):
            store.stream(known, version_id)
        store.delete(known, version_id)
    assert len(store.versions(path)) == 1


def test_a_version_is_found_under_its_own_path_only(store: FileStore, sender: Sender, path: str):
    version = sender.put(store, path, CONTENT)
    sender.put(store, f"{path}2", b"other")
    with pytest.raises(NotFoundError):
        store.head(f"{path}2", version.version_id)


def test_a_signed_link_gives_its_own_version_without_further_permission(store: FileStore, sender: Sender, path: str):
    older, newer = sender.put(store, path, b"older"), sender.put(store, path, b"newer")
    assert follow(store, store.signed_url(path, older.version_id, expires_in=AN_HOUR)) == (200, b"older")
    assert follow(store, store.signed_url(path, newer.version_id, expires_in=AN_HOUR)) == (200, b"newer")


def test_a_signed_link_that_was_changed_gives_nothing(store: FileStore, sender: Sender, path: str):
    older, newer = sender.put(store, path, b"older"), sender.put(store, path, b"newer")
    other = sender.put(store, f"{path}2", b"other")
    url = store.signed_url(path, older.version_id, expires_in=AN_HOUR)
    later = {"expires=": "expires=9", "X-Amz-Expires=3600": "X-Amz-Expires=7200"}
    changes = [
        (older.version_id, newer.version_id),
        ("frame-e00.fits.fz", "frame-e00.fits.fz2"),
        next((old, new) for old, new in later.items() if old in url),
        (url[-4:], "0000" if url[-4:] != "0000" else "1111"),
    ]
    for old, new in changes:
        changed = url.replace(old, new)
        assert changed != url
        status, body = follow(store, changed)
        assert status == 403, (old, new)
        assert not {b"older", b"newer", b"other"} & {body}
    assert other.size_bytes == 5


def test_reading_half_a_stream_and_leaving_it_is_clean(store: FileStore, sender: Sender, path: str):
    content = bytes(3 * STREAM_BLOCK_BYTES)
    version = sender.put(store, path, content)
    stream = store.stream(path, version.version_id)
    assert next(stream)[:1] == b"\0"
    del stream  # the suite turns a resource warning into a failure
    assert len(read(store, path, version.version_id)) == len(content)


def test_a_working_store_passes_its_check(store: FileStore):
    warning = store.check()
    assert warning is None or "memory" in warning


def test_the_listing_has_every_version_in_the_order_of_the_paths(store: FileStore, sender: Sender, path: str):
    top = path.split("/", 1)[0]
    names = ["a", "a.fits", "a/b", "a/b.fits", "a!", "ab", "ü", "日", "Z", "a/b/c"]
    put = {f"{top}/{name}": [sender.put(store, f"{top}/{name}", name.encode())] for name in names}
    put[f"{top}/a.fits"].insert(0, sender.put(store, f"{top}/a.fits", b"again"))
    found = [version for version in store.listing() if version.path.startswith(f"{top}/")]
    assert [(version.path, version.version_id, version.size_bytes) for version in found] == [
        (path, version.version_id, version.size_bytes) for path in sorted(put, key=str.encode) for version in put[path]
    ]
    contents = {f"{top}/{name}": {name.encode(), b"again"} for name in names}
    for version in found:
        known = {hashlib.md5(content).hexdigest() for content in contents[version.path]}
        assert version.md5 in known if isinstance(store, S3Store) else not version.md5


def test_a_deleted_version_is_listed_no_more(store: FileStore, sender: Sender, path: str):
    version = sender.put(store, path, CONTENT)
    store.delete(path, version.version_id)
    assert [found for found in store.listing() if found.path == path] == []


def test_a_purge_removes_every_version_of_exactly_this_path(store: FileStore, sender: Sender, path: str):
    for content in (b"one", b"two", b"one"):
        sender.put(store, path, content)
    neighbours = [f"{path}0", f"{path}/inside", path[:-1], f"{path}.bak"]
    kept = [sender.put(store, neighbour, b"other").version_id for neighbour in neighbours]
    assert store.purge(path, spare=lambda _version: False) == 3
    assert store.versions(path) == []
    assert [version.version_id for neighbour in neighbours for version in store.versions(neighbour)] == kept
    assert store.purge(path, spare=lambda _version: False) == 0


def test_a_purge_spares_what_it_is_told_to(store: FileStore, sender: Sender, path: str):
    _old, middle, _new = [sender.put(store, path, content) for content in (b"old", b"middle", b"new")]
    assert store.purge(path, spare=lambda version: version.version_id == middle.version_id) == 2
    assert [version.version_id for version in store.versions(path)] == [middle.version_id]
    assert read(store, path, middle.version_id) == b"middle"


def test_a_purge_of_what_was_never_there_is_no_error(store: FileStore, path: str):
    assert store.purge(path, spare=lambda _version: False) == 0
    with pytest.raises(UsageError):
        store.purge("../x", spare=lambda _version: False)


def test_an_open_read_outlives_a_purge(store: FileStore, sender: Sender, path: str):
    content = random.Random(2).randbytes(3 * STREAM_BLOCK_BYTES)
    version = sender.put(store, path, content)
    stream = store.stream(path, version.version_id)
    begun = next(stream)
    assert store.purge(path, spare=lambda _version: False) == 1
    if store.name != "s3":  # a server may break off: the reader then has half a file, and is told
        assert begun + b"".join(stream) == content
    with pytest.raises(NotFoundError):
        store.stream(path, version.version_id)


def test_a_move_leaves_the_old_version_and_its_bytes(store: FileStore, sender: Sender, path: str):
    version = sender.put(store, path, CONTENT)
    moved = store.move_to_infrequent(path, version.version_id)
    if moved is None:  # one class only: nothing happened
        assert [held.version_id for held in store.versions(path)] == [version.version_id]
        return
    assert moved.storage_class == "STANDARD_IA"
    assert [(held.version_id, held.storage_class) for held in store.versions(path)] == [
        (moved.version_id, "STANDARD_IA"),
        (version.version_id, "STANDARD"),
    ]
    assert read(store, path, moved.version_id) == read(store, path, version.version_id) == CONTENT
    assert store.move_to_infrequent(path, moved.version_id) == moved
