"""Objects that others put into the store: each version is taken in once, in the order of versions."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from archive.domain import received
from archive.domain.received import Heard
from archive.enums import ReceivedState
from archive.errors import TransientError
from archive.models import Event, Frame, ReceivedObject, StoredObject, UploadEntry, Version
from ingest import taking
from ingest.checksums import digest_of
from ingest.stores.base import Upload
from tests.synthetic import write_frame

NAME = "lsc1m005-fa15-20250309-0004-e00.fits"
PATH = f"data/{NAME}"


@pytest.fixture
def put(store, tmp_path):
    """Puts a frame into the store as a stranger would, without a word to the archive."""

    def put(path=PATH, *, seed=1, content=None, **cards):
        source = tmp_path / f"{seed}-{path.rpartition('/')[2]}"
        if content is None:
            write_frame(source, seed=seed, **cards)
        else:
            source.write_bytes(content)
        stored = store.put(source, Upload(path, digest_of(source), "image/fits"))
        source.unlink()
        return stored

    return put


@pytest.fixture
def take(db, store, inspector, now):
    """Hears of a version and takes it in; answers its row."""

    def take(version, *, at=now, sequencer=""):
        for received_id in received.hear([Heard(version.path, version.version_id, sequencer)], store=store.name, at=at):
            taking.take_in(received_id, store=store, inspector=inspector, now=at)
        return ReceivedObject.objects.get(path=version.path, version_id=version.version_id)

    return take


def test_an_object_becomes_a_frame_where_it_lies(put, take, store):
    version = put()
    assert take(version).state == ReceivedState.TAKEN
    stored = Version.objects.get().object
    assert (stored.path, stored.version_id) == (PATH, version.version_id)
    assert [found.path for found in store.listing()] == [PATH]
    assert Event.objects.filter(name="frame.ingested").count() == 1
    entry = UploadEntry.objects.get()
    assert (entry.filename, entry.site_id, entry.size_bytes) == (PATH, "lsc", version.size_bytes)


def test_a_second_and_a_late_message_change_nothing(put, take, now):
    version = put()
    first = take(version)
    second = take(version, at=now + timedelta(days=3))
    assert second.settled_at == first.settled_at
    assert (Frame.objects.count(), Version.objects.count(), UploadEntry.objects.count()) == (1, 1, 1)
    assert Event.objects.count() == 1


def test_a_new_version_of_the_path_becomes_the_newest(put, take, now):
    first, second = put(seed=1), put(seed=2)
    take(first)
    take(second, at=now + timedelta(seconds=1))
    assert [version.object.version_id for version in Version.objects.all()] == [second.version_id, first.version_id]


@pytest.mark.parametrize("sequencers", [("", ""), ("0A", "0B")])
def test_an_older_version_that_is_heard_of_late_does_not_stand_in_the_way(put, take, sequencers):
    older, newer = put(seed=1), put(seed=2)
    assert take(newer, sequencer=sequencers[1]).state == ReceivedState.TAKEN
    assert take(older, sequencer=sequencers[0]).state == ReceivedState.SUPERSEDED
    assert Version.objects.get().object.version_id == newer.version_id


def test_the_same_bytes_again_are_a_repeat(put, take):
    first, again = put(seed=1), put(seed=1)
    take(first)
    assert take(again).state == ReceivedState.REPEATED
    assert Version.objects.count() == 1


def test_what_the_archive_put_there_itself_is_known(put, take, frame_factory):
    stored = frame_factory().versions.get().object
    row = take(type("V", (), {"path": stored.path, "version_id": stored.version_id}))
    assert row.state == ReceivedState.REPEATED
    assert not UploadEntry.objects.exists()


@pytest.mark.parametrize("content", [b"", b"no FITS"])
def test_bytes_that_can_never_pass_are_refused_and_stay(put, take, store, content):
    row = take(put(content=content))
    assert row.state == ReceivedState.REFUSED
    assert row.reason
    assert len(list(store.listing())) == 1
    assert not StoredObject.objects.exists()
    assert UploadEntry.objects.get().filename == PATH


def test_an_object_larger_than_uploads_may_be_is_refused(put, take, settings):
    settings.UPLOAD_MAX_BYTES = 100
    row = take(put())
    assert (row.state, "UPLOAD_MAX_MEGABYTES" in row.reason) == (ReceivedState.REFUSED, True)


def test_a_message_of_an_object_that_is_not_there_is_not_believed(take, store, now, inspector):
    [received_id] = received.hear([Heard(PATH, "none")], store=store.name, at=now)
    with pytest.raises(TransientError):  # a store may show it a little later
        taking.take_in(received_id, store=store, inspector=inspector, now=now)
    row = ReceivedObject.objects.get()
    assert (row.state, row.attempts) == (ReceivedState.WAITING, 1)
    assert received.waiting_since(older_than=timedelta(0), at=now + timedelta(seconds=1), most=9) == [received_id]
    taking.take_in(received_id, store=store, inspector=inspector, now=now + taking.LATE)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (ReceivedState.GONE, 1)
    assert not Frame.objects.exists()


def test_a_message_without_a_version_leads_to_each_version_of_the_path(put, store, inspector, now, db):
    versions = [put(seed=1), put(seed=2)]
    [note] = received.hear([Heard(PATH)], store=store.name, at=now)
    for received_id in taking.take_in(note, store=store, inspector=inspector, now=now).further:
        taking.take_in(received_id, store=store, inspector=inspector, now=now)
    rows = ReceivedObject.objects.order_by("pk")
    assert [(row.version_id, row.state) for row in rows] == [(v.version_id, ReceivedState.TAKEN) for v in versions]


def test_what_fails_again_and_again_is_given_up(put, store, now, inspector, db, monkeypatch):
    version = put()
    [received_id] = received.hear([Heard(PATH, version.version_id)], store=store.name, at=now)
    ReceivedObject.objects.update(attempts=taking.MOST_ATTEMPTS - 1)
    monkeypatch.setattr(store, "head", _away)
    taking.take_in(received_id, store=store, inspector=inspector, now=now)
    assert ReceivedObject.objects.get().state == ReceivedState.FAILED
    received.wait_again(ReceivedObject.objects.all())
    monkeypatch.undo()
    taking.take_in(received_id, store=store, inspector=inspector, now=now)
    assert ReceivedObject.objects.get().state == ReceivedState.TAKEN


def _away(*_args):
    raise TransientError("the store is away")


@pytest.mark.django_db(transaction=True)
def test_workers_that_take_the_same_object_at_once_take_it_once(put, store, inspector, now):
    version = put()
    [received_id] = received.hear([Heard(PATH, version.version_id)], store=store.name, at=now)

    def work(_number):
        try:
            taking.take_in(received_id, store=store, inspector=inspector, now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert (Version.objects.count(), Event.objects.count(), UploadEntry.objects.count()) == (1, 1, 1)
    assert ReceivedObject.objects.get().state == ReceivedState.TAKEN
