"""Pages of sites: who sees what of them."""

import bz2
import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from astropy.io import fits
from django.utils import timezone

from archive.domain import info_images
from archive.domain.objects import NewObject
from archive.domain.sites import configure
from archive.domain.thumbnails import NewThumbnail, register_thumbnail
from archive.domain.upload_log import record_upload
from archive.models import Exposure, InfoImage, ReceivedObject
from archive.web.policy import policy_with
from archive.web.stream import live_part, origin
from ingest.checksums import digest_of
from ingest.stores.base import Upload
from tests.photonranch_night import ptr_night

NEVER = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("address", ["/site/nowhere/", "/site/%00/", "/site/x%26start=soon/", "/site/lsc%26limit=x/"])
def test_a_site_of_which_nothing_is_known_has_no_page(client, db, address):
    assert client.get(address).status_code == 404


def test_what_is_hidden_is_shown_to_members_alone(client, alice, frame_factory):
    frame_factory(basename="secret-frame", public_date=NEVER)
    assert client.get("/site/lsc/").status_code == 404
    client.force_login(alice)
    shown = client.get("/site/lsc/").content.decode()
    assert "secret-frame" in shown
    assert "public from 2999-01-01" in shown


def test_a_site_of_frames_shows_the_newest_preview_that_the_reader_may_see(
    client, alice, frame_factory, store, tmp_path
):
    def made(name, **columns):
        file = tmp_path / f"{name}.jpg"
        file.write_bytes(name.encode())
        digest = digest_of(file)
        stored = store.put(file, Upload(f"previews/{file.name}", digest, "image/jpeg"))
        new = NewObject(store.name, stored.path, stored.version_id, digest.md5, digest)
        frame = frame_factory(basename=name, **columns)
        register_thumbnail(frame=frame, new=NewThumbnail(new, "small", f"{name}-small", ".jpg"), at=timezone.now())

    night = datetime(2025, 3, 10, tzinfo=UTC)
    made("older", observation_date=night)
    made("public-one", observation_date=night + timedelta(hours=1))
    made("secret-one", observation_date=night + timedelta(hours=2), public_date=NEVER)
    frame_factory(basename="without", observation_date=night + timedelta(hours=3))
    for user, seen, unseen in ((None, "public-one", "secret-one"), (alice, "secret-one", "public-one")):
        if user:
            client.force_login(user)
        shown = client.get("/site/").content.decode()
        assert f"previews/{seen}.jpg" in shown
        assert f"previews/{unseen}.jpg" not in shown
        assert "older.jpg" not in shown


def test_info_images_stand_before_the_latest_pictures(db, client, arrive, now):
    info, *_ = ptr_night(n=1, directory="info-images", large_px=16, picture_px=32)
    latest, *_ = ptr_night(n=1, large_px=16, picture_px=32)
    info_images.announce(site=info.site, channel=2, base=info.base, at=now)
    for family in (info, latest):
        arrive(family.key(".jpg"), family.files[family.key(".jpg")])
    InfoImage.objects.exclude(exposure=None).update(expires_at=timezone.now() + timedelta(hours=1))
    part = client.get(f"/site/{info.site}/", headers={"HX-Request": "true"}).content.decode()
    assert part.index("Channel 2") < part.index("Latest")
    assert "<html" not in part


def address_of(family, directory="info-images"):
    return f"/site/{family.site}/{directory}/{family.base}/"


@pytest.fixture
def info(db, arrive, now):
    """An info image of channel 2 that is shown for another hour."""
    [made] = ptr_night(n=1, directory="info-images", large_px=16, picture_px=32)
    info_images.announce(site=made.site, channel=2, base=made.base, at=now)
    for key in (made.key(".jpg"), made.key(".txt"), made.key("10.fits.bz2")):
        arrive(key, made.files[key])
    InfoImage.objects.exclude(exposure=None).update(expires_at=timezone.now() + timedelta(hours=1))
    return made


def test_each_channel_has_a_place_also_one_that_shows_nothing(client, info):
    page = client.get(f"/site/{info.site}/").content.decode()
    assert [page.count(f"Channel {channel}") for channel in (1, 2, 3)] == [1, 1, 1]
    assert page.count("nothing now") == 2


def test_an_info_image_has_a_page_until_its_time_is_over(client, info):
    page = client.get(address_of(info))
    assert page.status_code == 200
    assert info.base in page.content.decode()
    part = client.get(f"{address_of(info)}?q=FILL0149", headers={"HX-Request": "true"}).content.decode()
    assert "FILL0149" in part
    assert "FILL0148" not in part
    InfoImage.objects.exclude(exposure=None).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(address_of(info)).status_code == 404


def test_pictures_of_a_site_are_found_by_their_own_site_folder_and_name_alone(client, info):
    for wrong in ("/site/lsc/info-images/{0}/", "/site/tst/allsky/{0}/", "/site/tst/nowhere/{0}/", "/site/tst/data/x/"):
        assert client.get(wrong.format(info.base)).status_code == 404


def test_the_page_of_a_hidden_family_is_for_members_alone(client, alice, arrive, now):
    [sky] = ptr_night(n=1, directory="allsky", large_px=16, picture_px=32)
    arrive(sky.key(".jpg"), sky.files[sky.key(".jpg")])
    Exposure.objects.update(public_date=NEVER, proposal_id="PROP001")
    assert client.get(address_of(sky, "allsky")).status_code == 404
    client.force_login(alice)
    assert client.get(address_of(sky, "allsky")).status_code == 200
    assert "Whole sky" in client.get(f"/site/{sky.site}/").content.decode()


def test_the_log_is_by_pages_and_by_parts_of_names(client, db, frame_factory, django_assert_max_num_queries):
    at = timezone.now()
    frames = [frame_factory(site_id="cpt") for _ in range(3)]
    for number in range(60):
        frame = frames[number % 3]
        record_upload(filename=f"data/{number:03d}.fits", size_bytes=2**20, at=at, site_id="cpt", frame=frame)
    with django_assert_max_num_queries(14):
        first = client.get("/site/cpt/").content.decode()
    assert first.count("<tr data-key") == 25
    assert "1.0\xa0MB" in first
    assert client.get("/site/cpt/?page=3").content.decode().count("<tr data-key") == 10
    assert client.get("/site/cpt/?file=05").content.decode().count("<tr data-key") == 11  # 005 and 050 to 059
    assert client.get("/site/cpt/?file=%00%27").status_code == 200


def test_what_was_refused_is_told_to_staff_alone(client, alice, db, frame_factory):
    frame_factory(site_id="sro")
    at = timezone.now()
    for path in ("data/sro-bad.fits", "data/srox-bad.fits", "data/old-sro-bad.fits"):
        ReceivedObject.objects.create(
            store="s3", path=path, state="refused", reason="bad name", heard_at=at, settled_at=at
        )
    assert "sro-bad" not in client.get("/site/sro/?uploads=refused").content.decode()
    alice.is_staff = True
    alice.save()
    client.force_login(alice)
    shown = client.get("/site/sro/?uploads=refused").content.decode()
    assert shown.count("<tr data-key") == 1
    assert "bad name" in shown


@pytest.mark.parametrize("date", ["soon", "2026-13-01", "1850-01-01", "2800-01-01"])
def test_a_night_that_there_is_not_is_refused(client, db, now, date):
    configuration = {"name": "x", "latitude_deg": -30.0, "longitude_deg": -70.0, "elevation_m": 2198.0}
    configure("lsc", {**configuration, "timezone": "America/Santiago"}, by="admin", at=now)
    assert client.get("/site/lsc/").status_code == 200
    assert client.get(f"/site/lsc/?date={date}").status_code == 404


def test_the_stream_has_the_origin_of_the_pages_unless_a_setting_names_another(settings):
    settings.STREAM_URL = "/events/"
    assert live_part("site_id=a+b")["stream"] == "/events/?site_id=a+b"
    assert live_part("")["stream"] == "/events/"
    assert origin() == ()
    settings.STREAM_URL = "http://127.0.0.1:8001/events/"
    assert "connect-src 'self' http://127.0.0.1:8001;" in policy_with(*origin())
    settings.STREAM_URL = ""
    assert live_part("site_id=lsc")["stream"] == ""


def analysed(client, family, query):
    return client.get(f"{address_of(family)}?{query}", headers={"HX-Request": "true", "HX-Target": "analysis"})


def test_an_info_image_is_analysed_by_its_picture_and_its_fits_file(client, info):
    key = info.key("10.fits.bz2")
    part = analysed(client, info, "analysis=fits&row=3&column=5").content.decode()
    assert "<html" not in part
    with fits.open(io.BytesIO(bz2.decompress(info.files[key]))) as hdus:
        pixels = hdus[0].data
    assert f"{pixels.shape[1]} \N{MULTIPLICATION SIGN} {pixels.shape[0]} px" in part
    assert f"{np.median(pixels):.6g}" in part
    assert f"Row 3</b>, from {pixels[3].min()} to {pixels[3].max()}" in part
    assert f"Column 5</b>, from {pixels[:, 5].min()} to {pixels[:, 5].max()}" in part
    picture = analysed(client, info, "analysis=picture").content.decode()
    assert "32 \N{MULTIPLICATION SIGN} 32 px" in picture
    whole = client.get(f"{address_of(info)}?analysis=picture").content.decode()
    assert "Histogram" in whole  # without scripts too
    assert "Header" in whole


def test_a_second_look_is_out_of_the_cache_and_an_expired_image_has_none(client, info, monkeypatch):
    assert "Histogram" in analysed(client, info, "analysis=picture").content.decode()
    monkeypatch.setattr("archive.downloads.looking.CHILD", "archive.there_is_none")
    assert "Histogram" in analysed(client, info, "analysis=picture").content.decode()
    assert "exit code" in analysed(client, info, "analysis=picture&row=1").content.decode()  # said, not a failure
    InfoImage.objects.exclude(exposure=None).update(expires_at=timezone.now())
    assert analysed(client, info, "analysis=picture").status_code == 404


@pytest.mark.parametrize(
    "query", ["analysis=x", "analysis=fits&row=-1", "analysis=picture&row=9e9&column=%00", "row=1"]
)
def test_what_can_not_be_analysed_is_not(client, info, query):
    assert analysed(client, info, query).status_code == 200


def test_a_broken_picture_says_so(client, db, arrive, now):
    [made] = ptr_night(n=1, directory="info-images", large_px=16, picture_px=32)
    info_images.announce(site=made.site, channel=1, base=made.base, at=now)
    key = made.key(".jpg")
    arrive(key, made.files[key][:200])
    InfoImage.objects.exclude(exposure=None).update(expires_at=timezone.now() + timedelta(hours=1))
    assert "no JPEG that can be read" in analysed(client, made, "analysis=picture").content.decode()
