"""The same from a real, versioned bucket and from folders; and what plain deletes of a bucket hide stays hidden."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from archive.models import Event, Frame, Product
from ingest.checksums import digest_of
from ingest.sandbox import Inspector
from ingest.stores.base import Upload
from pipeline.restoring.restore import Restore
from tests.pipeline.conftest import EMPTY, SEEING, STAR, Machine
from tests.pipeline.restoring.conftest import IN_WORK, drop_all_rows, exported, keep


@pytest.fixture
def s3_store(use_s3, fresh_bucket):
    return use_s3(bucket=fresh_bucket)


@pytest.fixture
def client(s3_server) -> Iterator[Any]:
    """A client that is not ours."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=s3_server.endpoint_url,
        region_name=s3_server.region,
        aws_access_key_id=s3_server.access_key,
        aws_secret_access_key=s3_server.secret_key,
        config=Config(s3={"addressing_style": "path"}),
    )
    yield client
    client.close()


@pytest.fixture(params=["s3", "local"])
def stored(request, use_store, tmp_path: Path, inspector: Inspector, orders, small_graph, now: datetime) -> Machine:
    if request.param == "local":
        (tmp_path / "store").mkdir()
        store = use_store(type="local", root_dir=str(tmp_path / "store"))
    else:
        store = request.getfixturevalue("s3_store")
    return Machine(store, inspector, tmp_path, orders, now)


def reduce(machine: Machine) -> None:
    machine.take_calibrations()
    for name in (STAR, EMPTY, SEEING):
        machine.take(name)
    machine.run()


@pytest.mark.django_db
@pytest.mark.parametrize("reads_all", [True, False])
def test_the_database_comes_back_byte_for_byte(stored, reads_all):
    reduce(stored)
    keep(stored)
    before = exported()
    drop_all_rows()
    report = Restore(stored.store, stored.inspector, stored.now, reads_all=reads_all).run()
    assert exported() == before
    assert report.left_out == {}
    assert not Event.objects.exists()
    assert not Product.objects.filter(state__in=IN_WORK).exists()


@pytest.mark.django_db
def test_files_that_a_plain_delete_hides_do_not_come_back(
    s3_store, client, fresh_bucket, tmp_path, inspector, orders, small_graph, now
):
    """Nothing tells of them but their bytes, which the bucket keeps below the mark."""
    machine = Machine(s3_store, inspector, tmp_path, orders, now)
    frame = machine.take(SEEING)
    machine.take(STAR)
    client.delete_object(Bucket=fresh_bucket, Key=frame.versions.get().object.path)
    drop_all_rows()
    report = Restore(s3_store, inspector, now).run()
    assert set(Frame.objects.values_list("basename", flat=True)) == {STAR}
    assert report.left_out == {"file": 1}


@pytest.mark.django_db
def test_a_copy_of_a_bucket_whose_versions_have_other_ids_is_found_by_its_checksums(stored, tmp_path, use_store):
    """As after a sync to another machine: paths and bytes are the same, nothing else is."""
    reduce(stored)
    keep(stored)
    products = set(Product.objects.values_list("fingerprint", "state"))
    (tmp_path / "copy").mkdir()
    copy = use_store(type="local", root_dir=str(tmp_path / "copy"))
    for version in list(stored.store.listing()):
        _copied(stored.store, copy, version, tmp_path / "one")
    drop_all_rows()
    report = Restore(copy, stored.inspector, stored.now).run()
    assert report.left_out == {}
    assert set(Product.objects.values_list("fingerprint", "state")) == products
    assert {frame.versions.get().object.store for frame in Frame.objects.filter(is_listed=True)} == {"local"}


def _copied(source, target, version, path: Path) -> None:
    path.write_bytes(b"".join(source.stream(version.path, version.version_id)))
    target.put(path, Upload(version.path, digest_of(path), "application/octet-stream"))
