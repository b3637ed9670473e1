"""What only the S3 store must do, against a real server."""

import dataclasses
import hashlib
import random
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from archive.errors import FatalError, TransientError, UsageError
from ingest.stores.s3 import S3Store
from ingest.stores.s3_client import S3Server
from ingest.stores.s3_multipart import PARTS_MAX, part_bytes_for
from tests.ingest.stores.conftest import Sender, follow

LARGE_BYTES = 70 << 20


@pytest.fixture(scope="module")
def large() -> bytes:
    return random.Random(2).randbytes(LARGE_BYTES)


def test_a_large_file_goes_in_parts_and_comes_back_byte_for_byte(
    *, s3_store: S3Store, s3_admin: Any, versioned_bucket: str, sender: Sender, path: str, large: bytes
):
    older = sender.put(s3_store, path, large)
    newer = sender.put(s3_store, path, b"small")
    received = hashlib.sha256()
    for block in s3_store.stream(path, older.version_id):
        received.update(block)
    assert received.digest() == hashlib.sha256(large).digest()
    middle = slice((16 << 20) - 3, (16 << 20) + 3)  # across the border of two parts
    assert b"".join(s3_store.stream(path, older.version_id, start=middle.start, stop=middle.stop)) == large[middle]
    assert [v.version_id for v in s3_store.versions(path)] == [newer.version_id, older.version_id]
    held = s3_admin.head_object(Bucket=versioned_bucket, Key=path, VersionId=older.version_id)
    assert held["ETag"].strip('"').endswith("-5")
    assert held["Metadata"]["sha256"] == hashlib.sha256(large).hexdigest()


def test_a_large_file_with_a_wrong_digest_leaves_neither_version_nor_parts(
    *, s3_store: S3Store, s3_admin: Any, versioned_bucket: str, sender: Sender, path: str, large: bytes
):
    source, upload = sender.upload_of(path, large)
    upload = dataclasses.replace(upload, digest=dataclasses.replace(upload.digest, sha256="0" * 64))
    with pytest.raises(UsageError, match="announced"):
        s3_store.put(source, upload)
    assert s3_store.versions(path) == []
    assert s3_admin.list_multipart_uploads(Bucket=versioned_bucket).get("Uploads", []) == []


@pytest.mark.parametrize("size_bytes", [65 << 20, 100 << 30, 160 << 30, 5 << 40])
def test_a_file_is_never_sent_in_more_parts_than_s3_allows(size_bytes: int):
    assert -(-size_bytes // part_bytes_for(size_bytes)) <= PARTS_MAX


def test_what_an_object_is_stands_in_its_metadata(
    s3_admin: Any, s3_store: S3Store, versioned_bucket: str, sender: Sender, path: str
):
    sender.put(s3_store, path, b"content")
    held = s3_admin.head_object(Bucket=versioned_bucket, Key=path)
    assert held["ContentType"] == "image/fits"
    assert held["ContentDisposition"] == "attachment; filename=frame-e00.fits.fz"
    assert held["Metadata"] == {"sha256": hashlib.sha256(b"content").hexdigest()}
    assert held["ETag"] == f'"{hashlib.md5(b"content").hexdigest()}"'


def test_old_data_go_to_infrequent_access_and_young_data_do_not(s3_store: S3Store, sender: Sender, path: str):
    source, upload = sender.upload_of(path, b"content")
    now = datetime.now(UTC)
    young = dataclasses.replace(upload, observed_at=now - timedelta(days=59))
    old = dataclasses.replace(upload, observed_at=now - timedelta(days=61))
    s3_store.put(source, young)
    # Swift knows no class but STANDARD: its refusal shows that another was asked for.
    with pytest.raises(FatalError, match="S3_DAYS_TO_IA_STORAGE"):
        s3_store.put(source, old)


def test_a_purge_takes_delete_markers_with_it(
    s3_admin: Any, s3_store: S3Store, versioned_bucket: str, sender: Sender, path: str
):
    for content in (b"one", b"two"):
        sender.put(s3_store, path, content)
        s3_admin.delete_object(Bucket=versioned_bucket, Key=path)
    sender.put(s3_store, f"{path}0", b"neighbour")
    s3_admin.delete_object(Bucket=versioned_bucket, Key=f"{path}0")
    assert s3_store.purge(path, spare=lambda _version: False) == 4
    left = s3_admin.list_object_versions(Bucket=versioned_bucket, Prefix=path)
    assert [held["Key"] for held in [*left["Versions"], *left["DeleteMarkers"]]] == [f"{path}0"] * 2


def test_a_copy_in_place_is_a_new_version_that_keeps_all_that_is_known(
    s3_admin: Any, s3_store: S3Store, versioned_bucket: str, sender: Sender, path: str
):
    version = sender.put(s3_store, path, b"content")
    before = s3_admin.head_object(Bucket=versioned_bucket, Key=path)
    # Into the class that Swift knows: how a copy is made is the same for the other.
    copied = s3_store._copy(path, version.version_id, storage_class="STANDARD")
    assert [held.version_id for held in s3_store.versions(path)] == [copied, version.version_id]
    after = s3_admin.head_object(Bucket=versioned_bucket, Key=path, VersionId=copied)
    for name in ("ContentType", "ContentDisposition", "Metadata", "ETag", "ContentLength"):
        assert after[name] == before[name]


def test_a_link_gives_a_range_as_an_attachment(s3_store: S3Store, sender: Sender, path: str):
    version = sender.put(s3_store, path, b"0123456789")
    url = s3_store.signed_url(path, version.version_id, expires_in=timedelta(hours=48))
    assert follow(s3_store, url, byte_range="bytes=2-4") == (206, b"234")
    answer = requests.get(url, timeout=30)
    assert answer.headers["Content-Disposition"] == "attachment; filename=frame-e00.fits.fz"
    unsigned = requests.get(url.partition("?")[0], timeout=30)
    assert unsigned.status_code in (400, 403)  # Swift and AWS
    assert b"0123" not in unsigned.content


def test_a_link_ends_when_its_time_is_up(s3_store: S3Store, sender: Sender, path: str):
    version = sender.put(s3_store, path, b"content")
    url = s3_store.signed_url(path, version.version_id, expires_in=timedelta(seconds=2))
    made = time.monotonic()
    assert follow(s3_store, url) == (200, b"content")
    while follow(s3_store, url)[0] == 200:
        assert time.monotonic() - made < 15
    assert follow(s3_store, url)[0] == 403


def test_a_link_can_not_live_longer_than_s3_allows(s3_store: S3Store, path: str):
    with pytest.raises(UsageError, match="7 days"):
        s3_store.signed_url(path, "1", expires_in=timedelta(days=8))


def test_a_bucket_without_versions_is_refused_with_the_command_that_helps(
    s3_account: S3Server, unversioned_bucket: str, sender: Sender, path: str
):
    store = S3Store(server=s3_account, bucket=unversioned_bucket, days_to_ia_storage=60)
    with pytest.raises(FatalError, match=f"put-bucket-versioning --bucket {unversioned_bucket} .*Status=Enabled"):
        store.check()
    with pytest.raises(FatalError, match="keeps no versions"):
        sender.put(store, path, b"content")


def test_a_bucket_that_is_not_there_is_for_a_person_to_make(s3_account: S3Server, sender: Sender, path: str):
    store = S3Store(server=s3_account, bucket="no-such-bucket-anywhere", days_to_ia_storage=60)
    with pytest.raises(FatalError, match="make the bucket"):
        store.check()
    with pytest.raises(FatalError, match="make the bucket"):
        sender.put(store, path, b"content")


@pytest.mark.parametrize(
    ("wrong", "advice"), [("secret_key", "AWS_SECRET_ACCESS_KEY"), ("access_key", "AWS_ACCESS_KEY_ID")]
)
def test_a_wrong_key_is_for_a_person_to_set(
    s3_account: S3Server, versioned_bucket: str, path: str, wrong: str, advice: str
):
    server = dataclasses.replace(s3_account, **{wrong: "wrong"})
    store = S3Store(server=server, bucket=versioned_bucket, days_to_ia_storage=60)
    with pytest.raises(FatalError, match=advice):
        store.check()
    with pytest.raises(FatalError):
        store.head(path, "1")


def test_a_server_that_does_not_answer_may_answer_later(s3_account: S3Server, path: str):
    with socket.socket() as taken:  # bound and not listening: nobody else can answer there
        taken.bind(("127.0.0.1", 0))
        server = dataclasses.replace(s3_account, endpoint_url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        store = S3Store(server=server, bucket="bucket", days_to_ia_storage=60)
        with pytest.raises(TransientError, match="try again"):
            store.head(path, "1")


def test_a_forked_process_makes_its_own_client_and_a_process_keeps_its_one():
    # In a process of its own: a fork among the threads of the suite would be a risk.
    program = """
import os, sys
from ingest.stores.s3_client import ClientPerProcess, S3Server
clients = ClientPerProcess(S3Server(region="us-east-1", access_key="a", secret_key="b"))
before = clients.get()
assert clients.get() is before
child = os.fork()
if child == 0:
    os._exit(7 if clients.get() is not before and clients.get() is clients.get() else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert clients.get() is before
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
