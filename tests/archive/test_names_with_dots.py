"""Frames whose names hold dots are found, downloaded, zipped and shown under their whole name."""

import io
import zipfile
from datetime import timedelta

import numpy as np
import pytest
from astropy.io import fits
from django.utils import timezone

from archive.domain.expiry import set_own_expiry
from archive.domain.removal import delete_frame
from archive.enums import ExpiringKind
from archive.models import Frame, Observation, OwnExpiry, StoredObject, Thumbnail
from ingest.intake import ingest_file, the_inspector
from pipeline.reductions.previews import make_previews
from tests.ao_camera import write_raw
from tests.archive.bodies import posted_raw

RAW = "24.1_KOI-123.01_VIC_Si_o_20160925_110427.040912"
FILENAME = f"{RAW}.fits.bz2"
STACK = f"{RAW}_100p"
PUBLIC = "2016-10-01T00:00:00"
PROVENANCE = {"INSTRUME": "Robo-AO", "L1PUBDAT": PUBLIC, "RAW00001": FILENAME, "L1IDDARK": "dark_1_20160925.fits"}
WCS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 15.5125, "CRVAL2": -12.5 / 60, "CRPIX1": 32.5, "CRPIX2": 32.5,
    "CDELT1": -5e-6, "CDELT2": 5e-6,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_reader():
    yield
    the_inspector().close()


@pytest.fixture
def raw_file(tmp_path):
    return write_raw(tmp_path, FILENAME, L1PUBDAT=PUBLIC)


@pytest.fixture
def take(db, store, inspector, now):
    return lambda path: ingest_file(path, store=store, inspector=inspector, now=now).frame


@pytest.fixture
def frame(take, raw_file):
    return take(raw_file)


@pytest.fixture
def stack(take, tmp_path):
    """A product, which gets previews as any frame."""
    path = tmp_path / f"{STACK}.fits"
    pixels = np.random.default_rng(1).normal(100, 5, (64, 64)).astype(np.float32)
    fits.PrimaryHDU(pixels, fits.Header({**PROVENANCE, **WCS})).writeto(path)
    return take(path)


def test_the_path_in_the_store_ends_in_the_files_own_name(frame):
    assert frame.basename == RAW
    assert StoredObject.objects.get().path == f"kpno/roboao/20160925/raw/{FILENAME}"


def test_a_product_is_processed_and_named_as_it_was(stack):
    assert stack.basename == STACK
    assert (stack.centre.x, stack.centre.y) == pytest.approx((15.5125, -12.5 / 60), abs=1e-4)  # of its own WCS
    assert StoredObject.objects.get().path == f"kpno/roboao/20160925/processed/{STACK}.fits"
    related = stack.relations_in.values_list("source__basename", "kind")
    assert set(related) == {(RAW, "raw-of"), ("dark_1_20160925", "calibrates")}


@pytest.mark.parametrize("terms", [f"basename_exact={RAW}", "basename=040912", "basename=24.1_koi"])
def test_a_list_finds_it_by_its_name(frame, api, terms):
    (found,) = api(None).get(f"/frames/?{terms}").json()["results"]
    assert (found["basename"], found["filename"]) == (RAW, FILENAME)


def test_it_is_downloaded_under_its_name(frame, api, raw_file):
    answer = api(None).get(f"/frames/{frame.pk}/download/")
    assert b"".join(answer) == raw_file.read_bytes()
    assert answer["Content-Disposition"] == f"attachment; filename={FILENAME}"


def test_it_is_unpacked_under_its_name(frame, api):
    answer = api(None).get(f"/frame-funpack/{frame.pk}/funpack/")
    assert answer["Content-Disposition"] == f"attachment; filename={RAW}.fits"
    with fits.open(io.BytesIO(b"".join(answer))) as hdus:
        assert len(hdus) == 3


def test_a_zip_holds_it_under_its_name(frame, stack, api, raw_file):
    answer = api(None).post("/frames/zip/", {"frame_ids": [frame.pk, stack.pk]}, format="json")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer))) as opened:
        names = {name.split("/", 1)[1]: name for name in opened.namelist()}
        assert set(names) == {FILENAME, f"{STACK}.fits"}
        assert opened.read(names[FILENAME]) == raw_file.read_bytes()


def test_a_file_of_a_frozen_selection_is_fetched_by_its_name(frame, api, raw_file):
    frozen = api(None).post("/downloads/", {"frame_ids": [frame.pk]}, format="json").json()
    answer = api(None).get(f"{frozen['url']}0/{FILENAME}".removeprefix("http://testserver"))
    assert answer.status_code == 200, answer.content
    assert b"".join(answer) == raw_file.read_bytes()


def test_a_product_gets_previews_with_its_name_and_a_raw_cube_gets_none(frame, stack, now):
    make_previews(frame_id=frame.pk, at=now)
    make_previews(frame_id=stack.pk, at=now)
    assert sorted(Thumbnail.objects.values_list("basename", "extension")) == [
        (f"{STACK}-{size}", ".jpg") for size in ("large", "medium", "small")
    ]
    assert {
        path.rpartition("/")[2]
        for path in StoredObject.objects.filter(thumbnail__isnull=False).values_list("path", flat=True)
    } == {f"{STACK}-{size}.jpg" for size in ("large", "medium", "small")}


def test_a_picture_that_a_client_brings_keeps_its_name(take, frame, tmp_path, store, inspector, now):
    path = tmp_path / f"{RAW}-small.jpg"
    path.write_bytes(b"a picture")
    given = {
        "frame_basename": RAW, "size": "small", "DATE-OBS": "2016-09-25T11:04:27", "DAY-OBS": "20160925",
        "INSTRUME": "roboao", "SITEID": "kpno", "TELID": "KPNO_2.1m",
    }  # fmt: skip
    taken = ingest_file(path, store=store, inspector=inspector, now=now, given=given)
    picture = Thumbnail.objects.get()
    assert (taken.frame, picture.basename, picture.extension) == (frame, f"{RAW}-small", ".jpg")


def test_a_picture_that_a_client_posts_keeps_its_name(frame, api, admin):
    head, _, fraction = RAW.rpartition(".")  # as a client parts it
    version = {"key": "t1", "md5": "b" * 32, "extension": f".{fraction}.jpg"}
    body = posted_raw(basename=head, version_set=[version], frame_basename=RAW, size="small")
    answer = api(admin).post("/thumbnails/", body, format="json")
    assert answer.status_code == 201, answer.content
    assert (answer.json()["basename"], answer.json()["extension"]) == (RAW, ".jpg")


def test_it_is_sent_by_its_name_and_found_again(api, admin, store, raw_file):
    def send():
        content = raw_file.read_bytes()
        return api(admin).generic("PUT", f"/ingest/{FILENAME}", content, content_type="application/octet-stream")

    first, again = send(), send()
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["basename"] == RAW
    assert first.json()["id"] == again.json()["id"]


def test_a_ticket_announces_it_by_its_header_and_gives_it_an_end_of_its_own(api, admin, store):
    asked = {"object_name": FILENAME, "header": {"EXPOSURE": 10.0}, "expires": "2030-01-01T00:00:00Z"}
    answer = api(admin).post("/uploads/", asked, format="json")
    assert answer.status_code == 201, answer.content
    assert OwnExpiry.objects.get().name == RAW
    waiting = Frame.objects.get()
    assert (waiting.basename, waiting.is_listed, waiting.exposure_time) == (RAW, False, 10.0)
    assert not Observation.objects.exists()


def test_its_tombstone_names_its_file(frame, api):
    delete_frame(frame_id=frame.pk, at=timezone.now(), by="test")
    answer = api(None).get(f"/frames/{frame.pk}/")
    assert (answer.status_code, answer.json()["files"]) == (410, [FILENAME])


def test_an_expiry_of_its_own_is_set_by_its_whole_name(frame, now):
    set_own_expiry(kind=ExpiringKind.FRAME, name=RAW, expires_at=now + timedelta(days=1), at=now, by="test")
    delete_frame(frame_id=frame.pk, at=now, by="test")
    assert not OwnExpiry.objects.exists()
