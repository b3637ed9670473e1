"""Objects in the store become families, whichever came first, last, twice or at once."""

import io
import itertools
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from django.db import transaction
from PIL import Image

from archive.enums import EventName, FileRole
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Event, Exposure, ExposureFile, Frame, StoredObject, Version
from ingest.arrivals import take_in_header
from tests.archive.bodies import at_once_each
from tests.photonranch_night import LONG_TEXT, MadeFamily, jpeg_bytes, ptr_night, text_header


@pytest.fixture
def family() -> MadeFamily:
    return next(ptr_night(n=1, large_px=16, picture_px=96))


def state():
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
        assert state()["exposures"][0]["jpg_small_exists"]

    def test_two_medium_pictures_have_a_thumbnail_each(self, db, put, take, arrive):
        ten, thirteen = (next(ptr_night(n=1, picture_px=64, medium=medium)) for medium in ("10", "13"))
        versions = {
            family.key(".jpg"): put(family.key(".jpg"), family.files[family.key(".jpg")]) for family in (ten, thirteen)
        }
        seen = []
        for order in itertools.permutations(versions):
            with transaction.atomic():
                for path in order:
                    take(path, versions[path])
                seen.append(state())
                transaction.set_rollback(True)
        assert seen[0] == seen[1]
        assert [row[3] for row in seen[0]["files"]].count("thumbnail") == 2


@pytest.mark.django_db
class TestHeaders:
    def test_a_text_header_alone_makes_a_typed_row(self, family, arrive):
        path = family.key(".txt")
        arrival = arrive(path, family.files[path])
        assert (arrival.is_new, arrival.frame, Frame.objects.count()) == (True, None, 0)
        row = Exposure.objects.get()
        header = family.header
        assert (row.airmass, row.exposure_time, row.altitude_deg, row.azimuth_deg) == (
            header["AIRMASS"], header["EXPTIME"], header["ALTITUDE"], header["AZIMUTH"],
        )  # fmt: skip
        assert (row.primary_optical_element, row.username, row.user_id) == (
            header["FILTER"], "Tim / O'B", "google-oauth2|100354044221813550027",
        )  # fmt: skip
        assert row.ra_deg == pytest.approx(family.ra_deg, abs=1e-6)
        assert row.observation_date == datetime.fromisoformat(header["DATE-OBS"]).replace(tzinfo=UTC)
        assert (row.site_id, row.instrument_id, row.night, row.data_type) == (
            "tst",
            "kb001ms",
            date(2026, 11, 20),
            "EX",
        )
        assert row.header["REMARK"] == LONG_TEXT
        assert {key: row.header[key] for key in header} == dict(header)
        assert not any([row.fits_01_exists, row.fits_10_exists, row.jpg_medium_exists, row.jpg_small_exists])
        assert row.public_date == row.observation_date

    @pytest.mark.parametrize("ending", ["01.fits.bz2", "01.fits.fz", "10.fits.bz2"])
    def test_a_fits_file_alone_gives_the_header(self, family, arrive, ending):
        path = family.key(ending)
        arrive(path, family.files[path])
        row = Exposure.objects.get()
        assert row.airmass == family.header["AIRMASS"]
        assert row.header["REMARK"] == LONG_TEXT
        assert (row.fits_01_exists, row.fits_10_exists) == (ending.startswith("01"), ending.startswith("10"))

    def test_a_text_header_wins_whenever_it_comes(self, family, put, take):
        other = text_header({**family.header, "AIRMASS": 2.5})
        text, fits = family.key(".txt"), family.key("01.fits.fz")
        versions = {text: put(text, other), fits: put(fits, family.files[fits])}
        for order in ((text, fits), (fits, text)):
            with transaction.atomic():
                for path in order:
                    take(path, versions[path])
                assert Exposure.objects.get().airmass == 2.5
                transaction.set_rollback(True)

    def test_an_upload_s_header_stands_until_a_text_header_comes(self, family, arrive, now):
        text, fits = family.key(".txt"), family.key("01.fits.fz")
        take_in_header(path=fits, header={**family.header, "AIRMASS": 1.5}, now=now)
        assert Exposure.objects.get().airmass == 1.5
        arrive(fits, family.files[fits])
        assert Exposure.objects.get().airmass == 1.5
        arrive(text, family.files[text])
        assert Exposure.objects.get().airmass == family.header["AIRMASS"]
        take_in_header(path=fits, header={**family.header, "AIRMASS": 1.7}, now=now)
        assert Exposure.objects.get().airmass == family.header["AIRMASS"]

    def test_no_date_is_no_reason_to_fail(self, arrive):
        family = next(ptr_night(n=1, large_px=16, picture_px=64, changes={"DATE-OBS": None}))
        for path, content in family.files.items():
            arrive(path, content)
        row = Exposure.objects.get()
        assert row.observation_date is None
        assert row.sort_date is not None
        assert not Frame.objects.filter(is_listed=True).exists()
        dated = text_header({**family.header, "DATE-OBS": "2026-11-20T23:00:00"})
        arrive(family.key(".txt"), dated)
        assert Exposure.objects.get().observation_date == datetime(2026, 11, 20, 23, tzinfo=UTC)
        assert Frame.objects.filter(is_listed=True).count() == 2

    def test_foreign_letters_nan_and_broken_values_survive(self, family, arrive):
        cards = [
            "USERNAME= 'Jörg / O''B  '".ljust(80), "AIRMASS =                  NaN".ljust(80),
            "OBJCTRA = 'nowhere '".ljust(80), "DATE-OBS= 'yesterday'".ljust(80), "ALTITUDE= '45.5    '".ljust(80),
            "END".ljust(80),
        ]  # fmt: skip
        for encoding in ("utf-8", "latin-1"):
            arrive(family.key(".txt"), "".join(cards).encode(encoding))
            row = Exposure.objects.get()
            assert (row.username, row.airmass, row.ra_deg, row.observation_date) == ("Jörg / O'B", None, None, None)
            assert row.altitude_deg == 45.5

    def test_a_proposal_s_embargo_holds_for_family_and_frames(self, arrive, now):
        family = next(ptr_night(n=1, large_px=16, picture_px=64, changes={"PROPID": "PROP001"}))
        for path, content in family.files.items():
            arrive(path, content)
        row = Exposure.objects.get()
        assert (row.proposal_id, row.public_date) == ("PROP001", row.observation_date + timedelta(days=365))
        assert set(Frame.objects.filter(is_listed=True).values_list("proposal_id", "public_date")) == {
            ("PROP001", row.public_date)
        }

    def test_pictures_without_a_header_can_be_hidden(self, family, arrive, settings):
        path = family.key(".jpg")
        settings.FAMILIES_PUBLIC_WITHOUT_HEADER = False
        arrive(path, family.files[path])
        assert Exposure.objects.get().public_date is None


@pytest.mark.django_db
class TestPictures:
    def thumbnail(self) -> ExposureFile:
        return ExposureFile.objects.select_related("object").get(role=FileRole.THUMBNAIL)

    def opened(self, store):
        stored = self.thumbnail().object
        return Image.open(io.BytesIO(b"".join(store.stream(stored.path, stored.version_id))))

    def test_the_thumbnail_is_128_px_high_and_small(self, arrive, store):
        family = next(ptr_night(n=1, picture_px=768))
        path = family.key(".jpg")
        arrive(path, family.files[path])
        picture = self.opened(store)
        stored = self.thumbnail().object
        assert (picture.format, picture.size) == ("JPEG", (128, 128))
        assert stored.size_bytes < 10_000
        assert stored.path.startswith("archive/")
        assert stored.path.endswith(f"{family.base}-EX11.jpg")
        assert self.thumbnail().level == 11

    @pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
    @pytest.mark.parametrize(("width", "height", "wide"), [(300, 200, 192), (40, 900, 6), (64, 64, 128)])
    def test_every_shape_and_colour_keeps_its_proportions(self, family, arrive, store, mode, width, height, wide):
        content = jpeg_bytes(np.random.default_rng(1), width_px=width, height_px=height, mode=mode)
        arrive(family.key(".jpg"), content)
        assert self.opened(store).size == (wide, 128)

    @pytest.mark.parametrize("content", [b"no picture", b"", b"\xff\xd8\xff\xe0 broken"])
    def test_a_corrupt_picture_is_marked_and_harms_nobody(self, family, arrive, content):
        path = family.key(".jpg")
        assert arrive(path, content).is_new
        assert "no JPEG" in ExposureFile.objects.get().fault
        assert not Exposure.objects.get().jpg_small_exists
        arrive(path, family.files[path])
        row = Exposure.objects.get()
        assert (row.jpg_medium_exists, row.jpg_small_exists) == (True, True)

    def test_a_cut_picture_is_corrupt(self, family, arrive):
        path = family.key(".jpg")
        arrive(path, family.files[path][:1500])
        assert ExposureFile.objects.get().fault

    def test_a_new_picture_has_a_new_thumbnail_and_the_old_one_goes(
        self, family, arrive, store, django_capture_on_commit_callbacks
    ):
        path = family.key(".jpg")
        arrive(path, family.files[path])
        first = self.thumbnail().object
        with django_capture_on_commit_callbacks(execute=True):
            arrive(path, jpeg_bytes(np.random.default_rng(2), width_px=50, height_px=100))
        assert self.opened(store).size == (64, 128)
        with pytest.raises(NotFoundError):
            store.head(first.path, first.version_id)


@pytest.mark.django_db
class TestAgain:
    def test_a_second_delivery_changes_nothing(self, family, put, take):
        versions = {path: put(path, content) for path, content in family.files.items()}
        for item in versions.items():
            take(*item)
        before, events = state(), Event.objects.count()
        for item in versions.items():
            assert not take(*item).is_new
        assert (state(), Event.objects.count()) == (before, events)

    @pytest.mark.parametrize("ending", [".txt", "01.fits.fz", ".jpg"])
    def test_older_bytes_that_come_late_stand_for_nothing(self, family, put, take, ending):
        newer = next(ptr_night(n=1, large_px=16, picture_px=80, seed=2, changes={"OBJECT": "Newer"}))
        path = family.key(ending)
        old, new = put(path, family.files[path]), put(path, newer.files[path])
        seen = []
        for order in ((old, new), (new, old)):
            with transaction.atomic():
                for version_id in order:
                    take(path, version_id)
                assert ExposureFile.objects.get(is_current=True, made_from=None).object.version_id == new
                seen.append(state())
                if ".fits" in ending:
                    assert Frame.objects.get(is_listed=True).target_name == "Newer"
                    assert Version.objects.first().object.version_id == new
                transaction.set_rollback(True)
        assert seen[0] == seen[1]

    def test_bytes_that_come_back_are_the_newest_again(self, family, put, take):
        newer = next(ptr_night(n=1, large_px=16, seed=2))
        path = family.key("01.fits.fz")
        versions = [put(path, made.files[path]) for made in (family, newer, family)]
        seen = []
        for order in itertools.permutations(versions):
            with transaction.atomic():
                for version_id in order:
                    take(path, version_id)
                assert Version.objects.first().object.version_id == versions[2]
                seen.append(state())
                transaction.set_rollback(True)
        assert all(found == seen[0] for found in seen)
        assert len(seen[0]["versions"]) == 2

    def test_the_same_fits_under_another_name_is_a_conflict(self, family, arrive):
        path = family.key("01.fits.fz")
        arrive(path, family.files[path])
        before = state()
        with pytest.raises(ConflictError, match=f"those of {family.base}-EX01"):
            arrive(path.replace("00000001", "00000002"), family.files[path])
        assert state() == before

    def test_the_same_picture_of_two_families_is_none(self, family, arrive):
        path = family.key(".jpg")
        arrive(path, family.files[path])
        arrive(path.replace("00000001", "00000002"), family.files[path])
        assert Exposure.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("data/tst-kb001ms-20261120-1-EX01.txt", b"", "counter has eight digits"),
        ("secret/tst-kb001ms-20261120-00000001-EX01.txt", b"", "none of the folders"),
        ("data/tst-kb001ms-20261120-00000001-EX01.csv", b"", "takes .txt, .fits and .jpg"),
        ("data/tst-kb001ms-20261120-00000001-EX01.txt", b"nothing of a header", "no header card"),
        ("data/tst-kb001ms-20261120-00000001-EX01.fits.fz", b"no FITS", "FITS"),
        ("data/tst-kb001ms-20261120-00000001-EX01.fits.bz2", b"no bzip2", "bzip2|packed|FITS"),
    ],
)
def test_what_can_not_pass_is_refused_in_plain_words_and_leaves_no_row(arrive, path, content, reason):
    with pytest.raises(UsageError, match=reason):
        arrive(path, content)
    assert [model.objects.count() for model in (Exposure, ExposureFile, Frame, StoredObject, Event)] == [0] * 5


@pytest.mark.django_db
def test_an_object_that_is_gone_is_not_found(family, take):
    with pytest.raises(NotFoundError):
        take(family.key(".txt"), "0" * 32)


@pytest.mark.django_db
@pytest.mark.parametrize("directory", ["allsky", "test"])
def test_other_folders_are_kinds_of_their_own_and_never_frames(arrive, directory):
    family = next(ptr_night(n=1, large_px=16, picture_px=64, directory=directory))
    for path, content in family.files.items():
        arrive(path, content)
    row = Exposure.objects.get()
    assert (row.kind, row.fits_01_exists, row.airmass) == (directory, True, family.header["AIRMASS"])
    assert Frame.objects.count() == 0


@pytest.mark.django_db
def test_a_frame_that_is_deleted_leaves_its_family_with_the_rest(family, arrive, api, admin):
    for path, content in family.files.items():
        arrive(path, content)
    frame = Frame.objects.get(basename=f"{family.base}-EX10")
    assert api(admin).delete(f"/frames/{frame.pk}/").status_code == 204
    row = Exposure.objects.get()
    assert (row.fits_10_exists, row.fits_01_exists, row.jpg_small_exists) == (False, True, True)
