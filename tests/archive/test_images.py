"""Images for readers: right pixels, made once, kept for a while, and only for those who may see the frame."""

import bz2
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from django.db import connection
from django.utils import timezone
from PIL import Image
from structlog.testing import capture_logs

from archive.domain import cached_images, expiry
from archive.domain.cache_expiry import CACHES
from archive.domain.cached_images import ImageForm
from archive.domain.removal import delete_frame
from archive.downloads.making import Places
from archive.errors import NotFoundError, TransientError
from archive.models import CachedImage, ExpiryRule, Frame, StoredObject
from tests.conftest import client_of
from tests.factories import FrameFactory

RECORDED = Path(__file__).resolve().parents[1] / "recorded" / "funpack"
TIFF = "/frames/{0.pk}/image/?type=tiff"
JPEG = "/frames/{0.pk}/image/"


def expire_caches(*, at) -> int:
    """What the dry run lists is what goes."""
    listed = list(CACHES.due(at=at))
    gone = expiry.expire(at=at, kinds=(CACHES,))
    assert gone == len(listed)
    return gone


def body(response) -> bytes:
    assert response.status_code in {200, 206}, response.content
    return b"".join(response)


def fits_bytes(pixels, **cards) -> bytes:
    stream = io.BytesIO()
    fits.PrimaryHDU(pixels, header=fits.Header(cards)).writeto(stream)
    return stream.getvalue()


def sky(shape=(40, 60), seed=5):
    image = np.random.default_rng(seed).normal(1000, 30, shape)
    image[20, 30] = 90_000
    return image.astype(np.float32)


@pytest.fixture
def frame(frame_factory):
    return frame_factory(content=fits_bytes(sky()), extension=".fits")


def tiff_of(response) -> np.ndarray:
    """Pixels with row 0 at the bottom, as FITS has them."""
    with Image.open(io.BytesIO(body(response))) as opened:
        assert (opened.format, opened.mode) == ("TIFF", "I;16")
        return np.asarray(opened)[::-1]


class TestWhatIsMade:
    def test_an_asinh_tiff_is_numpy_s(self, frame, api):
        response = api(None).get(TIFF.format(frame) + "&stretch=arcsinh")
        assert response["Content-Type"] == "image/tiff"
        assert response["Content-Disposition"] == f"attachment; filename={frame.basename}-asinh.tif"
        stretched = np.arcsinh(sky().astype(float))
        stretched = (stretched - stretched.min()) / np.ptp(stretched) * 65535
        pixels = tiff_of(response)
        assert (pixels.min(), pixels.max()) == (0, 65535)
        assert np.abs(pixels - stretched).max() <= 1

    def test_a_linear_tiff_has_the_pixel_values_cut_off_at_65535(self, frame, api):
        pixels = tiff_of(api(None).get(f"/frames/{frame.pk}/image/?type=tif&stretch=linear"))
        assert np.abs(pixels - np.clip(sky(), 0, 65535)).max() <= 0.5
        assert pixels[20, 30] == 65535

    def test_a_packed_file_with_blanks_and_unsigned_numbers_gives_the_numbers_that_are_meant(self, frame_factory, api):
        pixels = np.random.default_rng(2).integers(0, 65535, (30, 50)).astype(np.uint16)
        stream = io.BytesIO()
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(pixels)]).writeto(stream)
        packed = frame_factory(content=stream.getvalue())
        np.testing.assert_array_equal(tiff_of(api(None).get(TIFF.format(packed) + "&stretch=linear")), pixels)
        blanks = frame_factory(
            content=bz2.compress(fits_bytes(np.array([[-32768, 5], [6, 7]], dtype=np.int16), BLANK=-32768)),
            extension=".fits.bz2",
        )
        assert tiff_of(api(None).get(TIFF.format(blanks) + "&stretch=linear")).tolist() == [[0, 5], [6, 7]]

    @pytest.mark.parametrize(("query", "size"), [("", (600, 300)), ("?size=100&stretch=linear&type=JPG", (100, 50))])
    def test_a_jpeg_has_the_size_that_is_asked_for_and_is_never_enlarged(self, frame_factory, api, query, size):
        frame = frame_factory(content=fits_bytes(sky((300, 600))), extension=".fits")
        response = api(None).get(JPEG.format(frame) + query)
        assert response["Content-Type"] == "image/jpeg"
        with Image.open(io.BytesIO(body(response))) as opened:
            assert (opened.format, opened.mode, opened.size) == ("JPEG", "L", size)
            assert opened.getextrema()[1] - opened.getextrema()[0] > 100

    def test_plain_fits_is_what_the_route_of_unpacked_files_gives(self, frame_factory, api):
        frame = frame_factory(content=(RECORDED / "reduced.fits.fz").read_bytes())
        response = api(None).get(f"/frames/{frame.pk}/image/?type=fits")
        assert response["Content-Disposition"] == f"attachment; filename={frame.basename}.fits"
        assert body(response) == body(api(None).get(f"/frame-funpack/{frame.pk}/funpack/"))


class TestTheCache:
    def test_the_second_call_reads_nothing_of_the_frame_s_file(self, frame, api, store):
        first = api(None).get(TIFF.format(frame))
        pixels = body(first)
        source = frame.versions.get().object
        store.delete(source.path, source.version_id)
        second = api(None).get(TIFF.format(frame))
        assert (body(second), second["ETag"]) == (pixels, first["ETag"])
        image = CachedImage.objects.select_related("object").get()
        assert image.object.path.startswith("archive/cache/")
        assert (image.version, image.kind, image.stretch, image.size_px) == (frame.versions.get(), "tiff", "asinh", 0)
        assert len(store.versions(image.object.path)) == 1

    def test_ranges_resume_and_an_etag_that_is_known_saves_the_answer(self, frame, api):
        client, where = api(None), TIFF.format(frame)
        whole = client.get(where)
        pixels = body(whole)
        part = client.get(where, headers={"Range": "bytes=100-"})
        assert (part.status_code, body(part)) == (206, pixels[100:])
        assert client.get(where, headers={"If-None-Match": whole["ETag"]}).status_code == 304
        head = client.head(where)
        assert (int(head["Content-Length"]), b"".join(head)) == (len(pixels), b"")

    def test_each_form_is_an_image_of_its_own_and_other_names_of_one_are_not(self, frame, api):
        for query in ("", "?size=1024", "?type=jpg&stretch=asinh", "?size=16", "?stretch=linear", "?type=tiff"):
            body(api(None).get(JPEG.format(frame) + query))
        assert sorted(CachedImage.objects.values_list("kind", "stretch", "size_px")) == [
            ("jpeg", "asinh", 16), ("jpeg", "asinh", 1024), ("jpeg", "linear", 1024), ("tiff", "asinh", 0),
        ]  # fmt: skip

    def test_a_new_version_of_the_frame_and_new_code_have_images_of_their_own(
        self, frame, frame_factory, api, monkeypatch
    ):
        old = body(api(None).get(JPEG.format(frame)))
        frame_factory(basename=frame.basename, content=fits_bytes(sky(seed=9)), extension=".fits")
        assert body(api(None).get(JPEG.format(frame))) != old
        monkeypatch.setattr(cached_images, "CODE_VERSION", 2)
        body(api(None).get(JPEG.format(frame)))
        assert CachedImage.objects.count() == 3

    def test_a_use_prolongs_an_image_s_life_and_nothing_gives_it_out_afterwards(self, frame, api):
        body(api(None).get(JPEG.format(frame)))
        image, version, form = CachedImage.objects.get(), frame.versions.get(), ImageForm("jpeg", ".jpg", "asinh", 1024)
        made_at, life = image.last_used_at, timedelta(hours=48)
        assert image.expires_at == made_at + life
        later = made_at + timedelta(hours=40)
        assert cached_images.find(version, form, at=later) == image.object
        image.refresh_from_db()
        assert (image.last_used_at, image.expires_at) == (later, later + life)
        assert cached_images.find(version, form, at=later + life) is None

    def test_how_long_that_is_is_a_rule(self, frame, api):
        ExpiryRule.objects.filter(kind="cache").update(after=timedelta(hours=5))
        body(api(None).get(JPEG.format(frame)))
        image = CachedImage.objects.get()
        assert image.expires_at == image.last_used_at + timedelta(hours=5)

    def test_beat_deletes_what_has_expired_an_hour_after_nobody_gets_it_any_more(
        self, frame, api, store, django_capture_on_commit_callbacks
    ):
        body(api(None).get(JPEG.format(frame)))
        body(api(None).get(TIFF.format(frame)))
        image = CachedImage.objects.select_related("object").get(kind="jpeg")
        kept = CachedImage.objects.get(kind="tiff")
        end = timezone.now() + timedelta(days=1)
        CachedImage.objects.filter(pk=image.pk).update(expires_at=end)
        assert expire_caches(at=end + timedelta(minutes=59)) == 0
        with django_capture_on_commit_callbacks(execute=True):
            assert expire_caches(at=end + timedelta(minutes=60)) == 1
        assert store.versions(image.object.path) == []
        assert not StoredObject.objects.filter(pk=image.object_id).exists()
        assert CachedImage.objects.get() == kept
        expire_caches(at=timezone.now())
        assert CachedImage.objects.get() == kept
        assert Frame.objects.filter(pk=frame.pk, versions__isnull=False).exists()

    def test_an_expired_image_that_nobody_has_swept_is_made_anew_in_its_place(
        self, frame, api, store, django_capture_on_commit_callbacks
    ):
        first = body(api(None).get(JPEG.format(frame)))
        CachedImage.objects.update(expires_at=timezone.now())
        with django_capture_on_commit_callbacks(execute=True):
            assert body(api(None).get(JPEG.format(frame))) == first
        assert len(store.versions(CachedImage.objects.get().object.path)) == 1

    def test_images_go_with_their_frame(self, frame, api, store, now, django_capture_on_commit_callbacks):
        body(api(None).get(JPEG.format(frame)))
        path = CachedImage.objects.get().object.path
        with django_capture_on_commit_callbacks(execute=True):
            delete_frame(frame_id=frame.pk, at=now, by="test")
        assert (CachedImage.objects.count(), StoredObject.objects.count(), store.versions(path)) == (0, 0, [])

    def test_images_of_a_version_that_went_another_way_are_swept(
        self, frame, api, store, now, django_capture_on_commit_callbacks
    ):
        body(api(None).get(JPEG.format(frame)))
        path = CachedImage.objects.get().object.path
        frame.versions.all().delete()
        with django_capture_on_commit_callbacks(execute=True):
            assert expire_caches(at=now) == 1
        assert store.versions(path) == []

    def test_an_image_is_not_kept_of_a_version_that_was_deleted_meanwhile(self, frame, tmp_path, store, now):
        version = frame.versions.get()
        file = tmp_path / "image.jpg"
        file.write_bytes(b"a picture")
        delete_frame(frame_id=frame.pk, at=now, by="test")
        with pytest.raises(NotFoundError):
            cached_images.keep(version, ImageForm("jpeg", ".jpg", "asinh", 16), file, at=now)
        assert CachedImage.objects.count() == 0

    def test_bytes_that_a_killed_process_left_are_swept(self, frame, api, store):
        first = body(api(None).get(JPEG.format(frame)))
        StoredObject.objects.filter(cached_image__isnull=False).delete()  # as if its rows had never been committed
        assert body(api(None).get(JPEG.format(frame))) == first
        assert len(store.versions(CachedImage.objects.get().object.path)) == 1


@pytest.mark.django_db(transaction=True)
class TestManyAtOnce:
    def test_two_first_calls_make_one_object(self, store):
        frame = FrameFactory(store)(content=fits_bytes(sky()), extension=".fits")

        def ask(_number: int) -> bytes:
            try:
                return body(client_of(None).get(TIFF.format(frame)))
            finally:
                connection.close()

        with capture_logs() as logs, ThreadPoolExecutor(3) as threads:
            first, *others = threads.map(ask, range(3))
        assert others == [first, first]
        assert [entry["event"] for entry in logs].count("image_made") == 1
        assert len(store.versions(CachedImage.objects.get().object.path)) == 1

    def test_who_waits_too_long_for_another_s_image_is_told_to_ask_again(self, store):
        version = FrameFactory(store)().versions.get()
        form = ImageForm("jpeg", ".jpg", "asinh", 16)
        taken, done = threading.Event(), threading.Event()

        def hold() -> None:
            with cached_images.one_at_a_time(version, form, wait_s=0):
                taken.set()
                done.wait(30)
            connection.close()

        holder = threading.Thread(target=hold)
        holder.start()
        assert taken.wait(30)
        with pytest.raises(TransientError), cached_images.one_at_a_time(version, form, wait_s=0.2):
            pass
        done.set()
        holder.join()
        with cached_images.one_at_a_time(version, form, wait_s=0):
            pass


class TestWhatIsRefused:
    def test_a_full_process_answers_503_and_when_to_come_back(self, frame, api, settings):
        settings.IMAGE_JOBS = 3  # places of this test's own
        with ExitStack() as taken:
            for _ in range(9):
                taken.enter_context(Places.of_process().place())
            response = api(None).get(JPEG.format(frame))
            assert (response.status_code, "Retry-After" in response) == (503, True)
        body(api(None).get(JPEG.format(frame)))

    @pytest.mark.parametrize(
        "query",
        ["type=png", "type=tiff&stretch=log", "size=0", "size=15", "size=4097", "size=-5", "size=1e3", "size=²",
         "size=" + "9" * 5000, "type=tiff&size=100", "type=fits&stretch=asinh", "type=fits&size=9"],
    )  # fmt: skip
    def test_a_parameter_that_means_nothing_is_400_and_named(self, frame, api, query):
        response = api(None).get(f"/frames/{frame.pk}/image/?{query}")
        assert response.status_code == 400
        assert any(name in response.json()["detail"] for name in ("type", "stretch", "size"))

    @pytest.mark.parametrize(
        ("content", "extension", "reason"),
        [
            (b"%PDF-1.4 not fits", ".pdf", "no FITS"),
            (b"no fits at all", ".fits.fz", "FITS"),
            (fits_bytes(sky())[:-2880], ".fits", "cut short"),
            (fits_bytes(None), ".fits", "no image"),
        ],
        ids=["pdf", "text", "short", "header"],
    )
    def test_a_file_that_holds_no_image_is_400_with_a_reason(self, frame_factory, api, content, extension, reason):
        frame = frame_factory(content=content, extension=extension)
        for query in ("", "?type=tiff"):
            response = api(None).get(JPEG.format(frame) + query)
            assert (response.status_code, reason in response.json()["detail"]) == (400, True), response.json()
        assert CachedImage.objects.count() == 0

    def test_an_image_that_takes_too_much_memory_is_400(self, frame_factory, api, settings):
        settings.IMAGE_MEGABYTES = 64
        frame = frame_factory(content=fits_bytes(np.zeros((3000, 3000), dtype=np.float32)), extension=".fits")
        response = api(None).get(TIFF.format(frame))
        assert (response.status_code, "64 MB" in response.json()["detail"]) == (400, True), response.json()

    def test_an_image_that_takes_too_long_is_400(self, frame, api, settings):
        settings.IMAGE_SECONDS = 0
        response = api(None).get(TIFF.format(frame))
        assert (response.status_code, "0 s" in response.json()["detail"]) == (400, True), response.json()

    def test_a_file_that_is_not_what_was_posted_is_409_and_no_image_of_it_is_kept(self, frame, api):
        frame.versions.update(md5="0" * 32)
        assert api(None).get(JPEG.format(frame)).status_code == 409
        assert CachedImage.objects.count() == 0

    def test_a_damaged_file_is_not_shown_out_of_the_cache_either(self, frame, api):
        body(api(None).get(JPEG.format(frame)))
        StoredObject.objects.filter(version__frame=frame).update(fault="its MD5 is another", verified_at=None)
        assert api(None).get(JPEG.format(frame)).status_code == 409


def test_only_those_who_may_see_the_frame_get_its_image_also_out_of_the_cache(frame_factory, api, alice, bob, admin):
    hidden = frame_factory(content=fits_bytes(sky()), extension=".fits", public_date=None)
    for user in (None, bob):
        assert api(user).get(JPEG.format(hidden)).status_code == 404
    made = body(api(alice).get(JPEG.format(hidden)))
    for user in (None, bob):
        assert api(user).get(JPEG.format(hidden)).json() == {"detail": "No such frame."}
    assert body(api(admin).get(JPEG.format(hidden))) == made
