"""Directions on a grid: interpolation between them is as good as is said, and as the analysis of a gnomonic image says."""

import math

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from archive.errors import UsageError
from ingest.sky_grid import FINE_ENOUGH_PX, MOST_CELLS, sky_grid, spot_of

ARCSEC = 180 * 3600 / np.pi
WIDTH, HEIGHT = 600, 400


def header(ra_deg=200.0, dec_deg=20.0, scale_arcsec=1.0, kind="TAN", **more):
    angle, scale = math.radians(33.0), scale_arcsec / 3600
    return {
        "NAXIS": 2, "NAXIS1": WIDTH, "NAXIS2": HEIGHT,
        "CTYPE1": f"RA---{kind}", "CTYPE2": f"DEC--{kind}", "CRVAL1": ra_deg, "CRVAL2": dec_deg,
        "CRPIX1": 250.25, "CRPIX2": 180.5,
        "CD1_1": -scale * math.cos(angle), "CD1_2": scale * math.sin(angle),
        "CD2_1": scale * math.sin(angle), "CD2_2": scale * math.cos(angle), **more,
    }  # fmt: skip


SIP = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 3, "B_ORDER": 3, "A_2_0": 2e-5, "B_1_1": -3e-5,
       "A_0_3": 4e-8, "B_2_1": 5e-8}  # fmt: skip
HEADERS = {
    "at the equator": header(),
    "across RA 0": header(ra_deg=0.0),
    "at the pole": header(ra_deg=10.0, dec_deg=90.0),
    "beside the south pole": header(dec_deg=-89.99),
    "with a distortion": header(**SIP),
    "in galactic coordinates": header(CTYPE1="GLON-TAN", CTYPE2="GLAT-TAN"),
    "in FK5 of 1975": header(RADESYS="FK5", EQUINOX=1975.0),
    "a zenithal sky of 40°": header(kind="ZEA", scale_arcsec=240.0),
}


def truth(cards, x, y):
    """Directions by astropy, (n, 3), of pixels from zero."""
    place = WCS(fits.Header(cards)).pixel_to_world(x, y).icrs
    return np.stack([each.value for each in place.cartesian.xyz], axis=-1)


def interpolated(grid, x, y):
    nodes_x, nodes_y = np.array(grid["x"]), np.array(grid["y"])
    nodes = np.array(grid["vectors"], dtype=float).reshape(len(nodes_y), len(nodes_x), 3)
    column = np.clip(np.searchsorted(nodes_x, x, side="right") - 1, 0, len(nodes_x) - 2)
    row = np.clip(np.searchsorted(nodes_y, y, side="right") - 1, 0, len(nodes_y) - 2)
    t = ((x - nodes_x[column]) / (nodes_x[column + 1] - nodes_x[column]))[:, None]
    s = ((y - nodes_y[row]) / (nodes_y[row + 1] - nodes_y[row]))[:, None]
    low = (1 - t) * nodes[row, column] + t * nodes[row, column + 1]
    high = (1 - t) * nodes[row + 1, column] + t * nodes[row + 1, column + 1]
    found = (1 - s) * low + s * high
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def apart_arcsec(one, other):
    return 2 * np.arcsin(np.linalg.norm(one - other, axis=1) / 2) * ARCSEC


@pytest.fixture(scope="module")
def places():
    y, x = np.mgrid[-0.5 : HEIGHT - 0.5 : 61j, -0.5 : WIDTH - 0.5 : 91j]
    return x.ravel(), y.ravel()


@pytest.mark.parametrize("name", HEADERS)
def test_interpolation_is_as_good_as_is_said(name, places):
    grid = sky_grid(HEADERS[name], x0=0, y0=0, width=WIDTH, height=HEIGHT)
    worst = apart_arcsec(interpolated(grid, *places), truth(HEADERS[name], *places)).max()
    assert worst <= grid["error_arcsec"]
    n_x, n_y = len(grid["x"]) - 1, len(grid["y"]) - 1
    scale = 240.0 if "zenithal" in name else 1.0
    # Pixels of a distorted image are a few per cent smaller somewhere.
    assert grid["error_arcsec"] <= 1.1 * FINE_ENOUGH_PX * scale or max(n_x, n_y) == MOST_CELLS


@pytest.mark.parametrize("name", ["at the equator", "across RA 0", "at the pole", "beside the south pole"])
def test_a_gnomonic_image_keeps_the_bound_that_analysis_gives(name, places):
    grid = sky_grid(HEADERS[name], x0=0, y0=0, width=WIDTH, height=HEIGHT)
    h, k = grid["x"][1] - grid["x"][0], grid["y"][1] - grid["y"][0]
    bound = (1.0 / ARCSEC) ** 2 * (h**2 + k**2) / (4 * np.sqrt(3)) * ARCSEC
    worst = apart_arcsec(interpolated(grid, *places), truth(HEADERS[name], *places)).max()
    assert worst <= bound + 1e-8  # directions are told to 13 digits


def test_a_region_has_the_directions_of_its_own_pixels():
    grid = sky_grid(HEADERS["with a distortion"], x0=500, y0=10, width=64, height=32)
    assert (grid["x"][0], grid["x"][-1], grid["y"][0], grid["y"][-1]) == (499.5, 563.5, 9.5, 41.5)
    x, y = np.array([520.0]), np.array([30.0])
    assert apart_arcsec(interpolated(grid, x, y), truth(HEADERS["with a distortion"], x, y)) <= grid["error_arcsec"]


def test_what_is_not_on_the_sky_has_no_direction():
    grid = sky_grid(header(kind="ARC", scale_arcsec=1800.0), x0=0, y0=0, width=WIDTH, height=HEIGHT)
    known = [each is not None for each in grid["vectors"]]
    assert any(known)
    assert not all(known)


def test_without_a_wcs_of_the_two_axes_there_are_no_directions():
    assert sky_grid({"NAXIS": 2, "NAXIS1": 5, "NAXIS2": 5}, x0=0, y0=0, width=5, height=5) is None
    turned = header(CTYPE2="WAVE", CTYPE3="DEC--TAN", CD3_3=1e-4, CRVAL3=2.0)
    assert sky_grid(turned, x0=0, y0=0, width=5, height=5) is None


@pytest.mark.parametrize("name", HEADERS)
def test_a_place_is_found_where_astropy_has_it(name):
    place = truth(HEADERS[name], np.array([411.25]), np.array([32.5]))[0]
    ra_deg = np.degrees(np.arctan2(place[1], place[0])) % 360
    spot = spot_of(HEADERS[name], ra_deg=ra_deg, dec_deg=np.degrees(np.arcsin(place[2])))
    assert (spot.x, spot.y) == pytest.approx((411.25, 32.5), abs=1e-3)
    near = SkyCoord(
        *truth(HEADERS[name], np.array([411.0, 412.0]), np.array([32.5, 32.5])).T, representation_type="cartesian"
    )
    assert spot.scale_arcsec == pytest.approx(near[0].separation(near[1]).to_value(u.arcsec), rel=0.1)


def test_a_place_on_the_other_side_of_the_sky_is_none():
    with pytest.raises(UsageError, match="another"):
        spot_of(header(), ra_deg=20.0, dec_deg=-20.0)
    with pytest.raises(UsageError, match="no WCS"):
        spot_of({}, ra_deg=20.0, dec_deg=-20.0)
