"""A night's objects in a real bucket, taken in by several workers, shuffled and some twice."""

import io
import itertools

import numpy as np
import pytest
import requests
from django.db import transaction
from PIL import Image

from archive.enums import FileRole
from archive.models import Exposure, ExposureFile, Frame, StoredObject, Version
from ingest.arrivals import take_in_object
from ingest.checksums import digest_of
from ingest.stores.base import Upload
from tests.archive.bodies import at_once_each
from tests.photonranch_night import deliveries, jpeg_bytes, ptr_night

WORKERS = 4


@pytest.fixture
def bucket(use_store, s3_server):
    return use_store(
        type="s3",
        bucket=s3_server.bucket,
        endpoint_url=s3_server.endpoint_url,
        access_key=s3_server.access_key,
        secret_key=s3_server.secret_key,
        region=s3_server.region,
        addressing_style="path",
    )


def test_a_shuffled_night_is_taken_in_once_and_stays_where_it_lies(
    transactional_db, bucket, inspector, now, tmp_path, client
):
    night = list(ptr_night(site="ngt", n=6, seed=11, large_px=32, picture_px=128))
    objects = []
    for family in night:
        for path, content in family.files.items():
            local = tmp_path / "sent"
            local.write_bytes(content)
            put = bucket.put(local, Upload(path, digest_of(local), "application/octet-stream"))
            objects.append((path, put.version_id))
    come, _ = deliveries(objects, twice=0.3, withheld=0.0)

    def work(share):
        return [
            take_in_object(path=path, version_id=version, store=bucket, inspector=inspector, now=now).is_new
            for path, version in share
        ]

    taken = at_once_each([lambda share=come[n::WORKERS]: work(share) for n in range(WORKERS)])
    assert sum(map(sum, taken)) == len(objects) == 30
    assert Exposure.objects.count() == 6
    assert ExposureFile.objects.exclude(role=FileRole.THUMBNAIL).count() == 30
    assert ExposureFile.objects.filter(role=FileRole.THUMBNAIL).count() == 6
    assert (Frame.objects.filter(is_listed=True).count(), Version.objects.count()) == (12, 18)
    places = set(StoredObject.objects.exclude(path__startswith="archive/").values_list("path", "version_id"))
    assert places == set(objects)
    for family in night:
        package = client.get(f"/image/{family.base}/").json()
        for key, ending in {"jpg_url": "10.jpg", "fits_01_url": "01.fits.fz", "fits_10_url": "10.fits.bz2"}.items():
            link = client.get(package[key])["Location"]
            assert requests.get(link, timeout=30).content == family.files[family.key(ending)]
        small = requests.get(client.get(package["jpg_thumbnail_url"])["Location"], timeout=30)
        assert Image.open(io.BytesIO(small.content)).size == (128, 128)


def test_versions_of_one_second_are_told_apart_by_the_bucket_s_own_list(db, bucket, inspector, now, tmp_path):
    path, versions = "data/ngt-kb001ms-20261121-00000001-EX10.jpg", []
    for width in (20, 30, 40):
        local = tmp_path / "sent"
        local.write_bytes(jpeg_bytes(np.random.default_rng(width), width_px=width, height_px=20))
        versions.append(bucket.put(local, Upload(path, digest_of(local), "image/jpeg")).version_id)
    for order in itertools.permutations(versions):
        with transaction.atomic():
            for version_id in order:
                take_in_object(path=path, version_id=version_id, store=bucket, inspector=inspector, now=now)
            assert ExposureFile.objects.get(is_current=True, made_from=None).object.version_id == versions[-1]
            transaction.set_rollback(True)
