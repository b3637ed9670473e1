import io

import numpy as np
import pytest
from PIL import Image

from pipeline.figures.canvas import Compass
from pipeline.figures.star import Look, Sight, full_picture, near_picture, small_picture
from tests.pipeline.figures.pictures import opened

NORTH_UP = Compass((1.0, 0.0), (0.0, -1.0))


def sight(*, shape=(400, 500), lock_yx=(250.0, 300.0), **changes):
    y, x = np.indices(shape)
    image = np.random.default_rng(1).normal(0, 1, shape)
    image += 3000 * np.exp(-((y - lock_yx[0]) ** 2 + (x - lock_yx[1]) ** 2) / 18)
    known = {"scale_arcsec": 0.0176, "half_px": 100, "points": NORTH_UP, "caption": "HD 1984\nSi"}
    return Sight(pixels=image, lock_yx=lock_yx, **known | changes)


def brightest(picture):
    """Mean place (y, x) of the white pixels in the middle of a picture, where no letters are."""
    ny, nx, _ = picture.shape
    middle = picture[ny // 4 : -ny // 4, nx // 4 : -nx // 4].astype(int).sum(axis=-1)
    y, x = np.nonzero(middle > 600)
    return y.mean() + ny // 4 + 0.5, x.mean() + nx // 4 + 0.5


def test_the_whole_field_is_1200_pixels_wide_and_the_star_lies_where_it_is():
    picture = opened(full_picture(sight(), Look(), description=""))
    assert picture.shape == (960, 1200, 3)
    y, x = brightest(picture)
    assert y == pytest.approx(250.5 / 400 * 960, abs=2)
    assert x == pytest.approx(300.5 / 500 * 1200, abs=2)


def test_the_star_from_near_is_in_the_middle_of_900_pixels():
    picture = opened(near_picture(sight(), Look(), description=""))
    assert picture.shape == (900, 900, 3)
    assert brightest(picture) == pytest.approx((450, 450), abs=3)


def test_a_star_near_the_edge_is_shown_smaller_and_still_in_the_middle():
    picture = opened(near_picture(sight(lock_yx=(30.0, 300.0)), Look(), description=""))
    assert picture.shape == (900, 900, 3)
    assert brightest(picture) == pytest.approx((450, 450), abs=8)


def test_of_a_planet_both_pictures_show_the_whole_field():
    planet = sight(half_px=None)
    assert opened(near_picture(planet, Look(), description="")).shape == (720, 900, 3)
    assert opened(small_picture(planet, Look())).shape == (192, 240, 3)


def test_the_dotted_square_surrounds_what_is_shown_from_near():
    with_square, without = (
        opened(full_picture(sight(half_px=half_px), Look(), description="")).astype(int) for half_px in (100, None)
    )
    y, x = np.nonzero(np.abs(with_square - without).max(axis=-1))
    assert (y.min(), y.max()) == pytest.approx((150 * 2.4, 351 * 2.4), abs=4)
    assert (x.min(), x.max()) == pytest.approx((200 * 2.4, 401 * 2.4), abs=4)


def test_without_a_known_north_there_is_no_compass():
    with_compass, without = (
        opened(near_picture(sight(points=points), Look(), description="")).astype(int) for points in (NORTH_UP, None)
    )
    y, x = np.nonzero(np.abs(with_compass - without).max(axis=-1))
    assert max(y.max(), x.max()) < 200


@pytest.mark.parametrize("changes", [{"remark": "Strehl 12 %"}, {"warning": "BAD?"}])
def test_what_was_measured_stands_at_the_top(changes):
    plain, told = (opened(near_picture(sight(**more), Look(), description="")).astype(int) for more in ({}, changes))
    y, _ = np.nonzero(np.abs(told - plain).max(axis=-1))
    assert y.min() > 820


def test_the_same_stack_gives_the_same_bytes():
    for draw in (full_picture, near_picture):
        assert draw(sight(), Look(), description="a") == draw(sight(), Look(), description="a")
    assert small_picture(sight(), Look()) == small_picture(sight(), Look())


def test_the_small_picture_is_webp():
    with Image.open(io.BytesIO(small_picture(sight(), Look()))) as picture:
        assert (picture.format, picture.size) == ("WEBP", (240, 240))


def test_a_large_stack_with_blank_edges_is_drawn():
    large = sight(shape=(2048, 2048), lock_yx=(1000.0, 1100.0))
    large.pixels[:60] = np.nan
    picture = opened(full_picture(large, Look(), description=""))
    assert picture.shape == (1200, 1200, 3)
    assert len(np.unique(picture[5].reshape(-1, 3), axis=0)) == 1  # grey from edge to edge
    assert brightest(picture)[0] == pytest.approx(1000.5 / 2048 * 1200, abs=2)


def test_an_equalised_look_is_another_picture():
    assert full_picture(sight(), Look(curve="equalised"), description="") != full_picture(
        sight(), Look(), description=""
    )
