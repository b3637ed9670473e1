"""Bytes in, event out, worker on: every new frame gets its previews, once, whatever dies on the way."""

import os
import signal

import pytest
from django.utils import timezone
from PIL import Image

from archive.domain import events
from archive.models import Event, Frame, StoredObject, Thumbnail
from ingest.intake import ingest_file
from pipeline.reductions.previews import make_previews
from tests.processes import kill_group, relay, until, worker
from tests.synthetic import write_frame

SIZES = ["large", "medium", "small"]


@pytest.fixture
def local_store(use_store, tmp_path):
    root = tmp_path / "store"
    root.mkdir()
    return use_store(type="local", root_dir=str(root))


@pytest.fixture
def take(local_store, inspector, tmp_path):
    def take(number: int, **more) -> Frame:
        path = write_frame(tmp_path / f"lsc1m005-fa15-20250309-{number:04d}-e00.fits", seed=number, **more)
        return ingest_file(path, store=local_store, inspector=inspector, now=timezone.now()).frame

    return take


def shown(frame: Frame) -> list[str]:
    return sorted(frame.thumbnails.values_list("size", flat=True))


@pytest.mark.django_db
@pytest.mark.usefixtures("local_store")
class TestOneTask:
    def test_a_frame_gets_three_pictures_that_can_be_opened(self, take, now, tmp_path, api, admin):
        frame = take(1, shape=(300, 600))
        make_previews(frame_id=frame.pk, at=now)
        assert shown(frame) == SIZES
        small = frame.thumbnails.get(size="small")
        assert (small.width_px, small.height_px) == (256, 128)
        (row,) = api(admin).get(f"/thumbnails/?size=small&frame_basename={frame.basename}").json()["results"]
        picture = tmp_path / "picture.jpg"
        picture.write_bytes(b"".join(api(None).get(row["url"].removeprefix("http://testserver"))))
        with Image.open(picture) as opened:
            assert (opened.format, opened.size) == ("JPEG", (256, 128))

    def test_the_task_twice_makes_them_once(self, take, now):
        frame = take(1)
        make_previews(frame_id=frame.pk, at=now)
        made = list(Thumbnail.objects.values_list("pk", "object_id"))
        make_previews(frame_id=frame.pk, at=now)
        assert list(Thumbnail.objects.values_list("pk", "object_id")) == made

    def test_bytes_that_a_killed_worker_left_are_swept(self, take, local_store, now):
        frame = take(1)
        make_previews(frame_id=frame.pk, at=now)
        paths = list(StoredObject.objects.filter(thumbnail__isnull=False).values_list("path", flat=True))
        Thumbnail.objects.all().delete()
        StoredObject.objects.filter(path__in=paths).delete()  # as if the rows had never been committed
        make_previews(frame_id=frame.pk, at=now)
        assert [len(local_store.versions(path)) for path in paths] == [1, 1, 1]

    def test_a_new_version_gets_new_pictures_and_the_old_ones_go(
        self, take, local_store, now, tmp_path, inspector, django_capture_on_commit_callbacks
    ):
        frame = take(1)
        make_previews(frame_id=frame.pk, at=now)
        (tmp_path / "new").mkdir()
        path = write_frame(tmp_path / "new" / f"{frame.basename}.fits", seed=99)
        ingest_file(path, store=local_store, inspector=inspector, now=timezone.now())
        with django_capture_on_commit_callbacks(execute=True):
            make_previews(frame_id=frame.pk, at=now)
        assert shown(frame) == SIZES
        assert {picture.version for picture in frame.thumbnails.all()} == {frame.versions.first()}
        for stored in StoredObject.objects.filter(thumbnail__isnull=False):
            assert len(local_store.versions(stored.path)) == 1

    @pytest.mark.parametrize("frame_id", [0, 10**12])
    def test_a_frame_that_is_gone_is_no_error(self, now, frame_id):
        make_previews(frame_id=frame_id, at=now)

    def test_pixels_that_can_not_be_read_leave_nothing(self, frame_factory, now):
        frame = frame_factory(content=b"these are no pixels", extension=".fits")
        make_previews(frame_id=frame.pk, at=now)
        assert shown(frame) == []


@pytest.mark.django_db(transaction=True)
def test_previews_come_from_the_worker_after_ingest(take):
    frame = take(1)
    with relay(), worker():
        until(lambda: shown(frame) == SIZES, what="three previews")
        until(lambda: Event.objects.filter(name="previews.made").count() == 1, what="the event of the previews")


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_at_its_work_leaves_every_frame_with_its_previews_once(take, local_store):
    frames = [take(number, shape=(1500, 1500)) for number in range(1, 13)]
    with relay():
        for _ in range(2):  # killed twice, each time in the middle of the work
            begun = Thumbnail.objects.count()
            with worker() as process:
                until(lambda begun=begun: Thumbnail.objects.count() > begun, what="the work begun")
                kill_group(process)
        assert Thumbnail.objects.count() < 3 * len(frames), "the worker was too quick to be killed at its work"
        with worker():
            until(lambda: Thumbnail.objects.count() == 3 * len(frames), what="all previews")
    for frame in frames:
        assert shown(frame) == SIZES
    for stored in StoredObject.objects.filter(thumbnail__isnull=False):
        assert len(local_store.versions(stored.path)) == 1
    assert Event.objects.filter(name="previews.made").count() == len(frames)


@pytest.mark.django_db(transaction=True)
def test_posted_bytes_are_verified_by_the_worker(take, local_store, admin, api):
    frame = take(1)
    stored = frame.versions.get().object
    StoredObject.objects.filter(pk=stored.pk).update(verified_at=None, size_bytes=None, sha256=None, crc32=None)
    events.record_posted(frame, at=timezone.now())
    with relay(), worker():
        until(lambda: StoredObject.objects.get(pk=stored.pk).verified_at is not None, what="the bytes read")
    found = StoredObject.objects.get(pk=stored.pk)
    assert (found.size_bytes, found.sha256, found.crc32) == (stored.size_bytes, stored.sha256, stored.crc32)


@pytest.mark.django_db(transaction=True)
def test_the_relay_stops_when_it_is_told(take):
    take(1)
    with relay() as process:
        until(lambda: Event.objects.filter(published_at__isnull=False).exists(), what="the event delivered")
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(10) == 0
