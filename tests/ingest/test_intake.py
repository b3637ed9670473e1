"""The one door: what comes in is kept, described and told; what can not is refused and leaves nothing."""

import gzip
import shutil
import tarfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from archive.errors import TransientError, UsageError
from archive.models import Event, Frame, StoredObject, Version
from ingest.checksums import digest_of
from ingest.intake import ingest_file
from tests.synthetic import CARDS, write_frame

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "real"
NAME = "lsc1m005-fa15-20250309-0004-e00"


@pytest.fixture
def take(db, store, inspector, now):
    return lambda path, **more: ingest_file(path, store=store, inspector=inspector, now=now, **more)


def rows() -> tuple[int, ...]:
    return Frame.objects.count(), StoredObject.objects.count(), Version.objects.count(), Event.objects.count()


def test_a_file_becomes_a_frame_with_all_that_is_known_of_its_bytes(take, fits_file, store, now):
    path = fits_file(L1IDBIAS="lsc1m005-fa15-20250309-0001-b00.fits")
    taken = take(path)
    frame = Frame.objects.get(pk=taken.frame.pk)
    assert taken.is_new
    assert (frame.basename, frame.site_id, frame.observation_day) == (NAME, "lsc", date(2025, 3, 9))
    assert frame.observation_date == datetime(2025, 3, 10, 1, 8, 31, 456000, tzinfo=UTC)
    assert frame.is_listed
    stored = frame.versions.get().object
    digest = digest_of(path)
    assert (stored.md5, stored.sha256, stored.crc32, stored.size_bytes) == (
        digest.md5, digest.sha256, digest.crc32, digest.size_bytes,
    )  # fmt: skip
    assert stored.verified_at == now
    assert stored.path == f"lsc/fa15/20250309/raw/{NAME}.fits"
    assert b"".join(store.stream(stored.path, stored.version_id)) == path.read_bytes()
    assert frame.headers.data["OBJECT"] == "M 51"
    assert frame.relations_in.get().source.basename == "lsc1m005-fa15-20250309-0001-b00"


def test_the_centre_of_the_image_lies_where_its_header_says(take, fits_file):
    frame = Frame.objects.get(pk=take(fits_file()).frame.pk)
    assert (frame.centre.x % 360, frame.centre.y) == pytest.approx((CARDS["CRVAL1"], CARDS["CRVAL2"]), abs=1e-3)


@pytest.mark.parametrize("kind", ["BIAS", "DARK", "SKYFLAT", "EXPERIMENTAL"])
def test_calibrations_have_no_footprint(take, fits_file, kind):
    assert Frame.objects.get(pk=take(fits_file(OBSTYPE=kind)).frame.pk).area is None


def test_the_same_bytes_again_return_the_frame_and_add_nothing(take, fits_file):
    path = fits_file()
    first = take(path)
    before = rows()
    again = take(path)
    assert (again.frame, again.is_new, rows()) == (first.frame, False, before)


def test_other_bytes_of_the_same_name_are_a_new_version(take, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = take(write_frame(tmp_path / "a" / f"{NAME}.fits", seed=1))
    second = take(write_frame(tmp_path / "b" / f"{NAME}.fits", seed=2))
    assert first.frame == second.frame
    assert first.frame.versions.count() == 2


def pack_gz(path: Path) -> Path:
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return packed


def pack_tar(path: Path) -> Path:
    packed = path.with_name(path.name.replace(".fits", ".tar.gz"))
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(path, "lsc1m005-fa15-20250309-0004-e00.fits")
    return packed


@pytest.mark.parametrize(
    ("make", "extension", "level"),
    [
        (lambda folder: write_frame(folder / f"{NAME}.fits"), ".fits", 0),
        (lambda folder: write_frame(folder / f"{NAME}.fits.fz"), ".fits.fz", 0),
        (lambda folder: pack_gz(write_frame(folder / f"{NAME}.fits")), ".fits.gz", 0),
        (lambda folder: pack_tar(write_frame(folder / f"{NAME}.fits")), ".tar.gz", 90),
    ],
)
def test_every_kind_of_file_gives_the_same_record(take, tmp_path, make, extension, level):
    frame = Frame.objects.get(pk=take(make(tmp_path)).frame.pk)
    assert (frame.basename, frame.target_name, frame.reduction_level) == (NAME, "M 51", level)
    assert frame.versions.get().extension == extension
    assert frame.area is not None
    assert (frame.centre.x % 360, frame.centre.y) == pytest.approx((CARDS["CRVAL1"], CARDS["CRVAL2"]), abs=1e-3)


def test_a_plain_file_is_taken_with_given_metadata(take, tmp_path):
    path = tmp_path / "observing-log.pdf"
    path.write_bytes(b"%PDF-1.4 a log")
    given = {key: value for key, value in CARDS.items() if not key.startswith(("C", "N"))}
    frame = take(path, given=given).frame
    assert (frame.basename, frame.target_name, frame.versions.get().is_fits) == ("observing-log", "M 51", False)
    assert not take(path, given=given).is_new


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"", f"{NAME}.fits", "empty"),
        (b"not a FITS file" * 1000, f"{NAME}.fits", "FITS"),
        (b"%PDF", "log.pdf", "missing: PROPID"),
        (gzip.compress(b"no", mtime=0), f"{NAME}.fits.gz", "FITS"),
        (b"broken", f"{NAME}.fits.gz", "gzip|unpack|damaged"),
    ],
)
def test_what_is_no_frame_is_refused_and_leaves_nothing(take, tmp_path, store, content, name, reason):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UsageError, match=reason):
        take(path)
    assert rows() == (0, 0, 0, 0)
    assert store.versions(f"lsc/fa15/20250309/raw/{name}") == []


def test_a_truncated_file_is_refused(take, fits_file):
    path = fits_file()
    path.write_bytes(path.read_bytes()[:-2880])
    with pytest.raises(UsageError, match="bytes"):
        take(path)
    assert rows() == (0, 0, 0, 0)


def test_a_header_without_a_required_key_is_refused_by_its_name(take, fits_file):
    with pytest.raises(UsageError, match="PROPID"):
        take(fits_file(PROPID=None))


@pytest.mark.parametrize("name", ["lsc1m005-fa15-20250309-0004-l00.fits", "tstnrs01.fits"])
def test_ignored_names_are_refused(take, fits_file, name):
    with pytest.raises(UsageError, match="IGNORED_CHARS"):
        take(fits_file(name))


def test_a_row_that_can_not_be_written_takes_its_bytes_away_again(take, fits_file, store):
    with pytest.raises(UsageError):
        take(fits_file(EXPTIME=-1.0))
    assert rows() == (0, 0, 0, 0)
    assert store.versions(f"lsc/fa15/20250309/raw/{NAME}.fits") == []


def test_a_portal_that_is_down_makes_nothing_public(take, fits_file, settings):
    settings.OBSERVATION_PORTAL_BASE_URL = "http://127.0.0.1:9/"  # nobody listens on the discard port
    settings.OBSERVATION_PORTAL_API_TOKEN = "token"
    with pytest.raises(TransientError, match="portal"):
        take(fits_file())
    assert rows() == (0, 0, 0, 0)


@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data/real is not beside this checkout")
class TestRealFiles:
    """Three real files of real telescopes are taken, the fourth refused."""

    def test_the_raw_image_of_four_amplifiers_covers_its_target(self, take, api, admin):
        frame = take(REAL / "mef_raw_test_frame.fits").frame
        # 19:09:17.956 +59:29:38.15, the target's own place in the header
        place = "POINT(287.32481667 59.49393056)"
        (found,) = api(admin).get("/frames/", {"covers": place}).json()["results"]
        assert found["id"] == frame.pk
        assert (found["target_name"], found["site_id"], found["proposal_id"]) == ("2021 SO2", "elp", "LCO2021B-002")

    def test_the_catalogue_is_taken(self, take):
        frame = take(REAL / "cpt1m010-kb70-20160210-0365-e90_cat.fits").frame
        assert (frame.site_id, frame.target_name) == ("cpt", "LM04Sze")
        assert frame.public_date == datetime(2017, 2, 11, 2, 30, 55, tzinfo=UTC)

    def test_the_spectrum_has_no_footprint(self, take):
        frame = take(REAL / "target_2df_ex.fits").frame
        assert (frame.site_id, frame.area) == ("coj", None)

    def test_the_image_without_keys_is_refused_with_its_reason(self, take):
        with pytest.raises(UsageError, match="required keys; missing: PROPID"):
            take(REAL / "example-good_wcs.fits")


def test_two_frames_that_name_each_other_may_come_in_any_order(take, tmp_path):
    image, catalogue = f"{NAME[:-3]}e91", f"{NAME[:-3]}e91_cat"
    take(write_frame(tmp_path / f"{image}.fits.fz", seed=1, L1IDCAT=f"{catalogue}.fits.fz"))
    taken = take(write_frame(tmp_path / f"{catalogue}.fits.fz", seed=2))
    relation = taken.frame.relations_out.get()
    assert (relation.kind, relation.derived.basename) == ("catalogue-of", image)
    assert Frame.objects.count() == 2


def test_a_copy_under_another_name_is_the_same_frame(take, fits_file, tmp_path):
    path = fits_file()
    copy = shutil.copy(path, tmp_path / "another-name.fits")
    assert take(path).frame == take(Path(copy)).frame


@pytest.mark.parametrize("kind", ["UNKNOWN", "SNAPSHOT", ""])
def test_a_type_that_nobody_knows_is_refused_as_it_is_when_posted(take, fits_file, kind):
    with pytest.raises(UsageError, match="CONFIGURATION_TYPES"):
        take(fits_file(OBSTYPE=kind))
    assert rows() == (0, 0, 0, 0)


def test_a_value_that_does_not_fit_is_refused_in_plain_words(take, fits_file):
    with pytest.raises(UsageError, match="too long for type"):
        take(fits_file(TELID="t" * 65))
    assert rows() == (0, 0, 0, 0)


class TestPictures:
    GIVEN = {
        "frame_basename": NAME, "size": "small", "DATE-OBS": "2025-03-10T01:08:31", "DAY-OBS": "20250309",
        "INSTRUME": "fa15", "SITEID": "lsc", "TELID": "1m0a",
    }  # fmt: skip

    @pytest.fixture
    def picture(self, tmp_path):
        path = tmp_path / f"{NAME}-small.jpg"
        path.write_bytes(b"a picture")
        return path

    def test_a_picture_becomes_its_frame_s_thumbnail_once(self, take, fits_file, picture, store):
        frame = take(fits_file()).frame
        taken = take(picture, given=self.GIVEN)
        assert (taken.frame, taken.is_new) == (frame, True)
        thumbnail = frame.thumbnails.get()
        assert thumbnail.object.path == f"lsc/fa15/20250309/thumbnails/{NAME}-small.jpg"
        assert b"".join(store.stream(thumbnail.object.path, thumbnail.object.version_id)) == b"a picture"
        assert not take(picture, given=self.GIVEN).is_new

    def test_a_picture_of_an_unknown_frame_makes_it_without_bytes(self, take, picture):
        frame = take(picture, given=self.GIVEN).frame
        assert (frame.basename, frame.is_listed) == (NAME, False)

    @pytest.mark.parametrize(
        ("changes", "reason"), [({"size": "huge"}, "small, medium, large"), ({"SITEID": ""}, "site")]
    )
    def test_bad_metadata_is_refused_and_leaves_nothing(self, take, picture, changes, reason):
        with pytest.raises(UsageError, match=reason):
            take(picture, given={**self.GIVEN, **changes})
        assert rows() == (0, 0, 0, 0)

    def test_a_picture_that_names_no_frame_needs_a_frame_s_metadata(self, take, picture):
        with pytest.raises(UsageError, match="required keys"):
            take(picture, given={"size": "small"})
