"""Frames on common pixels: each star lies where the WCS says, with the light that it had."""

import numpy as np
import pytest
from astropy.wcs import Sip

from archive.errors import UsageError
from pipeline.arrays.common_grid import Outlined, grid_for, resampled
from tests.colours import SIGMA_PX, wcs_at

SHAPE = (150, 190)
PLACES = {
    "M 51": (202.47, 47.2),
    "right ascension 0": (0.005, -69.5),
    "the pole": (37.0, 89.97),
    "South": (120.0, -89.9),
}
# From the places of nodes: 2e-5 · 16² / 8; a cubic spline moves a star of 1.6 px by far less than the rest.
TOLERANCE_PX = 0.005
FLUX = 5000.0


def starred(frame, ra_deg, dec_deg, *, sigma_px=SIGMA_PX):
    """An image of one star without noise."""
    x0, y0 = frame.wcs.all_world2pix(ra_deg, dec_deg, 0)
    y, x = np.indices(frame.shape)
    return FLUX * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * sigma_px**2)) / (2 * np.pi * sigma_px**2)


def frame_at(place, *, aside_arcsec=(0.0, 0.0), shape=SHAPE, distorted=False, **how):
    ra_deg, dec_deg = PLACES[place]
    east, north = aside_arcsec
    wcs = wcs_at(ra_deg + east / 3600 / np.cos(np.radians(dec_deg)), dec_deg + north / 3600, shape=shape, **how)
    if distorted:
        in_x, in_y = np.zeros((3, 3)), np.zeros((3, 3))
        in_x[2, 0], in_x[1, 1], in_y[0, 2], in_y[1, 1] = 1e-5, -1e-5, 1.5e-5, 1e-5
        wcs.wcs.ctype = ["RA---TAN-SIP", "DEC--TAN-SIP"]
        wcs.sip = Sip(in_x, in_y, None, None, wcs.wcs.crpix)
        wcs.wcs.set()
    return Outlined(wcs, shape)


def measured(values):
    """Place (y, x) and sum of the light."""
    light = np.nan_to_num(values.astype(np.float64))
    y, x = np.indices(values.shape)
    return np.array([(light * y).sum(), (light * x).sum()]) / light.sum(), light.sum()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "how",
    [
        {"aside_arcsec": (14.3, -9.1), "turn_deg": 1.7},
        {"turn_deg": 183.0},
        {"turn_deg": 95.0, "mirrored": True},
        {"distorted": True, "turn_deg": -4.0},
        {"scale_arcsec": 1.3, "shape": (260, 330)},
    ],
    ids=str,
)
def test_a_star_lies_where_both_headers_say_and_keeps_its_light(place, how):
    first, second = frame_at(place), frame_at(place, **how)
    grid = grid_for([first, second], longest_px=2048)
    star = grid.wcs.all_pix2world(grid.shape[1] * 0.4, grid.shape[0] * 0.6, 0)
    wanted = np.array([grid.shape[0] * 0.6, grid.shape[1] * 0.4])
    for frame in (first, second):
        found, light = measured(resampled(starred(frame, *star), frame, grid))
        assert found == pytest.approx(wanted, abs=TOLERANCE_PX)
        assert light == pytest.approx(FLUX, rel=1e-3)


def test_finer_pixels_are_averaged_and_lose_no_light():
    frame = frame_at("M 51", shape=(600, 760), scale_arcsec=0.5)
    grid = grid_for([frame, frame], longest_px=200)
    assert max(grid.shape) == 200
    star = grid.wcs.all_pix2world(80, 60, 0)
    found, light = measured(resampled(starred(frame, *star, sigma_px=5.0), frame, grid))
    assert found == pytest.approx([60, 80], abs=TOLERANCE_PX)
    assert light == pytest.approx(FLUX, rel=1e-3)


@pytest.mark.parametrize("turn_deg", [0.0, 30.0, 44.0, 46.0, 92.0, 179.0, 268.0, -60.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_picture_stands_as_the_camera_did_but_for_quarters_and_east_is_to_the_left(turn_deg, mirrored):
    frame = frame_at("M 51", turn_deg=turn_deg, mirrored=mirrored)
    grid = grid_for([frame], longest_px=2048)
    assert abs(grid.up_deg) <= 45
    assert (grid.up_deg - turn_deg) % 90 == pytest.approx(0, abs=1e-4) or (grid.up_deg - turn_deg) % 90 > 90 - 1e-4
    assert sorted(grid.shape) == sorted(SHAPE), "the frame fills it"
    assert np.linalg.det(grid.wcs.wcs.cd) < 0
    up = grid.wcs.all_pix2world([95.0, 95.0], [75.0, 76.0], 0)
    east, north = (up[0][1] - up[0][0]) * np.cos(np.radians(up[1][0])), up[1][1] - up[1][0]
    assert np.degrees(np.arctan2(east, north)) == pytest.approx(grid.up_deg, abs=0.1)


def test_what_has_no_value_has_none_afterwards_and_neither_has_what_lies_outside():
    frame = frame_at("M 51")
    image = np.full(SHAPE, 7.0)
    image[40:60, 70:80] = np.nan
    image[100, 20] = np.inf
    values = resampled(image, frame, grid_for([frame], longest_px=2048))
    has_value = np.isfinite(values)
    assert not has_value[42:58, 72:78].any()
    assert not has_value[100, 20]
    assert values[has_value] == pytest.approx(7.0, abs=1e-4)
    assert has_value.mean() > 0.97
    aside = frame_at("M 51", turn_deg=20.0)
    assert np.isnan(resampled(np.full(SHAPE, 7.0), aside, grid_for([frame, aside], longest_px=2048))[0, 0])


@pytest.mark.parametrize(
    "other",
    [
        frame_at("M 51", aside_arcsec=(0.0, 500.0)),
        frame_at("right ascension 0"),
        Outlined(wcs_at(22.47, -47.2, shape=SHAPE), SHAPE),  # the other side of the sky
        frame_at("M 51", aside_arcsec=(0.0, 250.0)),  # a strip of 25 px
    ],
)
def test_frames_without_a_common_place_are_refused(other):
    with pytest.raises(UsageError, match="no common part"):
        grid_for([frame_at("M 51"), other], longest_px=2048)
