"""Expiry with the bytes in a real, versioned bucket: versions, delete markers and rows go, neighbours stay."""

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from archive.domain import expiry
from archive.domain.storage_class import move_old_bytes
from archive.enums import ExpiringKind
from archive.models import DoomedBytes, ExpiryRule, Frame, StoredObject
from tests.factories import OBSERVED_AT, FrameFactory

A_DAY = timedelta(days=1)
A_SECOND = timedelta(seconds=1)
AGES = {"EP": 7 * A_DAY, "EF": A_DAY, "tst": timedelta(seconds=300)}


@pytest.fixture
def s3_store(use_s3):
    return use_s3()


@pytest.fixture
def bucket(s3_server):
    """What the bucket holds under a prefix, and plain deletes, by a client that is not ours."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=s3_server.endpoint_url,
        region_name=s3_server.region,
        aws_access_key_id=s3_server.access_key,
        aws_secret_access_key=s3_server.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    yield Bucket(client, s3_server.bucket)
    client.close()


class Bucket:
    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def plain_delete(self, path: str) -> None:
        self._client.delete_object(Bucket=self._name, Key=path)

    def held(self, prefix: str) -> list[str]:
        found = self._client.list_object_versions(Bucket=self._name, Prefix=prefix)
        return sorted(entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in found.get(kind, []))


@pytest.mark.django_db(transaction=True)
def test_frames_go_at_their_times_with_all_versions_and_delete_markers(s3_store, bucket, api, admin):
    """EP after 7 days, EF after one, those of the test site after 300 s, others never."""
    ExpiryRule.objects.all().delete()
    raw = {"kind": "frame", "last_raw_copy": True}
    ExpiryRule.objects.create(name="EP", configuration_type="EP", after=AGES["EP"], **raw)
    ExpiryRule.objects.create(name="EF", configuration_type="EF", after=AGES["EF"], **raw)
    ExpiryRule.objects.create(name="tst", site_id="tst", after=AGES["tst"], **raw)
    make = FrameFactory(s3_store)
    frames = {
        name: make(basename=f"sro-kb001ms-20220629-0000001{number}-{name}01", versions=2, **values)
        for number, (name, values) in enumerate(
            {
                "EP": {"configuration_type": "EP"},
                "EF": {"configuration_type": "EF"},
                "tst": {"site_id": "tst"},
                "EX": {"configuration_type": "EX"},
            }.items()
        )
    }
    paths = {name: frame.versions.first().object.path for name, frame in frames.items()}
    for path in paths.values():
        bucket.plain_delete(path)
        assert bucket.held(path) == [path] * 3
    for name in ("tst", "EF", "EP"):
        at = OBSERVED_AT + AGES[name]
        assert list(expiry.due(at=at - A_SECOND)) == []
        listed = [thing.name for thing in expiry.due(at=at)]
        assert listed == [frames[name].basename]
        assert expiry.expire(at=at) == 1
        assert bucket.held(paths[name]) == []
        assert not StoredObject.objects.filter(path=paths[name]).exists()
        assert not Frame.objects.filter(basename=frames[name].basename).exists()
        assert api(admin).get(f"/frames/{frames[name].pk}/").json()["rule"] == name
    assert expiry.expire(at=OBSERVED_AT + 9999 * A_DAY) == 0
    assert bucket.held(paths["EX"]) == [paths["EX"]] * 3
    assert DoomedBytes.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_neighbour_whose_name_begins_alike_stays(s3_store, bucket):
    ExpiryRule.objects.all().delete()
    make = FrameFactory(s3_store)
    short, long = (
        make(basename=f"sro-kb002ms-20220629-{counter}", extension=".fits") for counter in ("0000001", "00000010")
    )
    folder = short.versions.get().object.path.rpartition("/")[0]
    at = OBSERVED_AT + A_DAY
    expiry.set_own_expiry(kind=ExpiringKind.FRAME, name=short.basename, expires_at=at, at=OBSERVED_AT)
    assert expiry.expire(at=at) == 1
    assert list(Frame.objects.all()) == [long]
    assert bucket.held(f"{folder}/sro-kb002ms") == [long.versions.get().object.path]


@pytest.mark.django_db(transaction=True)
def test_a_server_with_one_class_keeps_its_objects_as_they_are(s3_store, bucket):
    """Swift knows STANDARD alone. The rule is met, nothing is copied, nothing lost."""
    ExpiryRule.objects.all().delete()
    ExpiryRule.objects.create(name="old", kind="frame", after=30 * A_DAY, only_storage_class=True)
    stored = FrameFactory(s3_store)().versions.get().object
    assert move_old_bytes(at=OBSERVED_AT + 30 * A_DAY, most=9) == 0
    assert bucket.held(stored.path) == [stored.path]
    assert s3_store.head(stored.path, stored.version_id).storage_class == "STANDARD"
