"""Info images: three channels of a site, each shows what was announced for it last, for two days."""

from datetime import timedelta

import pytest
from django.utils import timezone
from structlog.testing import capture_logs

from archive.domain import expiry, info_images
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Event, Exposure, ExposureFile, Frame, InfoImage, StoredObject
from tests.archive.bodies import at_once_each
from tests.photonranch_night import ptr_night


@pytest.fixture
def night():
    return list(ptr_night(n=3, directory="info-images", large_px=16, picture_px=32))


@pytest.fixture
def announce(db, now):
    return lambda family, channel=1, at=now: info_images.announce(
        site=family.site, channel=channel, base=family.base, at=at
    )


@pytest.fixture
def send(arrive):
    """Sends one file of a family."""
    return lambda family, ending=".jpg", **more: arrive(family.key(ending), family.files[family.key(ending)], **more)


def live_for_long():
    """The address asks the clock, and the files came on the day of the tests."""
    InfoImage.objects.exclude(exposure=None).update(expires_at=timezone.now() + timedelta(hours=1))


def test_a_picture_alone_is_shown_in_its_package(announce, send, client, night):
    announce(night[0], 2)
    assert send(night[0]).channel == 2
    live_for_long()
    package = client.get("/infoimage/tst/2/").json()
    assert (package["site"], package["channel"], package["base_filename"]) == ("tst", 2, night[0].base)
    assert [package[flag] for flag in ("jpg_medium_exists", "jpg_small_exists", "fits_01_exists")] == [
        True,
        True,
        False,
    ]
    assert package["jpg_10_file_path"] == night[0].key(".jpg")
    assert f"{night[0].key('.jpg')}?" in package["jpg_url"]
    assert "archive/families/info-images/" in package["jpg_small_url"]
    assert (package["fits_01_url"], package["fits_10_url"], package["header"]) == ("", "", None)


def test_all_files_add_up(announce, send, client, night):
    announce(night[0])
    for ending in (".txt", "01.fits.bz2", "01.fits.fz", "10.fits.bz2", ".jpg"):
        send(night[0], ending)
    live_for_long()
    package = client.get("/infoimage/tst/1/").json()
    assert package["header"]["USERNAME"] == night[0].header["USERNAME"]
    assert package["fits_01_exists"]
    assert package["fits_10_exists"]
    assert package["fits_01_url"]
    assert package["txt_01_file_path"] == night[0].key(".txt")


def test_channels_are_apart(announce, send, client, night):
    for channel, family in enumerate(night, start=1):
        announce(family, channel)
        send(family)
    live_for_long()
    assert [client.get(f"/infoimage/tst/{n}/").json()["base_filename"] for n in (1, 2, 3)] == [
        family.base for family in night
    ]
    assert client.get("/infoimage/sro/1/").status_code == 204


@pytest.mark.parametrize("channel", [0, 4, 99])
def test_other_channels_are_refused(announce, client, night, channel):
    with pytest.raises(UsageError, match="There is no channel"):
        announce(night[0], channel)
    assert client.get(f"/infoimage/tst/{channel}/").status_code == 400


def test_nothing_shown_is_204(announce, client, night):
    assert client.get("/infoimage/tst/1/").status_code == 204
    announce(night[0])
    assert client.get("/infoimage/tst/1/").status_code == 204


def test_the_next_one_takes_its_place_with_flags_of_its_own(
    announce, send, client, night, store, django_capture_on_commit_callbacks
):
    old, new, _ = night
    announce(old)
    for ending in ("01.fits.fz", ".jpg"):
        send(old, ending)
    objects = list(StoredObject.objects.values_list("path", "version_id"))
    announce(new)
    live_for_long()
    assert client.get("/infoimage/tst/1/").json()["base_filename"] == old.base
    with django_capture_on_commit_callbacks(execute=True):
        send(new, ".txt")
    live_for_long()
    package = client.get("/infoimage/tst/1/").json()
    assert package["base_filename"] == new.base
    flags = ("fits_01_exists", "fits_10_exists", "jpg_medium_exists", "jpg_small_exists")
    assert [package[flag] for flag in flags] == [False] * 4
    assert Exposure.objects.get().name == new.base
    assert len(objects) == 3
    for path, version_id in objects:
        with pytest.raises(NotFoundError):
            store.head(path, version_id)


def test_late_files_of_a_replaced_one_are_refused_and_logged(announce, send, night):
    old, new, _ = night
    announce(old)
    send(old)
    announce(new)
    with capture_logs() as logs, pytest.raises(UsageError, match="announced for no channel"):
        send(old, "01.fits.fz")
    assert [log["base"] for log in logs if log["event"] == "info_image_refused"] == [old.base]
    send(new)
    with pytest.raises(UsageError, match="announced for no channel"):
        send(old, ".txt")
    assert set(ExposureFile.objects.values_list("exposure__name", flat=True)) == {new.base}


def test_what_was_never_announced_is_refused_and_leaves_nothing(send, night, db):
    with pytest.raises(UsageError, match="announced for no channel"):
        send(night[0])
    assert [model.objects.count() for model in (Exposure, ExposureFile, StoredObject, Event)] == [0] * 4


def test_each_file_renews_the_two_days_and_a_repeat_does_not(announce, send, put, take, night, now, client):
    announce(night[0])
    send(night[0], at=now)
    assert InfoImage.objects.get(channel=1).expires_at == now + timedelta(hours=48)
    later = now + timedelta(hours=20)
    path = night[0].key(".txt")
    version_id = put(path, night[0].files[path])
    take(path, version_id, at=later)
    assert InfoImage.objects.get(channel=1).expires_at == later + timedelta(hours=48)
    take(path, version_id, at=later + timedelta(hours=5))
    assert InfoImage.objects.get(channel=1).expires_at == later + timedelta(hours=48)
    end = later + timedelta(hours=48)
    assert info_images.shown(site="tst", channel=1, at=end - timedelta(seconds=1)) is not None
    assert info_images.shown(site="tst", channel=1, at=end) is None


def test_they_are_never_among_frames_or_families(announce, send, client, night):
    announce(night[0])
    for ending in ("01.fits.fz", ".jpg", ".txt"):
        send(night[0], ending)
    assert Frame.objects.count() == 0
    assert client.get("/filtered_images/").json()["count"] == 0
    assert client.get("/tst/latest_images/5/").json() == []
    assert client.get("/latest_image_all_sites/").json() == {}


def test_the_event_tells_the_channel(announce, send, night):
    announce(night[0], 3)
    send(night[0])
    event = Event.objects.get(name="family.updated")
    assert event.body == {"s3_directory": "info-images", "base": night[0].base, "site": "tst", "channel": 3}


def test_a_base_is_announced_for_one_channel_only(announce, night):
    announce(night[0], 1)
    announce(night[0], 1)
    with pytest.raises(ConflictError, match="channel 1"):
        announce(night[0], 2)


def test_expired_it_shows_nothing_and_its_files_go(announce, send, night, client):
    announce(night[0])
    send(night[0])
    ends_at = max(ExposureFile.objects.values_list("put_at", flat=True)) + timedelta(hours=48)
    assert expiry.expire(at=ends_at - timedelta(seconds=1)) == 0
    assert expiry.expire(at=ends_at) == 1
    assert (Exposure.objects.count(), StoredObject.objects.count()) == (0, 0)
    assert client.get("/infoimage/tst/1/").status_code == 204


def test_announcements_and_files_at_once_end_in_one_family(transactional_db, announce, put, take, night):
    announce(night[0])
    versions = {path: put(path, content) for path, content in night[0].files.items()}
    calls = [lambda item=item: take(*item) for item in versions.items()]
    at_once_each([*calls, lambda: announce(night[1], 2), lambda: announce(night[0], 1), lambda: announce(night[2], 3)])
    assert Exposure.objects.get().name == night[0].base
    assert ExposureFile.objects.filter(made_from=None).count() == 5
