"""Regions of images: the pixels and directions that astropy finds in the whole file, read by as few bytes as there are."""

import bz2
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from archive.downloads import cutout, cutout_pixels
from archive.models import CachedImage, StoredObject
from ingest.intake import the_inspector
from tests.factories import FrameFactory

RECORDED = Path(__file__).resolve().parents[1] / "recorded" / "funpack"
NEVER = datetime(2999, 1, 1, tzinfo=UTC)
WIDE, HIGH = 70, 50
# astropy scales 8 and 16 bits in 32-bit floats, we in 64: one rounding of the product, one of the sum, one of ours.
ROUNDINGS = 3 * 2.0**-24


@pytest.fixture(scope="module", autouse=True)
def one_reader():
    yield
    the_inspector().close()


def body(response):
    assert response.status_code == 200, response.content
    return response.content


def cut(response) -> fits.PrimaryHDU:
    content = body(response)
    assert len(content) % 2880 == 0
    with fits.open(io.BytesIO(content)) as hdus:
        hdus.verify("exception")
        hdu = hdus[0]
        assert (len(hdus), hdu.header["BITPIX"]) == (1, -32)
        hdu.data  # noqa: B018 - read now
        return hdu


def of(frame, **asked) -> str:
    return f"/frames/{frame.pk}/cutout/?" + "&".join(f"{name}={value}" for name, value in asked.items())


def written(*hdus) -> bytes:
    stream = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(stream)
    return stream.getvalue()


def numbers(kind, shape=(HIGH, WIDE)):
    chance = np.random.default_rng(7)
    if kind.startswith("f"):
        made = chance.normal(1000, 300, shape).astype(kind)
        made[3, 5], made[10, 10] = np.nan, np.inf
        return made
    least, most = np.iinfo(kind).min, np.iinfo(kind).max
    made = chance.integers(least, most, shape, dtype=kind, endpoint=True)
    made[0, 0], made[0, 1] = least, most
    return made


KINDS = ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]


class TestPixels:
    @pytest.mark.parametrize("kind", KINDS)
    def test_each_kind_of_number_is_what_astropy_reads(self, frame_factory, api, kind):
        pixels = numbers(kind)
        frame = frame_factory(content=written(fits.PrimaryHDU(pixels)), extension=".fits")
        given = cut(api(None).get(of(frame, x0=4, y0=2, width=20, height=30))).data
        assert np.array_equal(given, pixels[2:32, 4:24].astype("f4"), equal_nan=True)
        given = cut(api(None).get(of(frame))).data
        assert np.array_equal(given, pixels.astype("f4"), equal_nan=True)

    @pytest.mark.parametrize("kind", ["u1", "i2", "i4", "i8", "f4", "f8"])
    def test_scaled_numbers_and_blanks_are_what_astropy_reads(self, frame_factory, api, kind):
        cards = {"BSCALE": 0.25, "BZERO": -13.5}
        if not kind.startswith("f"):
            cards["BLANK"] = int(np.iinfo(kind).max)
        content = with_scale(numbers(kind), cards)
        frame = frame_factory(content=content, extension=".fits")
        with fits.open(io.BytesIO(content)) as hdus:
            true = np.asarray(hdus[0].data, dtype="f8")[5:25, 0:40]
        given = cut(api(None).get(of(frame, x0=0, y0=5, width=40, height=20)))
        assert np.array_equal(np.isnan(given.data), np.isnan(true))
        assert not {"BSCALE", "BZERO", "BLANK"} & set(given.header)
        terms = np.abs(true) + 2 * 13.5
        with np.errstate(invalid="ignore"):
            assert np.nanmax(np.where(np.isfinite(terms), np.abs(given.data - true) / terms, 0)) <= ROUNDINGS

    @pytest.mark.parametrize("step", [2, 4, 64])
    def test_blocks_are_means_that_leave_out_pixels_without_a_value(self, frame_factory, api, step):
        pixels = np.random.default_rng(3).normal(0, 5, (HIGH, WIDE)).astype("f4")
        pixels[:4, :4] = np.nan
        pixels[9, 9] = np.nan
        frame = frame_factory(content=written(fits.PrimaryHDU(pixels)), extension=".fits")
        x0, y0, width, height = 0, 1, 67, 49
        given = cut(api(None).get(of(frame, x0=x0, y0=y0, width=width, height=height, bin=step))).data
        region = pixels[y0 : y0 + height, x0 : x0 + width].astype("f8")
        assert given.shape == (-(-height // step), -(-width // step))
        for row, column in np.ndindex(given.shape):
            block = region[row * step : (row + 1) * step, column * step : (column + 1) * step]
            known = block[~np.isnan(block)]
            # Rounded once to 32 bits, after sums of up to 4096 terms in 64.
            assert (np.isnan(given[row, column]) and not known.size) or given[row, column] == pytest.approx(
                known.mean(), rel=2.0**-23, abs=2.0**-40
            )

    def test_means_do_not_depend_on_how_the_rows_were_read(self, frame_factory, api, monkeypatch):
        frame = frame_factory(content=written(fits.PrimaryHDU(numbers("f4"))), extension=".fits")
        asked = of(frame, x0=3, y0=1, width=60, height=45, bin=8)
        whole = body(api(None).get(asked))
        for chunk, gap in ((1, 1 << 20), (3 * WIDE, 1 << 20), (1 << 20, 0)):
            monkeypatch.setattr(cutout_pixels, "CHUNK_PIXELS", chunk)
            monkeypatch.setattr(cutout_pixels, "GAP_BYTES", gap)
            assert np.allclose(fits_data(body(api(None).get(asked))), fits_data(whole), rtol=1e-6, equal_nan=True)

    def test_planes_of_a_cube_are_counted_through_all_further_axes(self, frame_factory, api):
        cube = numbers("i2", (2, 3, HIGH, WIDE))
        frame = frame_factory(content=written(fits.PrimaryHDU(cube)), extension=".fits")
        given = cut(api(None).get(of(frame, plane=4, x0=1, y0=2, width=3, height=4))).data
        assert np.array_equal(given, cube[1, 1, 2:6, 1:4])
        refused = api(None).get(of(frame, plane=6))
        assert refused.status_code == 400
        assert "6" in refused.json()["detail"]

    def test_an_image_is_chosen_by_its_number_or_name(self, frame_factory, api):
        science, mask = numbers("f4"), numbers("u1")
        table = fits.BinTableHDU.from_columns([fits.Column("a", "J", array=np.arange(2000))])
        content = written(fits.PrimaryHDU(), table, fits.ImageHDU(science, name="SCI"), fits.ImageHDU(mask, name="BPM"))
        frame = frame_factory(content=content, extension=".fits")
        for asked, true in (({}, science), ({"hdu": 2}, science), ({"hdu": "BPM"}, mask), ({"hdu": 3}, mask)):
            given = cut(api(None).get(of(frame, **asked)))
            assert np.array_equal(given.data, true.astype("f4"), equal_nan=True)
        assert given.header["EXTNAME"] == "BPM"
        for missing in ("1", "0", "9", "CAT"):
            assert api(None).get(of(frame, hdu=missing)).status_code == 404

    @pytest.mark.parametrize(("extension", "pack"), [(".fits.gz", gzip.compress), (".fits.bz2", bz2.compress)])
    def test_packed_files_are_unpacked_once_and_then_cut(self, frame_factory, api, extension, pack):
        pixels = numbers("u2")
        frame = frame_factory(content=pack(written(fits.PrimaryHDU(pixels))), extension=extension)
        for _ in range(2):
            given = cut(api(None).get(of(frame, x0=8, y0=8, width=9, height=7))).data
            assert np.array_equal(given, pixels[8:15, 8:17])
        assert CachedImage.objects.filter(kind="fits").count() == 1

    @pytest.mark.parametrize("name", ["primary", "unsigned", "reduced", "cube"])
    def test_tiles_of_fpack_are_unpacked_once_and_then_cut(self, frame_factory, api, name):
        frame = frame_factory(content=(RECORDED / f"{name}.fits.fz").read_bytes())
        with fits.open(RECORDED / f"{name}.fits") as hdus:
            hdu = next(each for each in hdus if each.is_image and each.data is not None)
            plane = hdu.data.reshape(-1, *hdu.data.shape[-2:])[0]
            given = cut(api(None).get(of(frame, x0=1, y0=1))).data
            assert np.array_equal(given, plane[1:, 1:].astype("f4"), equal_nan=True)

    def test_a_packed_image_in_a_file_that_is_named_plain_is_unpacked_too(self, frame_factory, api):
        pixels = numbers("i2")
        content = written(fits.PrimaryHDU(), fits.CompImageHDU(pixels))
        frame = frame_factory(content=content, extension=".fits")
        assert np.array_equal(cut(api(None).get(of(frame))).data, pixels)


def fits_data(content):
    with fits.open(io.BytesIO(content)) as hdus:
        return hdus[0].data.copy()


def with_scale(pixels: np.ndarray, cards) -> bytes:
    """A file whose numbers are stored as they are, under a header that says how to read them."""
    stream = io.BytesIO(written(fits.PrimaryHDU(pixels)))
    content = stream.getvalue()
    lines = [content[at : at + 80] for at in range(0, 2880, 80)]
    lines = [line for line in lines if line.strip() and not line.startswith((b"END", b"BSCALE", b"BZERO"))]
    lines += [
        f"{name:8}= {cards[name]!r:>20}".encode().ljust(80) for name in ("BSCALE", "BZERO", "BLANK") if name in cards
    ]
    return b"".join([*lines, b"END".ljust(80)]).ljust(2880) + content[2880:]


class TestRegions:
    @pytest.fixture
    def frame(self, frame_factory):
        return frame_factory(content=written(fits.PrimaryHDU(numbers("f4"))), extension=".fits")

    @pytest.mark.parametrize(
        ("asked", "box"),
        [
            ({"x0": -5, "y0": -7, "width": 10, "height": 10}, (0, 0, 5, 3)),
            ({"x0": 60, "y0": 45, "width": 100, "height": 100}, (60, 45, 10, 5)),
            ({"x0": -10, "y0": -10, "width": 1000, "height": 1000}, (0, 0, WIDE, HIGH)),
        ],
    )
    def test_what_reaches_over_the_edge_is_cut_and_says_so(self, frame, api, asked, box):
        given = cut(api(None).get(of(frame, **asked)))
        x0, y0, width, height = box
        pixels = numbers("f4")[y0 : y0 + height, x0 : x0 + width]
        assert np.array_equal(given.data, pixels, equal_nan=True)
        told = [given.header[name] for name in ("CUTX0", "CUTY0", "CUTWID", "CUTHEI", "CUTCLIP")]
        assert told == [*box, True]
        assert "cut to the image" in str(given.header["HISTORY"])

    def test_a_region_within_was_not_cut(self, frame, api):
        header = cut(api(None).get(of(frame, x0=1, y0=1, width=2, height=2))).header
        assert header["CUTCLIP"] is False
        assert (header["CUTFRAME"], header["CUTVERS"]) == (frame.pk, frame.versions.get().pk)

    @pytest.mark.parametrize(
        "asked",
        [
            {"x0": WIDE}, {"y0": -HIGH, "height": HIGH}, {"width": 0}, {"height": "ten"}, {"x0": "1.5"}, {"bin": 3},
            {"bin": 0}, {"bin": 4096}, {"plane": -1}, {"ra": 1}, {"ra": 1, "dec": 91, "size": 3},
            {"ra": 1, "dec": 1, "size": 0}, {"ra": "nan", "dec": 1, "size": 3}, {"ra": 1, "dec": 1, "size": 3, "x0": 1},
            {"x0": "9" * 30}, {"x0": "٣"}, {"ra": 1, "dec": 1, "size": 3},
        ],
    )  # fmt: skip
    def test_what_can_not_be_answered_says_what_to_do(self, frame, api, asked):
        response = api(None).get(of(frame, **asked))
        assert response.status_code == 400
        assert ":" in response.json()["detail"]

    def test_too_many_pixels_are_refused_with_the_bin_that_would_do(self, frame_factory, api):
        pixels = np.zeros((1200, 4000), dtype="u1")
        frame = frame_factory(content=written(fits.PrimaryHDU(pixels)), extension=".fits")
        refused = api(None).get(of(frame))
        assert refused.status_code == 400
        assert "bin=2" in refused.json()["detail"]
        assert cut(api(None).get(of(frame, bin=2))).data.shape == (600, 2000)

    def test_too_many_bytes_are_refused(self, frame, api, monkeypatch):
        monkeypatch.setattr(cutout_pixels, "MOST_READ_BYTES", 1000)
        refused = api(None).get(of(frame, bin=64))
        assert refused.status_code == 400
        assert "fewer rows" in refused.json()["detail"]


class TestBytes:
    def test_only_the_rows_of_a_region_are_read_from_s3(self, use_s3, db, api):
        store = use_s3()
        pixels = np.random.default_rng(1).normal(0, 1, (600, 500)).astype("f4")
        content = written(fits.PrimaryHDU(), fits.ImageHDU(pixels))
        frame = FrameFactory(store)(content=content, extension=".fits")
        asked = []
        client = store._client.get()
        client.meta.events.register(
            "before-send.s3.GetObject", lambda request, **_: asked.append(request.headers.get("Range")) and None
        )
        given = cut(api(None).get(of(frame, x0=100, y0=200, width=50, height=40))).data
        assert np.array_equal(given, pixels[200:240, 100:150])
        first_time, asked[:] = [span(each) for each in asked], []
        start = len(content) - (600 * 500 * 4 + (-600 * 500 * 4) % 2880)
        first = start + (200 * 500 + 100) * 4
        rows = (first, first + (39 * 500 + 50) * 4)
        assert first_time[-1] == rows
        # Two headers, and the cards of one of them: 28,800 bytes or fewer each, and only once.
        assert len(first_time) <= 5
        assert sum(stop - begin for begin, stop in first_time[:-1]) <= 3 * 28_800
        body(api(None).get(of(frame, x0=100, y0=200, width=50, height=40)))
        again = [span(each) for each in asked]
        assert again == [rows]

    def test_rows_that_lie_far_apart_are_read_one_by_one(self, use_s3, db, api, monkeypatch):
        monkeypatch.setattr(cutout_pixels, "GAP_BYTES", 1000)
        store = use_s3()
        pixels = numbers("f8", (20, 400))
        frame = FrameFactory(store)(content=written(fits.PrimaryHDU(pixels)), extension=".fits")
        asked = []
        client = store._client.get()
        client.meta.events.register(
            "before-send.s3.GetObject", lambda request, **_: asked.append(request.headers.get("Range")) and None
        )
        given = cut(api(None).get(of(frame, x0=10, y0=3, width=4, height=5))).data
        assert np.array_equal(given, pixels[3:8, 10:14].astype("f4"), equal_nan=True)
        assert [stop - begin for begin, stop in map(span, asked)][-5:] == [32] * 5

    def test_means_of_a_large_image_are_made_once(self, frame_factory, api, monkeypatch):
        monkeypatch.setattr(cutout, "OVERVIEW_PIXELS", HIGH * WIDE)
        frame = frame_factory(content=written(fits.PrimaryHDU(numbers("i2", (3, HIGH, WIDE)))), extension=".fits")
        plain = body(api(None).get(of(frame, bin=2, plane=1, width=WIDE - 1)))
        first = {plane: body(api(None).get(of(frame, bin=2, plane=plane))) for plane in (0, 1)}
        assert np.array_equal(fits_data(first[1])[:, :-1], fits_data(plain)[:, :-1], equal_nan=True)
        monkeypatch.setattr(cutout_pixels, "pixels_of", None)
        for plane in (0, 1):
            assert body(api(None).get(of(frame, bin=2, plane=plane))) == first[plane]
        assert CachedImage.objects.filter(kind="overview", size_px=2).count() == 2

    def test_an_answer_that_is_held_is_not_read_again(self, frame_factory, api, monkeypatch):
        frame = frame_factory(content=written(fits.PrimaryHDU(numbers("f4"))), extension=".fits")
        first = api(None).get(of(frame, width=5, height=5))
        assert first["Cache-Control"] == "private, no-cache"
        monkeypatch.setattr(cutout_pixels, "pixels_of", None)
        again = api(None).get(of(frame, width=5, height=5), HTTP_IF_NONE_MATCH=first["ETag"])
        assert (again.status_code, again["ETag"]) == (304, first["ETag"])


def span(asked: str | bytes) -> tuple[int, int]:
    text = asked.decode() if isinstance(asked, bytes) else asked
    begin, last = text.removeprefix("bytes=").split("-")
    return int(begin), int(last) + 1


class TestWhoMaySee:
    def test_versions_are_those_of_the_frame(self, frame_factory, api, store):
        one = frame_factory(content=written(fits.PrimaryHDU(numbers("u1"))), extension=".fits")
        other = frame_factory(content=written(fits.PrimaryHDU(numbers("i2"))), extension=".fits")
        assert cut(api(None).get(of(one, version=one.versions.get().pk))).data.shape == (HIGH, WIDE)
        for version in (other.versions.get().pk, 0, "x", "9" * 40):
            assert api(None).get(of(one, version=version)).status_code == 404

    def test_a_hidden_frame_is_none(self, frame_factory, api, alice, bob):
        frame = frame_factory(content=written(fits.PrimaryHDU(numbers("u1"))), extension=".fits", public_date=NEVER)
        version = frame.versions.get().pk
        etag = api(alice).get(of(frame))["ETag"]
        for address in (of(frame), of(frame, version=version), f"/frames/{frame.pk}/cutout/sky/"):
            for user in (None, bob):
                assert api(user).get(address, HTTP_IF_NONE_MATCH=etag).status_code == 404
            assert api(alice).get(address).status_code == 200

    def test_bytes_that_are_damaged_or_missing_or_no_fits_are_said_to_be(self, frame_factory, api, store):
        frame = frame_factory(content=written(fits.PrimaryHDU(numbers("u1"))), extension=".fits")
        stored = frame.versions.get().object
        StoredObject.objects.filter(pk=stored.pk).update(fault="its MD5 is another", verified_at=None)
        assert api(None).get(of(frame)).status_code == 409
        StoredObject.objects.filter(pk=stored.pk).update(fault="")
        store.delete(stored.path, stored.version_id)
        assert api(None).get(of(frame)).status_code == api(None).get(f"/frames/{frame.pk}/download/").status_code == 404
        assert api(None).get(of(frame_factory(extension=".tar.gz"))).status_code == 400
        assert api(None).get(of(frame_factory(extension=".fits"))).status_code == 400

    @pytest.mark.parametrize(
        "content",
        [
            b"SIMPLE  =                    T".ljust(2880),
            written(fits.PrimaryHDU(numbers("f8")))[:-5760],
            written(fits.PrimaryHDU(numbers("u1"))).replace(
                b"NAXIS1  =                   70", b"NAXIS1  =                   -7"
            ),
            written(fits.PrimaryHDU(numbers("u1"))).replace(
                b"NAXIS1  =                   70", b"NAXIS1  =  9999999999999999999"
            ),
            written(fits.PrimaryHDU()),
        ],
        ids=["without an end", "cut short", "negative", "beyond all", "without an image"],
    )
    def test_a_header_that_lies_is_an_error_that_says_so(self, frame_factory, api, content):
        frame = frame_factory(content=content, extension=".fits")
        for address in (of(frame), f"/frames/{frame.pk}/cutout/sky/"):
            assert api(None).get(address).status_code in {400, 404}
