"""What happens at the same moment, or halfway: nothing that somebody still needs goes, nothing that went stays behind."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction

from archive.domain import expiry
from archive.domain.frame_expiry import FRAMES
from archive.domain.frames import locked_frame
from archive.domain.objects import UPLOAD_PATIENCE
from archive.errors import TransientError
from archive.models import DoomedBytes, ExpiryRule, Frame, StoredObject, Tombstone, Version
from ingest.checksums import digest_of
from ingest.intake import ingest_file
from ingest.stores.base import Upload
from tests.factories import OBSERVED_AT, FrameFactory
from tests.synthetic import write_frame

A_DAY = timedelta(days=1)
DUE_AT = OBSERVED_AT + A_DAY


@pytest.fixture
def a_day_s_rule(db):
    ExpiryRule.objects.all().delete()
    return ExpiryRule.objects.create(name="all", kind="frame", after=A_DAY, last_raw_copy=True)


def put(store, tmp_path, path: str, content: bytes):
    file = tmp_path / "put"
    file.write_bytes(content)
    return store.put(file, Upload(path, digest_of(file), "image/fits"))


def add_version(frame: Frame, *, content: str, at: datetime) -> None:
    stored = frame.versions.latest("pk").object
    new = StoredObject.objects.create(
        store=stored.store, path=stored.path, version_id=content, md5=f"{len(content):032x}", stored_at=at
    )
    Version.objects.create(frame=frame, object=new, extension=".fits.fz", md5=new.md5, is_fits=True, created=at)


@pytest.mark.django_db(transaction=True)
def test_a_frame_whose_new_version_is_being_written_is_left_alone_and_stays(frame_factory, a_day_s_rule):
    busy, other = frame_factory(), frame_factory()
    written, tried = threading.Event(), threading.Event()

    def upload() -> None:
        try:
            with transaction.atomic():
                add_version(locked_frame(basename=busy.basename), content="again", at=DUE_AT)
                written.set()
                assert tried.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        uploading = pool.submit(upload)
        assert written.wait(60)
        assert expiry.expire(at=DUE_AT) == 1  # does not wait for the upload either
        tried.set()
        uploading.result(60)
    assert not Frame.objects.filter(pk=other.pk).exists()
    assert Frame.objects.get().versions.count() == 2
    assert expiry.expire(at=DUE_AT) == 0
    assert expiry.expire(at=DUE_AT + A_DAY) == 1


@pytest.mark.django_db
def test_a_version_that_came_after_the_listing_keeps_its_frame(frame_factory, a_day_s_rule):
    kept, gone = frame_factory(), frame_factory()
    batch = list(FRAMES.due(at=DUE_AT))
    add_version(kept, content="again", at=OBSERVED_AT + timedelta(seconds=1))
    assert [thing.name for thing in FRAMES.expire(batch, at=DUE_AT)] == [gone.basename]
    assert list(Frame.objects.all()) == [kept]


@pytest.mark.django_db
def test_a_rule_that_was_changed_after_the_listing_keeps_its_frames(frame_factory, a_day_s_rule):
    frame_factory()
    batch = list(FRAMES.due(at=DUE_AT))
    ExpiryRule.objects.update(enabled=False)
    assert FRAMES.expire(batch, at=DUE_AT) == []


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_let_each_thing_go_once(frame_factory, a_day_s_rule, monkeypatch):
    monkeypatch.setattr(expiry, "BATCH_SIZE", 3)
    for _ in range(20):
        frame_factory()

    def run() -> int:
        try:
            return expiry.expire(at=DUE_AT)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        n_gone = sum(future.result(120) for future in [pool.submit(run), pool.submit(run)])
    n_gone += expiry.expire(at=DUE_AT)  # what one run held while the other looked
    assert (n_gone, Frame.objects.count(), Tombstone.objects.count()) == (20, 0, 20)


@pytest.mark.django_db
def test_a_run_that_dies_before_the_bytes_went_is_mended_by_the_next(frame_factory, a_day_s_rule, store):
    stored = frame_factory(versions=2).versions.first().object
    assert expiry.expire(at=DUE_AT) == 1  # the test's transaction never commits: so it is as if the process died there
    assert (len(store.versions(stored.path)), DoomedBytes.objects.count()) == (2, 1)
    assert expiry.expire(at=DUE_AT) == 0
    assert (store.versions(stored.path), DoomedBytes.objects.count()) == ([], 0)


@pytest.mark.django_db(transaction=True)
def test_a_store_that_is_away_at_the_commit_loses_the_bytes_when_it_is_back(
    frame_factory, a_day_s_rule, store, monkeypatch
):
    stored = frame_factory().versions.first().object

    def away(*_: object, **__: object) -> int:
        raise TransientError("the store is away")

    with monkeypatch.context() as patched:
        patched.setattr(store, "purge", away)
        assert expiry.expire(at=DUE_AT) == 1
        assert expiry.expire(at=DUE_AT) == 0  # it tries, and goes on without
    assert len(store.versions(stored.path)) == 1
    expiry.expire(at=DUE_AT)
    assert (store.versions(stored.path), DoomedBytes.objects.count()) == ([], 0)


@pytest.mark.django_db
def test_bytes_whose_row_is_about_to_come_stay_and_old_ones_of_nobody_go(
    frame_factory, a_day_s_rule, store, tmp_path, django_capture_on_commit_callbacks
):
    """An upload stores its bytes first: a purge in between must not take them."""
    frame = frame_factory()
    stored = frame.versions.first().object
    coming = put(store, tmp_path, stored.path, b"an upload that is under way")
    soon = coming.stored_at + UPLOAD_PATIENCE - timedelta(seconds=1)
    with django_capture_on_commit_callbacks(execute=True):
        assert expiry.expire(at=soon) == 1
    assert [version.version_id for version in store.versions(stored.path)] == [coming.version_id]
    again = frame_factory(basename=frame.basename)
    path = again.versions.first().object.path
    assert path == stored.path
    with django_capture_on_commit_callbacks(execute=True):
        assert expiry.expire(at=soon + timedelta(seconds=2)) == 1
    assert store.versions(path) == []


@pytest.mark.django_db
def test_a_row_that_came_back_before_the_bytes_went_keeps_its_own(frame_factory, a_day_s_rule, store):
    first = frame_factory(content=b"first").versions.first()
    expiry.expire(at=DUE_AT)  # its bytes still wait for a commit
    again = frame_factory(basename=first.frame.basename, content=b"again").versions.first().object
    expiry.expire(at=DUE_AT - timedelta(seconds=1))
    assert [version.version_id for version in store.versions(again.path)] == [again.version_id]


@pytest.mark.django_db
def test_an_open_download_from_the_local_store_goes_on_to_its_end(
    use_store, tmp_path, api, a_day_s_rule, django_capture_on_commit_callbacks
):
    local = use_store(type="local", root_dir=str(tmp_path))
    content = bytes(range(256)) * (3 << 12)
    frame = FrameFactory(local)(content=content, public_date=OBSERVED_AT)
    stored = frame.versions.first().object
    body = iter(api(None).get(f"/frames/{frame.pk}/download/"))
    begun = next(body)
    assert len(begun) < len(content)
    with django_capture_on_commit_callbacks(execute=True):
        assert expiry.expire(at=DUE_AT) == 1
    assert local.versions(stored.path) == []
    assert begun + b"".join(body) == content
    assert api(None).get(f"/frames/{frame.pk}/download/").status_code == 410


@pytest.mark.django_db
def test_a_file_that_expired_comes_in_again_by_the_same_door(
    a_day_s_rule, store, inspector, tmp_path, now, django_capture_on_commit_callbacks
):
    path = write_frame(tmp_path / "lsc1m005-fa15-20250309-0004-e00.fits")
    first = ingest_file(path, store=store, inspector=inspector, now=now)
    assert not ingest_file(path, store=store, inspector=inspector, now=now).is_new
    with django_capture_on_commit_callbacks(execute=True):
        assert expiry.expire(at=now + A_DAY) == 1
    again = ingest_file(path, store=store, inspector=inspector, now=now + A_DAY)
    assert again.is_new
    assert again.frame.pk != first.frame.pk
    stored = again.frame.versions.get().object
    assert b"".join(store.stream(stored.path, stored.version_id)) == path.read_bytes()
