"""The sky of a cutout: its WCS is that of the whole image, whatever was cut off and whatever the pixels are means of."""

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from ingest.intake import the_inspector
from tests.archive.test_cutout import cut, of, written
from tests.ingest.test_sky_grid import HEADERS, HEIGHT, WIDTH, apart_arcsec, header, interpolated, truth

NOT_OF_WCS = ("NAXIS", "NAXIS1", "NAXIS2")


@pytest.fixture(scope="module", autouse=True)
def one_reader():
    yield
    the_inspector().close()


def hdu_of(cards, shape=(HEIGHT, WIDTH)):
    hdu = fits.PrimaryHDU(np.zeros(shape, dtype="u1"))
    hdu.header.update({key: value for key, value in cards.items() if key not in NOT_OF_WCS})
    return hdu


def by_cdelt(cards):
    """The same by PC and CDELT."""
    kept = {key: value for key, value in cards.items() if not key.startswith("CD")}
    turned = {f"PC{key[2:]}": value * 3600 for key, value in cards.items() if key.startswith("CD")}
    return kept | turned | {"CDELT1": 1 / 3600, "CDELT2": 1 / 3600}


def by_crota(cards):
    kept = {key: value for key, value in cards.items() if not key.startswith("CD")}
    return kept | {"CDELT1": -1 / 3600, "CDELT2": 1 / 3600, "CROTA2": 20.0}


CARDS = {**HEADERS, "by PC": by_cdelt(HEADERS["at the equator"]), "by CROTA": by_crota(HEADERS["at the equator"])}
del CARDS["in FK5 of 1975"]  # its epoch makes the comparison below one of frames, not of pixels


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("step", [1, 4])
def test_each_pixel_of_a_cutout_lies_where_it_lay(frame_factory, api, name, step):
    frame = frame_factory(content=written(hdu_of(CARDS[name])), extension=".fits")
    x0, y0, width, height = 101, 33, 240, 160
    cutout = WCS(cut(api(None).get(of(frame, x0=x0, y0=y0, width=width, height=height, bin=step))).header)
    whole = WCS(fits.Header(CARDS[name]))
    y, x = (each.ravel().astype(float) for each in np.mgrid[0 : height // step, 0 : width // step])
    middle_x, middle_y = x0 + (x + 0.5) * step - 0.5, y0 + (y + 0.5) * step - 0.5
    ours, theirs = cutout.all_pix2world(x, y, 0), whole.all_pix2world(middle_x, middle_y, 0)
    apart = apart_arcsec(unit(*ours), unit(*theirs))
    assert apart.max() < 1e-6


def unit(ra_deg, dec_deg):
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def test_further_axes_second_wcs_and_tables_of_distortion(frame_factory, api):
    cards = header(CTYPE3="WAVE", CRVAL3=5e-7, CRPIX3=1.0, CD3_3=1e-9, CUNIT3="m", WCSAXES=3)
    second = {"CTYPE1B": "PIXEL", "CTYPE2B": "PIXEL", "CRPIX1B": 1.0, "CRPIX2B": 1.0, "CDELT1B": 2.0, "CDELT2B": 2.0}
    hdu = fits.PrimaryHDU(np.zeros((3, 40, 60), dtype="i2"))
    hdu.header.update({key: value for key, value in (cards | second).items() if key not in NOT_OF_WCS})
    hdu.header["CPDIS1"], hdu.header["TRIMSEC"], hdu.header["OBJECT"] = "Lookup", "[1:50,1:30]", "M 51"
    hdu.header["LONGTEXT"] = "a long text " * 12
    frame = frame_factory(content=written(hdu), extension=".fits")
    given = cut(api(None).get(of(frame, x0=10, y0=20, bin=2, plane=2))).header
    assert not {"CTYPE3", "CRVAL3", "CD3_3", "CUNIT3", "CPDIS1", "TRIMSEC", "NAXIS3"} & set(given)
    assert (given["WCSAXES"], given["OBJECT"], given["CUTPLANE"]) == (2, "M 51", 2)
    assert given["LONGTEXT"] == hdu.header["LONGTEXT"]
    assert (given["CRPIX1B"], given["CDELT1B"]) == ((1.0 - 10 - 0.5) / 2 + 0.5, 4.0)
    assert "CPDIS" in str(given["HISTORY"])
    assert WCS(given).naxis == 2


@pytest.mark.parametrize("name", ["at the pole", "across RA 0", "with a distortion"])
def test_a_square_on_the_sky_is_cut_around_its_place(frame_factory, api, name):
    frame = frame_factory(content=written(hdu_of(HEADERS[name])), extension=".fits")
    x, y = 300.0, 222.0
    place = truth(HEADERS[name], np.array([x]), np.array([y]))[0]
    ra_deg, dec_deg = np.degrees(np.arctan2(place[1], place[0])), np.degrees(np.arcsin(place[2]))
    given = cut(api(None).get(of(frame, ra=f"{ra_deg:.9f}", dec=f"{dec_deg:.9f}", size=20.5))).header
    # Pixels of an arcsecond, but for a distortion of less than a per cent or two.
    assert given["CUTWID"] == given["CUTHEI"]
    assert 20 <= given["CUTWID"] <= 22
    assert abs(given["CUTX0"] + (given["CUTWID"] - 1) / 2 - x) <= 0.51
    assert abs(given["CUTY0"] + (given["CUTHEI"] - 1) / 2 - y) <= 0.51


def test_the_layout_and_the_directions_are_told(frame_factory, api):
    cards = HEADERS["with a distortion"]
    image = fits.ImageHDU(np.zeros((HEIGHT, WIDTH), dtype="i2"), name="SCI")
    image.header.update({key: value for key, value in cards.items() if key not in NOT_OF_WCS} | {"BUNIT": "electron"})
    content = written(fits.PrimaryHDU(), image, fits.ImageHDU(np.zeros((4, 7, 9), dtype="f4"), name="CUBE"))
    frame = frame_factory(content=content, extension=".fits")
    told = api(None).get(f"/frames/{frame.pk}/cutout/sky/").json()
    science = {"hdu": 1, "name": "SCI", "width": WIDTH, "height": HEIGHT, "planes": 1}
    assert told["images"] == [science, {"hdu": 2, "name": "CUBE", "width": 9, "height": 7, "planes": 4}]
    assert {name: told[name] for name in science} == science
    assert (told["frame"], told["version"], told["unit"]) == (frame.pk, frame.versions.get().pk, "electron")
    x, y = np.array([17.0, 590.0]), np.array([350.0, 3.0])
    worst = apart_arcsec(interpolated(told["sky"], x, y), truth(cards, x, y)).max()
    assert worst <= told["sky"]["error_arcsec"] < 0.03
    of_cube = api(None).get(f"/frames/{frame.pk}/cutout/sky/?hdu=CUBE").json()
    assert (of_cube["hdu"], of_cube["sky"], of_cube["sky_fault"]) == (2, None, "")


def test_a_wcs_of_no_use_is_said_to_be_and_the_pixels_remain(frame_factory, api):
    cards = header(CD1_1=0.0, CD1_2=0.0, CD2_1=0.0, CD2_2=0.0)
    frame = frame_factory(content=written(hdu_of(cards)), extension=".fits")
    told = api(None).get(f"/frames/{frame.pk}/cutout/sky/").json()
    assert told["sky"] is None
    assert "scale" in told["sky_fault"]
    assert cut(api(None).get(of(frame, width=5, height=5))).data.shape == (5, 5)
    assert api(None).get(of(frame, ra=200, dec=20, size=3)).status_code == 400


def test_cards_that_break_the_standard_leave_as_they_came(frame_factory, api):
    content = written(hdu_of(HEADERS["at the equator"], (20, 20)))
    odd = b"ODDCARD =             1.0.0 / no number".ljust(80)
    content = content.replace(b"END".ljust(80), odd + b"END".ljust(80), 1)
    content = content[: content.index(b"END".ljust(80)) + 80].rstrip(b"\0")
    content = content.ljust(-(-len(content) // 2880) * 2880) + bytes(2880)
    frame = frame_factory(content=content, extension=".fits")
    response = api(None).get(of(frame))
    assert response.status_code == 200
    assert odd in response.content
    with fits.open(io.BytesIO(response.content)) as hdus:
        assert hdus[0].data.shape == (20, 20)
