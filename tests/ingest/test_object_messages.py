"""Notifications of object stores: three servers' JSON, and what is left out of it."""

import json

import pytest

from archive.domain.received import Heard, comes_before
from archive.errors import UsageError
from ingest.object_messages import created_objects, read_message

BUCKET = "photons"


def record(key="data/a.fits", *, name="ObjectCreated:Put", bucket=BUCKET, source="aws:s3", **more):
    described = {"key": key, "size": 5, "eTag": "e", "versionId": "v1", "sequencer": "0A", **more}
    return {"eventSource": source, "eventName": name, "s3": {"bucket": {"name": bucket}, "object": described}}


def heard(message) -> list[Heard]:
    return created_objects(message, bucket=BUCKET)


@pytest.mark.parametrize("name", ["ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:CompleteMultipartUpload"])
def test_aws_ceph_and_minio_say_the_same(name):
    wanted = [Heard("data/a.fits", "v1", "0A")]
    assert heard({"Records": [record(name=name)]}) == wanted
    assert heard({"Records": [record(name=name, source="ceph:s3")]}) == wanted
    minio = {"EventName": f"s3:{name}", "Key": f"{BUCKET}/data/a.fits", "Records": [record(name=f"s3:{name}")]}
    assert heard(minio) == wanted
    sns = {"Type": "Notification", "Message": json.dumps({"Records": [record(name=name)]})}
    assert heard(sns) == wanted


def test_several_records_of_one_message():
    assert (
        len(heard({"Records": [record("data/a"), record("allsky/b"), record("info-images/c"), record("test/d")]})) == 4
    )


@pytest.mark.parametrize(
    ("sent", "path"),
    [("data/a+b.fits", "data/a b.fits"), ("data/a%20b.fits", "data/a b.fits"), ("data/a%2Bb.fits", "data/a+b.fits"),
     ("data/%C3%BC.fits", "data/ü.fits"), ("data%2Fa.fits", "data/a.fits")],
)  # fmt: skip
def test_keys_are_decoded(sent, path):
    assert heard({"Records": [record(sent)]})[0].path == path


def test_keys_of_ceph_come_as_they_are():
    assert heard({"Records": [record("data/a+b%20c", source="ceph:s3")]})[0].path == "data/a+b%20c"


@pytest.mark.parametrize(
    "left_out",
    [record("archive/previews/a.jpg"), record("lsc/fa15/20250309/raw/a.fits"), record("downloads/x"), record("datax/a"),
     record("%61rchive/previews/a.jpg"), record(bucket="other"), record(name="ObjectRemoved:Delete"),
     record(name="s3:ObjectAccessed:Get")],
)  # fmt: skip
def test_the_archive_s_own_puts_and_all_else_are_left_out(left_out):
    assert heard({"Records": [left_out]}) == []


def test_a_message_without_version_or_sequencer():
    bare = record()
    del bare["s3"]["object"]["versionId"], bare["s3"]["object"]["sequencer"]
    assert heard({"Records": [bare]}) == [Heard("data/a.fits")]


def test_a_test_of_the_server_s_is_no_object():
    assert heard({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}) == []


@pytest.mark.parametrize(
    "message",
    [None, [], 5, "text", {}, {"Records": 5}, {"Records": [5]}, {"Records": [{}]}, {"Records": [{"eventName": "x"}]},
     {"Records": [record() | {"s3": None}]}, {"Type": "Notification", "Message": "no json"}],
)  # fmt: skip
def test_what_is_no_notification_is_refused(message):
    with pytest.raises(UsageError):
        heard(message)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b" " * (2 << 20)])
def test_what_is_no_json_or_too_large_is_refused(text):
    with pytest.raises(UsageError):
        read_message(text)


@pytest.mark.parametrize(
    ("first", "second"), [("0055AED6DCD90281E5", "0055AED6DCD90281E6"), ("A", "A1"), ("0a", "0B"), ("09", "1")]
)
def test_sequencers_tell_the_order(first, second):
    assert comes_before(first, second) is True
    assert comes_before(second, first) is False


@pytest.mark.parametrize(("first", "second"), [("", "1"), ("1", ""), ("", "")])
def test_a_missing_sequencer_tells_nothing(first, second):
    assert comes_before(first, second) is None
