"""Outlines on the sky, against plane and spherical trigonometry done by hand and astropy's inverse."""

import warnings
from itertools import pairwise
from math import atan, atan2, cos, degrees, hypot, radians, sin
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from structlog.testing import capture_logs

from ingest.fits import inspect_file
from ingest.footprint import footprint_of
from ingest.inspection import Limits
from tests.ingest.hostile import TAN
from tests.ingest.sphere_truth import contains, separation_deg

REAL = Path(__file__).resolve().parents[2].parent / "shared/data/real"
needs_real_files = pytest.mark.skipif(not REAL.is_dir(), reason="the real files are not on this machine")


def image(n1: int = 100, n2: int = 80, **changes: object) -> dict[str, object]:
    size = {"SIMPLE": True, "BITPIX": 16, "NAXIS": 2, "NAXIS1": n1, "NAXIS2": n2}
    return {key: value for key, value in {**size, **TAN, **changes}.items() if value is not None}


def extension(name: str = "", n1: int = 100, n2: int = 80, **changes: object) -> dict[str, object]:
    header = image(n1, n2, XTENSION="IMAGE", EXTNAME=name, **changes)
    del header["SIMPLE"]
    return header


def tan_by_hand(x_px: float, y_px: float, header: dict[str, Any] = TAN) -> tuple[float, float]:
    """Calabretta and Greisen 2002, section 5.1: a pixel, counted from one, to RA and Dec of a TAN without rotation."""
    xi = radians(header["CD1_1"] * (x_px - header["CRPIX1"]))
    eta = radians(header["CD2_2"] * (y_px - header["CRPIX2"]))
    ra0, dec0 = radians(header["CRVAL1"]), radians(header["CRVAL2"])
    below = cos(dec0) - eta * sin(dec0)
    ra = ra0 + atan2(xi, below)
    return degrees(ra) % 360, degrees(atan((sin(dec0) + eta * cos(dec0)) / hypot(xi, below)))


def assert_same_place(found, expected, *, arcsec: float = 1e-6) -> None:
    assert len(found) == len(expected)
    assert all(separation_deg(a, b) * 3600 < arcsec for a, b in zip(found, expected, strict=True))


# One image


def test_corners_of_a_tan_are_those_computed_by_hand_in_the_order_of_the_interface():
    corners = [tan_by_hand(x, y) for x, y in [(1, 1), (1, 80), (100, 80), (100, 1)]]
    assert_same_place(footprint_of([image()]), [*corners, corners[0]])


@pytest.mark.parametrize(
    "matrix",
    [
        {"CDELT1": -1e-3, "CDELT2": 1e-3},
        {"CDELT1": -2e-3, "CDELT2": 4e-3, "PC1_1": 0.5, "PC2_2": 0.25},
        {"CDELT1": -1e-3, "CDELT2": 1e-3, "CROTA2": 0.0},
    ],
)
def test_scale_and_matrix_may_be_written_in_any_of_three_ways(matrix):
    without_cd = dict.fromkeys(("CD1_1", "CD1_2", "CD2_1", "CD2_2"))
    assert_same_place(footprint_of([image(**without_cd, **matrix)]), footprint_of([image()]))


def test_a_compressed_image_has_the_outline_of_the_image_in_it():
    table = extension(NAXIS1=8, NAXIS2=80) | {"XTENSION": "BINTABLE", "ZIMAGE": True}
    table |= {"ZNAXIS": 2, "ZNAXIS1": 100, "ZNAXIS2": 80}
    assert footprint_of([{"SIMPLE": True, "NAXIS": 0}, table]) == footprint_of([image()])


def test_corners_of_a_sip_image_come_back_to_its_corner_pixels():
    sip = {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 3e-4, "B_0_2": -2e-4, "A_1_1": 1e-4}
    header = image(**sip, CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP")
    ring = footprint_of([header])
    back = WCS(fits.Header(list(header.items()))).all_world2pix(np.array(ring), 1)
    np.testing.assert_allclose(back, [[1, 1], [1, 80], [100, 80], [100, 1], [1, 1]], atol=1e-4)
    assert separation_deg(ring[0], footprint_of([image()])[0]) * 3600 > 1  # the distortion is felt


def test_a_tpv_distortion_scales_the_outline_as_its_polynomial_says():
    linear = {"PV1_1": 2.0, "PV2_1": 2.0, "CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV"}
    doubled = {**TAN, "CD1_1": -2e-3, "CD2_2": 2e-3}
    assert_same_place(footprint_of([image(**linear)])[:1], [tan_by_hand(1, 1, doubled)])


@pytest.mark.parametrize("sip", [{}, {"A_ORDER": 2, "B_ORDER": 2, "A_2_0": 0.0, "B_0_2": 0.0}])
@pytest.mark.parametrize("kind", ["FREQ", "WAVE-TAB"])
def test_a_cube_has_the_outline_of_one_of_its_images(sip, kind):
    third = {"WCSAXES": 3, "NAXIS": 3, "NAXIS3": 7, "CTYPE3": kind, "CRPIX3": 1.0, "CRVAL3": 1e9, "CD3_3": 1e6}
    assert_same_place(footprint_of([image(**third, **sip)]), footprint_of([image()]))


def test_sky_axes_behind_a_spectral_axis_are_found():
    later = {f"{key[:-1]}{int(key[-1]) + 1}": TAN[key] for key in TAN if key[-1] in "12" and "_" not in key}
    later |= {"CD2_2": -1e-3, "CD3_3": 1e-3, "CD1_1": 1e6, "CTYPE1": "FREQ", "CRPIX1": 1.0, "CRVAL1": 1e9}
    header = {"SIMPLE": True, "NAXIS": 3, "NAXIS1": 7, "NAXIS2": 100, "NAXIS3": 80, "RADESYS": "ICRS", **later}
    assert_same_place(footprint_of([header]), footprint_of([image()]))


@pytest.mark.parametrize(
    ("keys", "frame"),
    [
        ({"RADESYS": "FK5", "EQUINOX": 1975.0}, "fk5"),
        ({"RADESYS": "FK4", "EQUINOX": 1950.0}, "fk4"),
        ({"RADESYS": None, "CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"}, "galactic"),
    ],
)
def test_other_systems_are_turned_to_icrs(keys, frame):
    equinox = {"equinox": f"{'B' if frame == 'fk4' else 'J'}{keys['EQUINOX']}"} if "EQUINOX" in keys else {}
    truth = SkyCoord(*tan_by_hand(1, 80), unit="deg", frame=frame, **equinox).icrs
    assert_same_place(footprint_of([image(**keys)])[1:2], [(truth.ra.deg, truth.dec.deg)], arcsec=1e-4)


@pytest.mark.parametrize("dec", [90.0, -90.0, 89.98])
def test_a_frame_at_the_pole_contains_it(dec):
    ring = footprint_of([image(CRVAL2=dec)])
    assert contains(ring, (0.0, 90.0 if dec > 0 else -90.0))
    assert not contains(ring, (120.0, 89.9 if dec > 0 else -89.9))


def test_a_frame_across_the_first_hour_keeps_its_ra_in_range_and_holds_both_sides():
    ring = footprint_of([image(CRVAL1=0.0)])
    assert all(0 <= ra < 360 for ra, _ in ring)
    assert contains(ring, (0.03, -30.0))
    assert contains(ring, (359.97, -30.0))
    assert not contains(ring, (180.0, -30.0))


# Several images


def test_the_only_science_extension_is_the_outline():
    other = extension("ERR", CRVAL1=121.0)
    assert footprint_of([other, extension("SCI"), other]) == footprint_of([image()])


def test_four_tiles_have_the_convex_hull_of_their_outer_corners():
    def tile(x_px: float, y_px: float) -> dict[str, object]:
        return extension("SCI", CRPIX1=50.5 - x_px, CRPIX2=40.5 - y_px)

    ring = footprint_of([tile(0, 0), tile(200, 30), tile(-30, 200), tile(170, 230)])
    # In a TAN, straight lines of pixels are great circles: the hull can be drawn on squared paper.
    outer = [(1, 1), (100, 1), (300, 31), (300, 110), (270, 310), (171, 310), (-29, 280), (-29, 201)]
    assert ring[0] == ring[-1]
    assert len(ring) == 9
    assert all(min(separation_deg(tan_by_hand(*corner), vertex) for vertex in ring) < 1e-9 for corner in outer)


def test_a_hull_at_the_pole_contains_it():
    tiles = [extension("SCI", CRVAL1=ra, CRVAL2=89.9) for ra in (0.0, 120.0, 240.0)]
    assert contains(footprint_of(tiles), (77.0, 90.0))


def test_one_unsound_extension_does_not_take_away_the_others():
    assert footprint_of([extension(CD1_1=0.0), extension()]) == footprint_of([image()])


def amplifier(detsec: str) -> dict[str, object]:
    bare = {"XTENSION": "IMAGE", "NAXIS": 2, "NAXIS1": 544, "NAXIS2": 522}
    return {**bare, "DETSEC": detsec, "CCDSUM": "2 2", "EXTNAME": "SCI"}


def test_amplifiers_make_up_the_mosaic_that_the_empty_primary_describes():
    empty = image(0, 0)
    ring = footprint_of([empty, amplifier("[201:300,400:301]"), amplifier("[400:301, 201:300]")])
    corners = [tan_by_hand(x, y) for x, y in [(1, 1), (1, 100), (100, 100), (100, 1)]]
    assert_same_place(ring, [*corners, corners[0]])


CIRCLE = {"RA": 10.0, "DEC": 20.0, "RADIUS": 3600.0}


def test_a_wcs_comes_before_a_circle():
    assert footprint_of([image(**CIRCLE)]) == footprint_of([image()])


# No outline


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [{}],
        [{"SIMPLE": True, "NAXIS": 0}],
        [image(CTYPE1="LINEAR", CTYPE2="LINEAR")],
        [image(CTYPE2=None)],
        [image(0, 0)],
        [{"XTENSION": "BINTABLE", "NAXIS": 2, "NAXIS1": 8, "NAXIS2": 9, **TAN}],
        [image(NAXIS="two")],
        [{**CIRCLE, "RADIUS": "N/A"}],
        [{**CIRCLE, "RA": None}],
    ],
)
def test_headers_that_speak_of_no_place_give_no_outline_and_no_remark(headers):
    with capture_logs() as remarks:
        assert footprint_of(headers) is None
    assert remarks == []


@pytest.mark.parametrize(
    "header",
    [
        image(1, 80),
        image(CD1_1=0.0, CD2_2=0.0),
        image(CD1_1=None, CD1_2=None, CD2_1=None, CD2_2=None),
        image(CD1_1=None, CD1_2=None, CD2_1=None, CD2_2=None, CDELT1=0.0, CDELT2=1e-3),
        image(CD1_1=1e-3, CD1_2=1e-3, CD2_1=1e-3, CD2_2=1e-3),
        image(CTYPE1="RA---XYZ", CTYPE2="DEC--XYZ"),
        image(CTYPE1="RA---TAN", CTYPE2="DEC--SIN"),
        image(CRVAL2=500.0, RADESYS="FK9"),
        image(1000, 1000, CTYPE1="RA---SIN", CTYPE2="DEC--SIN", CD1_1=1.0, CD2_2=1.0),
        image(
            360, 180, CTYPE1="RA---CAR", CTYPE2="DEC--CAR", CRPIX1=180.5, CRPIX2=90.5, CRVAL2=0.0, CD1_1=-1.0, CD2_2=1.0
        ),
        image(
            350, 20, CTYPE1="RA---CAR", CTYPE2="DEC--CAR", CRPIX1=175.5, CRPIX2=10.5, CRVAL2=0.0, CD1_1=-1.0, CD2_2=1.0
        ),
        image(10**6, 10**6, CD1_1=-1.0, CD2_2=1.0),
        image(A_ORDER=2),
        image(CTYPE1="RA---TAB", CTYPE2="DEC--TAB"),
        image(RADESYS="FK5", EQUINOX=1e300),
        image(CRVAL1=1e300),
    ],
)
def test_headers_that_make_no_sense_give_no_outline_and_a_reason(header):
    with capture_logs() as remarks, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert footprint_of([header]) is None
    assert [remark["event"] for remark in remarks] == ["footprint_refused"]
    assert remarks[0]["reason"]


def test_images_all_around_the_sky_have_no_hull():
    around = [extension(CRVAL1=ra, CRVAL2=dec) for ra, dec in [(0.0, 0.0), (120.0, 0.0), (240.0, 0.0), (0.0, 90.0)]]
    assert footprint_of(around) is None


# Real files


@needs_real_files
def test_the_real_mosaic_of_four_amplifiers_covers_its_target_and_the_field_of_its_camera():
    ring = inspect_file(REAL / "mef_raw_test_frame.fits", limits=Limits()).footprint
    assert contains(ring, (287.3248166667, 59.4939305556))
    sides = [separation_deg(a, b) for a, b in pairwise(ring)]
    assert sides == pytest.approx([1023 * 0.0002161] * 4, rel=1e-4)


@needs_real_files
@pytest.mark.parametrize("name", ["cpt1m010-kb70-20160210-0365-e90_cat", "target_2df_ex", "example-good_wcs"])
def test_real_files_without_an_image_of_the_sky_have_no_outline(name):
    assert inspect_file(REAL / f"{name}.fits", limits=Limits()).footprint is None
