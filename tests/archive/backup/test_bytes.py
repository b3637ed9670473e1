"""Rows and bytes: what is missing is told, what lies elsewhere is found, and rows follow it."""

from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from archive.backup.making import make_backup
from archive.backup.progress import no_bars
from archive.backup.recovering import Recovery
from archive.domain import removal
from archive.errors import ConflictError
from archive.models import Frame, ReceivedObject, StoredObject
from ingest.checksums import digest_of
from ingest.reconcile import Reconciler
from ingest.stores.base import FileStore, Upload
from ingest.stores.memory import MemoryStore
from tests.archive.backup.conftest import listed, on, recover, things_in
from tests.factories import FrameFactory

LATER = datetime(2100, 1, 1, tzinfo=UTC)
PATH = "lsc/fa15/20250309/raw/twice.fits"


@pytest.fixture
def two_buckets(use_s3, s3_server, fresh_bucket) -> tuple[FileStore, FileStore]:
    other = replace(s3_server, bucket=f"copy-{fresh_bucket}")
    other.make_bucket()
    return use_s3(bucket=fresh_bucket), use_s3(bucket=other.bucket)


def put(store: FileStore, source: Path, path: str, content: bytes) -> str:
    source.write_bytes(content)
    return store.put(source, Upload(path, digest_of(source), "application/octet-stream")).version_id


def copied(source: FileStore, target: FileStore, tmp_path: Path) -> None:
    """Each version, oldest first, as a sync of buckets does it: paths and bytes are the same, ids are not."""
    for version in reversed(list(source.listing())):
        content = b"".join(source.stream(version.path, version.version_id))
        put(target, tmp_path / "one", version.path, content)


def row_of(store: FileStore, path: str, version_id: str, source: Path) -> StoredObject:
    digest = digest_of(source)
    facts = {"size_bytes": digest.size_bytes, "md5": digest.md5, "sha256": digest.sha256, "crc32": digest.crc32}
    return StoredObject.objects.create(store=store.name, path=path, version_id=version_id, stored_at=LATER, **facts)


def differences(store: FileStore) -> list[str]:
    return [found.line() for found in Reconciler(store, settled_before=LATER).differences()]


@pytest.fixture
def told() -> list[str]:
    return []


def lose(store: FileStore, frame: Frame) -> StoredObject:
    stored = frame.versions.order_by("pk")[0].object
    store.delete(stored.path, stored.version_id)
    return stored


class TestBackup:
    def test_a_row_without_its_bytes_is_told_and_is_exit_code_1(self, filled, local_store, tmp_path):
        stored = lose(local_store, filled)
        out = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("backup", str(tmp_path / "backup"), stdout=out)
        assert ended.value.code == 1
        assert f"without its bytes: {stored.path} version {stored.version_id}" in out.getvalue()
        entries = {entry["version_id"]: entry["there"] for entry in listed(tmp_path / "backup")}
        assert [version for version, there in entries.items() if not there] == [stored.version_id]

    def test_bytes_of_another_size_are_not_those_of_the_row(self, filled, back_up, told):
        stored = filled.versions.order_by("pk")[0].object
        StoredObject.objects.filter(pk=stored.pk).update(size_bytes=stored.size_bytes + 1)
        assert back_up(tell=told.append).objects.unexpected == 1
        assert "bytes, not" in told[0]

    def test_what_was_known_or_goes_meanwhile_is_told_and_no_error(self, filled, local_store, tmp_path, told, now):
        """A frame that somebody deletes while the store is listed has rows in the dump, and no bytes any more."""
        faulty = lose(local_store, filled)
        StoredObject.objects.filter(pk=faulty.pk).update(fault="the local store has no such object", verified_at=None)
        going = FrameFactory(local_store)()
        gone = going.versions.get().object

        def bars(doing, total, unit):
            if doing == "Listing the store":
                removal.delete_frame(frame_id=going.pk, at=now, by="eve")
            return no_bars(doing, total, unit)

        made = make_backup(tmp_path / "backup", store=local_store, bars=bars, tell=told.append)
        assert (made.objects.not_there, made.objects.unexpected) == (2, 0)
        assert sorted(line.split(" version ")[0] for line in told) == [
            f"deleted meanwhile: {gone.path}",
            f"known before: {faulty.path}",
        ]

    def test_documents_beside_the_data_are_listed_and_bytes_without_a_row_counted(
        self, filled, local_store, back_up, tmp_path
    ):
        put(local_store, tmp_path / "one", "archive/rows/frames/ab/abcd.ndjson", b"{}\n")
        put(local_store, tmp_path / "one", "lsc/fa15/20250309/raw/nobody.fits", b"SIMPLE")
        made = back_up()
        assert (made.objects.documents, made.objects.without_row) == (1, 1)
        [document] = [entry for entry in listed(tmp_path / "backup") if entry.get("is_document")]
        assert (document["path"], document["size_bytes"]) == ("archive/rows/frames/ab/abcd.ndjson", 3)

    def test_an_archive_that_only_lists_frames_is_backed_up_too(self, transactional_db, use_store, empty, tmp_path):
        store = use_store(type="dummy")
        FrameFactory(store)()
        made = make_backup(tmp_path / "backup", store=store)
        assert (made.objects.kept_nowhere, made.objects.not_there) == (1, 0)
        assert Recovery(tmp_path / "backup", store, using=empty).run()[1].missing == 0


class TestRecover:
    def test_rows_follow_to_a_copy_of_the_bucket_whose_versions_have_other_ids(
        self, transactional_db, two_buckets, empty, tmp_path
    ):
        """Also where one path has the same bytes twice, and where an object was told of by the store."""
        bucket, copy = two_buckets
        frame = FrameFactory(bucket)(versions=3)
        for _ in range(2):
            row_of(bucket, PATH, put(bucket, tmp_path / "one", PATH, b"the same"), tmp_path / "one")
        for stored in StoredObject.objects.all():
            ReceivedObject.objects.create(store="s3", path=stored.path, version_id=stored.version_id, heard_at=LATER)
        make_backup(tmp_path / "backup", store=bucket)
        copied(bucket, copy, tmp_path)
        _backup, matched = Recovery(tmp_path / "backup", copy, using=empty).run()
        assert (matched.whole, matched.moved, matched.missing) == (5, 5, 0)
        with on(empty):
            assert differences(copy) == []
            for version in frame.versions.all():
                stored = version.object
                content = b"".join(copy.stream(stored.path, stored.version_id))
                assert (len(content), digest_of_bytes(content, tmp_path)) == (stored.size_bytes, stored.sha256)
            ids = set(StoredObject.objects.values_list("path", "version_id"))
            assert set(ReceivedObject.objects.values_list("path", "version_id")) == ids

    def test_rows_follow_into_another_kind_of_store(
        self, filled, local_store, back_up, use_s3, fresh_bucket, empty, tmp_path
    ):
        back_up()
        bucket = use_s3(bucket=fresh_bucket)
        copied(local_store, bucket, tmp_path)
        Recovery(tmp_path / "backup", bucket, using=empty).run()
        with on(empty):
            assert differences(bucket) == []
            assert set(StoredObject.objects.values_list("store", flat=True)) == {"s3"}

    def test_two_versions_that_changed_their_ids_are_found_when_all_bytes_are_read(
        self, transactional_db, store, empty, tmp_path
    ):
        assert isinstance(store, MemoryStore)
        ids = []
        for content in (b"first", b"other"):
            ids.append(put(store, tmp_path / "one", PATH, content))
            row_of(store, PATH, ids[-1], tmp_path / "one")
        make_backup(tmp_path / "backup", store=store)
        held = store._held[PATH]
        (first, first_bytes), (other, other_bytes) = (held[version_id] for version_id in ids)
        store._held[PATH] = {ids[0]: (first, other_bytes), ids[1]: (other, first_bytes)}
        _backup, matched = Recovery(tmp_path / "backup", store, deep=True, using=empty).run()
        assert (matched.whole, matched.moved) == (2, 2)
        with on(empty):
            for row in StoredObject.objects.all():
                content = b"".join(store.stream(row.path, row.version_id))
                assert digest_of_bytes(content, tmp_path) == row.sha256

    def test_where_the_store_tells_no_md5_versions_of_one_size_are_told_apart_by_their_bytes(
        self, transactional_db, store, empty, tmp_path
    ):
        copy = MemoryStore(base_url="http://testserver/", signing_key="tests")
        contents = [b"first", b"other", b"third"]
        for content in contents:
            row_of(store, PATH, put(store, tmp_path / "one", PATH, content), tmp_path / "one")
        make_backup(tmp_path / "backup", store=store)
        for content in [b"fifth", *reversed(contents)]:
            put(copy, tmp_path / "one", PATH, content)
        _backup, matched = Recovery(tmp_path / "backup", copy, using=empty).run()
        assert (matched.whole, matched.moved, matched.missing, matched.without_row) == (3, 3, 0, 1)
        with on(empty):
            for row in StoredObject.objects.all():
                content = b"".join(copy.stream(row.path, row.version_id))
                assert digest_of_bytes(content, tmp_path) == row.sha256

    def test_missing_bytes_are_told_before_anything_is_written(
        self, filled, local_store, back_up, empty, tmp_path, told
    ):
        back_up()
        stored = lose(local_store, filled)
        before = things_in(empty)
        recovery = Recovery(tmp_path / "backup", local_store, using=empty, tell=told.append)
        with pytest.raises(ConflictError, match="1 objects of the backup are not in the store"):
            recovery.run()
        assert things_in(empty) == before
        assert told == [
            f"without its bytes: {stored.path} version {stored.version_id} in the local store: the store has no such bytes"
        ]
        assert recovery.run(without_bytes=True)[1].missing == 1
        with on(empty):
            assert StoredObject.objects.filter(version_id=stored.version_id).exists()

    def test_what_had_no_bytes_at_the_backup_does_not_hinder(self, filled, local_store, back_up, empty, tmp_path):
        lose(local_store, filled)
        back_up()
        _backup, matched = Recovery(tmp_path / "backup", local_store, using=empty).run()
        assert (matched.missing, matched.missing_before) == (0, 1)

    def test_only_a_deep_look_finds_bytes_that_a_disk_changed(self, filled, local_store, back_up, tmp_path):
        back_up()
        stored = filled.versions.order_by("pk")[0].object
        [file] = (tmp_path / "store").rglob(stored.version_id)
        content = file.read_bytes()
        file.chmod(0o600)
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        looked = [Recovery(tmp_path / "backup", local_store, deep=deep).verify()[1].missing for deep in (False, True)]
        assert looked == [0, 1]

    def test_to_verify_needs_no_database(self, filled, local_store, back_up, tmp_path):
        back_up()
        done = recover(tmp_path / "backup", "--verify-only", DB_PORT="1")
        assert done.returncode == 0, done.stderr
        assert f"has the bytes of {StoredObject.objects.count()} rows, 0 of them under other ids" in done.stdout
        lose(local_store, filled)
        with pytest.raises(SystemExit) as ended:
            call_command("recover", str(tmp_path / "backup"), "--verify-only", stdout=StringIO())
        assert ended.value.code == 1


def digest_of_bytes(content: bytes, tmp_path: Path) -> str:
    (tmp_path / "two").write_bytes(content)
    return digest_of(tmp_path / "two").sha256
