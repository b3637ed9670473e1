"""The list of a store: both sides are held a path at a time, however many there are."""

import tracemalloc
from datetime import UTC, datetime
from itertools import groupby

from archive.backup.manifest import Entry, Listed, read, side_by_side, written
from ingest.stores.base import StoredVersion

AT = datetime(2026, 11, 28, tzinfo=UTC)
ODD = ["a", "a b", "a.fits", "a/b", "a/ü\n", "b\t", "ö", "\U0001f52d", "zz"]


def entry(path: str, version_id: str = "1", **more) -> Entry:
    return Entry("local", path, version_id, 5, "0" * 32, **more)


def version(path: str, version_id: str = "1") -> StoredVersion:
    return StoredVersion(path, version_id, 5, AT)


def listed(rows, versions) -> Listed:
    return Listed(rows, versions, "local", lambda _: False, lambda _: True, lambda _: None)


def test_every_path_of_either_side_comes_once_with_what_both_have():
    ours = sorted(ODD[::2] * 2, key=str.encode)
    theirs = sorted(ODD[1:], key=str.encode)
    found = list(side_by_side(map(entry, ours), map(version, theirs)))
    assert [path for path, _, _ in found] == sorted(ODD, key=str.encode)
    counted = {path: len(list(group)) for path, group in groupby(ours)}
    assert {path: len(entries) for path, entries, _ in found if entries} == counted
    assert [path for path, _, versions in found if versions] == theirs


def test_what_is_written_is_read_as_it_was(tmp_path):
    entries = [
        *(entry(path, sha256="a" * 64, crc32=0) for path in ODD),
        entry("no size", fault="its MD5 is another", there=False),
        Entry("s3", "archive/rows/x", "v", None, "", is_document=True),
    ]
    with written(tmp_path / "list") as write:
        for each in entries:
            write(each)
    assert list(read(tmp_path / "list")) == entries


def test_the_memory_that_it_needs_does_not_grow_with_the_store(tmp_path):
    """zlib needs 256 KiB to compress (its manual), buffers of files half of that; ids that were kept 312 KiB besides."""
    n_paths = 10_000
    entries = (entry(f"{number:06d}", f"{number:032d}") for number in range(n_paths))
    versions = (version(f"{number:06d}", f"{number:032d}") for number in range(n_paths))
    tracemalloc.start()
    with written(tmp_path / "list") as write:
        for each in listed(entries, versions).entries():
            write(each)
    assert sum(1 for _ in read(tmp_path / "list")) == n_paths
    _now, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < (256 + 128) * 1024
