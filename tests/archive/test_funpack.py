"""Unpacked files and catalogues: what funpack gives, for those who may see the frame."""

import bz2
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from archive.downloads.unpacking import write_unpacked
from archive.errors import UsageError
from tests.synthetic import write_frame

RECORDED = Path(__file__).resolve().parents[1] / "recorded" / "funpack"
NAMES = ["primary", "unsigned", "reduced", "cube"]
ROUTES = ["/frame-funpack/{0.pk}/funpack/", "/frame-catalog/{0.pk}/catalog/"]
PLACED_ELSEWHERE = {"EXTEND", "BSCALE", "BZERO"}  # astropy puts these after the others


def body(response) -> bytes:
    assert response.status_code == 200, response.content
    return b"".join(response)


def packed(name: str) -> bytes:
    return (RECORDED / f"{name}.fits.fz").read_bytes()


def cards(header):
    return [(card.keyword, card.value, card.comment) for card in header.cards]


def in_order(header):
    return [card for card in cards(header) if card[0] not in PLACED_ELSEWHERE]


def hdus_of(content: bytes) -> fits.HDUList:
    return fits.open(io.BytesIO(content), do_not_scale_image_data=True)


@pytest.mark.parametrize("name", NAMES)
def test_each_pixel_and_card_is_what_funpack_gives(frame_factory, api, name):
    frame = frame_factory(content=packed(name))
    given = body(api(None).get(f"/frame-funpack/{frame.pk}/funpack/"))
    with hdus_of(given) as ours, fits.open(RECORDED / f"{name}.fits", do_not_scale_image_data=True) as truth:
        assert len(ours) == len(truth)
        for mine, true in zip(ours, truth, strict=True):
            assert type(mine) is type(true)
            assert in_order(mine.header) == in_order(true.header)
            assert set(cards(mine.header)) == set(cards(true.header))
            if true.data is not None:
                assert mine.data.dtype == true.data.dtype
                assert mine.data.tobytes() == true.data.tobytes()
    assert len(given) == (RECORDED / f"{name}.fits").stat().st_size
    assert len(given) % 2880 == 0


def test_a_large_image_is_the_same_when_it_is_unpacked_in_parts(tmp_path, monkeypatch):
    pixels = np.random.default_rng(1).normal(0, 500, (5, 70, 90)).astype(np.int16)
    source, target = tmp_path / "cube.fits.fz", tmp_path / "cube.fits"
    for tile in ((1, 1, 90), (1, 20, 40), (2, 7, 90)):
        fits.CompImageHDU(pixels, tile_shape=tile).writeto(source, overwrite=True)
        for rows_bytes in (1, 3000, 30_000):
            monkeypatch.setattr("archive.downloads.unpacking.ROWS_BYTES", rows_bytes)
            with target.open("wb") as stream:
                write_unpacked(source, stream, limit_bytes=10**9)
            np.testing.assert_array_equal(fits.getdata(target, 1), pixels)


def test_the_answer_names_the_file_and_tells_its_size(frame_factory, api):
    frame = frame_factory(content=packed("primary"))
    response = api(None).get(f"/frame-funpack/{frame.pk}/funpack/")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == f"attachment; filename={frame.basename}.fits"
    assert int(response["Content-Length"]) == len(body(response))


@pytest.mark.parametrize(
    ("extension", "pack"), [(".fits", bytes), (".fits.gz", gzip.compress), (".fits.bz2", bz2.compress)]
)
def test_a_file_without_packed_images_comes_as_it_is(frame_factory, api, tmp_path, extension, pack):
    plain = write_frame(tmp_path / "plain.fits").read_bytes()
    frame = frame_factory(content=pack(plain), extension=extension)
    assert body(api(None).get(f"/frame-funpack/{frame.pk}/funpack/")) == plain


def test_the_catalogue_is_the_table_under_the_header_of_the_image(frame_factory, api):
    frame = frame_factory(content=packed("reduced"), reduction_level=91)
    response = api(None).get(f"/frame-catalog/{frame.pk}/catalog/")
    assert response["Content-Disposition"] == f"attachment; filename={frame.basename}-catalog.fits"
    with hdus_of(body(response)) as ours, fits.open(RECORDED / "reduced.fits") as truth:
        assert [hdu.name for hdu in ours] == ["SCI", "CAT"]
        assert (ours[0].header["NAXIS"], ours[0].header["FILTER"]) == (0, "rp")
        assert "NAXIS1" not in ours[0].header
        assert "bias subtracted" in ours[0].header["HISTORY"]
        ours.verify("exception")
        assert ours["CAT"].data["x"].tolist() == truth["CAT"].data["x"].tolist()
        assert [row.tolist() for row in ours["CAT"].data["s"]] == [row.tolist() for row in truth["CAT"].data["s"]]
        assert ours["CAT"].header["NAXIS2"] == 9


def test_a_file_without_a_catalogue_is_404_with_a_reason(frame_factory, api):
    frame = frame_factory(content=packed("primary"))
    response = api(None).get(f"/frame-catalog/{frame.pk}/catalog/")
    assert response.status_code == 404
    assert "CAT" in response.json()["detail"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("content", "extension"),
    [
        (b"%PDF-1.4 not fits", ".pdf"),
        (b"no fits at all", ".fits.fz"),
        (b"", ".fits.gz"),
        (b"SIMPLE  =" * 900, ".fits"),
        (packed("reduced")[:-2880], ".fits.fz"),
        (packed("reduced")[:9000], ".fits.fz"),
    ],
    ids=["pdf", "text", "empty", "cards", "short", "very short"],
)
def test_what_can_not_be_unpacked_is_400_with_a_reason(frame_factory, api, route, content, extension):
    frame = frame_factory(content=content or b"\0", extension=extension)
    response = api(None).get(route.format(frame))
    assert response.status_code == 400
    assert "download it as it is" in response.json()["detail"] or "damaged" in response.json()["detail"]


@pytest.mark.parametrize("damage", range(12))
def test_a_damaged_file_is_refused_or_unpacked_and_never_breaks_the_archive(frame_factory, api, damage):
    content = bytearray(packed("reduced"))
    rng = np.random.default_rng(damage)
    for place in rng.integers(0, len(content), 200):
        content[place] = rng.integers(32, 127)
    frame = frame_factory(content=bytes(content))
    for route in ROUTES:
        response = api(None).get(route.format(frame))
        assert response.status_code in {200, 400, 404}
        assert b"".join(response)


def test_a_file_that_would_become_too_large_is_refused(tmp_path):
    with pytest.raises(UsageError, match="more than 1000"):
        write_unpacked(RECORDED / "primary.fits.fz", io.BytesIO(), limit_bytes=1000)


@pytest.mark.parametrize("route", ROUTES)
def test_only_those_who_may_see_the_frame_get_its_bytes(frame_factory, api, alice, bob, admin, route):
    hidden = frame_factory(content=packed("reduced"), public_date=None)
    for user in (None, bob):
        response = api(user).get(route.format(hidden))
        assert (response.status_code, response.json()) == (404, {"detail": "No Frame matches the given query."})
    for user in (alice, admin):
        assert len(body(api(user).get(route.format(hidden)))) > 2880


@pytest.mark.parametrize("route", ROUTES)
def test_a_frame_without_a_file_is_404(frame_factory, api, route):
    assert api(None).get(route.format(frame_factory(versions=0))).status_code == 404


def test_the_newest_version_is_unpacked_under_its_own_extension(frame_factory, api, tmp_path):
    frame = frame_factory(content=packed("primary"))
    plain = write_frame(tmp_path / "plain.fits").read_bytes()
    again = frame_factory(basename=frame.basename, content=plain, extension=".fits")
    assert again.pk == frame.pk
    assert body(api(None).get(f"/frame-funpack/{frame.pk}/funpack/")) == plain
