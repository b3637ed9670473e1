"""Objects in the store become families, whichever came first, last, twice or at once."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction

from archive.enums import EventName, FileRole
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Event, Exposure, ExposureFile, Frame, StoredObject, Version
from ingest.arrivals import take_in_header, take_in_object
from ingest.checksums import digest_of
from ingest.stores.base import Upload
from tests.archive.bodies import at_once_each
from tests.photonranch_night import LONG_TEXT, MadeFamily, jpeg_bytes, ptr_night, text_header

import numpy as np  # isort: skip


@pytest.fixture
def family() -> MadeFamily:
    return next(ptr_night(n=1, large_px=16, picture_px=96))


@pytest.fixture
def put(store, tmp_path):
    """Puts bytes into the store as an observatory would, and answers the version id."""

    def put_bytes(path: str, content: bytes) -> str:
        local = tmp_path / "sent"
        local.write_bytes(content)
        return store.put(local, Upload(path, digest_of(local), "application/octet-stream")).version_id

    return put_bytes


@pytest.fixture
def take(store, inspector, now):
    return lambda path, version_id: take_in_object(
        path=path, version_id=version_id, store=store, inspector=inspector, now=now
    )


@pytest.fixture
def arrive(put, take):
    return lambda path, content: take(path, put(path, content))


def state() -> dict:
    """Everything that readers can see of families, without what is another one on each run."""
    exposures = [
        {name: value for name, value in row.items() if name not in {"id", "header_file_id"}}
        for row in Exposure.objects.order_by("name").values()
    ]
    files = ExposureFile.objects.order_by("object__path", "put_at", "level")
    columns = ("exposure__name", "object__path", "object__md5", "role", "level", "is_current", "frame__basename")
    versions = Version.objects.order_by("frame__basename", "md5")
    return {
        "exposures": exposures,
        "files": list(files.values_list(*columns)),
        "frames": list(
            Frame.objects.order_by("basename").values_list(
                "basename", "is_listed", "observation_date", "public_date", "headers__data", "reduction_level"
            )
        ),
        "versions": list(versions.values_list("frame__basename", "md5", "object__path", "created")),
    }  # fmt: skip


@pytest.mark.django_db
class TestAnyOrder:
    def test_all_permutations_of_five_files_come_to_the_same(self, family, put, take):
        versions = {path: put(path, content) for path, content in family.files.items()}
        assert len(versions) == 5
        seen = []
        for order in itertools.permutations(versions):
            with transaction.atomic():
                for path in order:
                    take(path, versions[path])
                assert Exposure.objects.count() == 1
                seen.append(state())
                transaction.set_rollback(True)
        assert len(seen) == 120
        assert all(found == seen[0] for found in seen)
        [exposure] = seen[0]["exposures"]
        assert (exposure["name"], exposure["username"]) == (family.base, "Tim / O'B")
        assert [exposure[flag] for flag in ("fits_01_exists", "fits_10_exists", "jpg_medium_exists")] == [True] * 3

    def test_eight_workers_at_once_make_one_family(self, transactional_db, family, put, take):
        versions = {path: put(path, content) for path, content in family.files.items()}
        calls = [lambda item=item: take(*item) for item in [*versions.items()] * 8]
        at_once_each(calls[:8] + calls[8:16])
        at_once_each(calls[16:24] + calls[24:32] + calls[32:40])
        assert Exposure.objects.filter(kind="photonranch").count() == 1
        assert ExposureFile.objects.exclude(role=FileRole.THUMBNAIL).count() == 5
        assert ExposureFile.objects.filter(role=FileRole.THUMBNAIL).count() == 1
        assert Event.objects.filter(name=EventName.FAMILY_UPDATED).count() == 5
        assert Version.objects.count() == 3
        found = state()
        ExposureFile.objects.all()
        together = {name: found[name] for name in ("files", "versions")}
        assert len(together["versions"]) == 3
