"""What fails halfway: nothing that a row promises is lost, nothing is tried for ever, nobody else's work is undone."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from kombu import Queue
from structlog.testing import capture_logs

from archive.domain import broker, events, frames
from archive.domain.objects import NewObject
from archive.domain.thumbnails import NewThumbnail, register_thumbnail
from archive.enums import EventName
from archive.errors import UsageError
from archive.models import Event, Frame, StoredObject, Thumbnail, Version
from ingest.batch import Fate, Taker
from ingest.intake import ingest_file
from ingest.watch import FolderWatch
from pipeline.reductions.previews import MOST_ATTEMPTS, _hand_over, make_previews
from pipeline.subscriptions import start_tasks
from tests.processes import until
from tests.synthetic import write_frame

NAME = "lsc1m005-fa15-20250309-0004-e00"


@pytest.mark.django_db(transaction=True)
def test_a_commit_whose_answer_is_lost_keeps_the_bytes_of_its_row(store, inspector, tmp_path, now):
    path = write_frame(tmp_path / f"{NAME}.fits")
    connection.ensure_connection()
    commit = connection._commit

    def commits_and_breaks() -> None:
        commit()
        raise OperationalError("server closed the connection unexpectedly")

    connection._commit = commits_and_breaks
    try:
        with pytest.raises(OperationalError):
            ingest_file(path, store=store, inspector=inspector, now=now)
    finally:
        del connection._commit
    stored = StoredObject.objects.get()
    assert b"".join(store.stream(stored.path, stored.version_id)) == path.read_bytes()
    assert not ingest_file(path, store=store, inspector=inspector, now=now).is_new


@pytest.mark.django_db
def test_good_bytes_replace_those_that_were_found_missing(store, inspector, tmp_path, now):
    path = write_frame(tmp_path / f"{NAME}.fits")
    frame = ingest_file(path, store=store, inspector=inspector, now=now).frame
    stored = frame.versions.get().object
    store.delete(stored.path, stored.version_id)
    StoredObject.objects.filter(pk=stored.pk).update(verified_at=None, fault="the store has no such object")
    assert ingest_file(path, store=store, inspector=inspector, now=now).frame == frame
    mended = frame.versions.get().object
    assert (mended.fault, mended.verified_at) == ("", now)
    assert b"".join(store.stream(mended.path, mended.version_id)) == path.read_bytes()


@pytest.mark.django_db(transaction=True)
def test_a_watched_folder_tries_again_what_a_missing_disk_kept_out(use_store, tmp_path):
    root, folder = tmp_path / "store", tmp_path / "incoming"
    folder.mkdir()
    use_store(type="local", root_dir=str(root))
    path = write_frame(folder / f"{NAME}.fits")
    with Taker() as taker:
        outcome = taker.take(path, {})
        assert (outcome.fate, outcome.may_pass_later) == (Fate.FAILED, True)
        root.mkdir()
        assert taker.take(path, {}).fate is Fate.NEW
        (folder / "bad.fits").write_bytes(b"")
        assert not taker.take(folder / "bad.fits", {}).may_pass_later
    stopped = threading.Event()
    stopped.set()
    FolderWatch(folder, given={}).run(stopped)  # told to stop before it began, it looks at nothing


@pytest.mark.django_db
def test_pixels_that_kill_their_worker_are_given_up(frame_factory, now):
    frame = frame_factory(extension=".fits")
    Version.objects.filter(frame=frame).update(preview_attempts=MOST_ATTEMPTS)
    make_previews(frame_id=frame.pk, at=now)
    assert Version.objects.get(frame=frame).preview_attempts == MOST_ATTEMPTS


@pytest.mark.django_db(transaction=True)
def test_an_event_that_no_broker_takes_is_set_aside_and_those_behind_it_are_told(frame_factory):
    frame = frame_factory()
    Event.objects.all().delete()
    with transaction.atomic():
        huge = {"header": "x" * (140 << 20)}  # RabbitMQ 3 takes 128 MiB, RabbitMQ 4 takes 16
        events.record_event(EventName.FRAME_UPDATED, frame=frame, body=huge, at=timezone.now())
        events.record_event(EventName.FRAME_UPDATED, frame=frame, body={}, at=timezone.now())
    with broker.Publisher() as publisher:
        until(
            lambda: events.deliver_pending(publisher.publish, clock=timezone.now) > 0 or _is_all_told(),
            what="the event behind the huge one told",
        )
    first, second = Event.objects.order_by("position")
    assert (first.published_at, bool(first.fault)) == (None, True)
    assert (bool(second.published_at), second.fault) == (True, "")


def _is_all_told() -> bool:
    return not Event.objects.filter(published_at__isnull=True, fault="").exists()


@pytest.mark.django_db(transaction=True)
def test_a_thumbnail_that_comes_with_its_frame_never_wipes_it(frame_factory, store):
    """The picture's own metadata fill the frame only while nobody knows it."""
    come = threading.Barrier(2)

    def the_frame() -> None:
        come.wait()
        frame_factory(basename="F-1", target_name="M 51")
        connection.close()

    def the_thumbnail() -> None:
        come.wait()
        with transaction.atomic():
            frame = frames.locked_frame(basename="F-1")
            new = NewObject(store.name, "a/b.jpg", "v1", "5" * 32)
            register_thumbnail(frame=frame, new=NewThumbnail(new, "small", "F-1-small", ".jpg"), at=timezone.now())
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(the_frame), pool.submit(the_thumbnail)]:
            done.result()
    frame = Frame.objects.get(basename="F-1")
    assert (frame.target_name, frame.is_listed, frame.thumbnails.count()) == ("M 51", True, 1)


@pytest.mark.django_db(transaction=True)
def test_two_thumbnails_of_one_name_at_once_leave_one_row_and_no_orphan(frame_factory, store):
    frame = frame_factory()

    def come(key: str) -> None:
        with transaction.atomic():
            new = NewObject(store.name, "a/b.jpg", key, "5" * 32)
            register_thumbnail(frame=frame, new=NewThumbnail(new, "small", "F-small", ".jpg"), at=timezone.now())
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(come, f"k{number}") for number in range(8)]:
            done.result()
    assert Thumbnail.objects.count() == 1
    assert StoredObject.objects.filter(path="a/b.jpg").count() == 1


@pytest.mark.django_db
def test_pictures_of_a_superseded_version_are_not_made(frame_factory, now):
    frame = frame_factory(versions=2, extension=".fits")
    old = frame.versions.last()
    _hand_over(old, {}, folder=None, at=now)
    assert not Event.objects.filter(name=EventName.PREVIEWS_MADE).exists()


@pytest.mark.parametrize(
    "body", ["no json", "[]", '{"event": []}', '{"event": "x", "frame_id": "y", "id": 1}', "[" * 100_000]
)
def test_a_message_that_no_one_understands_is_refused_once_and_does_not_come_back(body):
    with broker.connect() as link:
        queue = Queue("poison", durable=False, auto_delete=True)(link.default_channel)
        queue.declare()
        link.Producer().publish(body, routing_key="poison", content_type="application/json", serializer=None)
        message = queue.get()
        start_tasks(message)
        assert (message.acknowledged, queue.get()) == (True, None)


def test_an_event_of_a_family_that_has_no_frame_is_understood_and_starts_nothing():
    with broker.connect() as link:
        queue = Queue("of-family", durable=False, auto_delete=True)(link.default_channel)
        queue.declare()
        body = json.dumps({"event": EventName.FAMILY_UPDATED, "frame_id": None, "id": "1"})
        link.Producer().publish(body, routing_key="of-family", content_type="application/json", serializer=None)
        with capture_logs() as logs:
            start_tasks(queue.get())
        assert [log["event"] for log in logs] == []


def test_the_signed_link_of_bytes_that_are_gone_answers_404(frame_factory, api, store):
    frame = frame_factory()
    url = api(None).get(f"/frames/{frame.pk}/").json()["url"]
    stored = frame.versions.get().object
    store.delete(stored.path, stored.version_id)
    assert api(None).get(url).status_code == 404


def test_bodies_and_regions_nested_too_deeply_answer_400(api, admin, store):
    deep = '{"a":' + "[" * 50_000
    assert api(admin).generic("POST", "/frames/", deep, content_type="application/json").status_code == 400
    assert api(None).get("/frames/", {"covers": deep}).status_code == 400


def test_a_range_of_absurd_digits_is_ignored(frame_factory, api):
    frame = frame_factory()
    answer = api(None).get(f"/frames/{frame.pk}/download/", HTTP_RANGE="bytes=0-" + "9" * 4400)
    assert (answer.status_code, answer["Content-Length"]) == (200, str(frame.versions.get().object.size_bytes))


def test_dates_at_the_end_of_time_are_refused(fits_file, store, inspector, now, db):
    with pytest.raises(UsageError, match="future"):
        ingest_file(fits_file(**{"DATE-OBS": "9999-12-31T00:00:00"}), store=store, inspector=inspector, now=now)
    assert Frame.objects.count() == 0
