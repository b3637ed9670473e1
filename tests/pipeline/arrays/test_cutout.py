import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.cutout import cut_around

IMAGE = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30)


def test_the_pixels_around_a_place_are_cut_out():
    cut = cut_around(IMAGE, centre_yx=(10.4, 14.6), half_px=3)
    np.testing.assert_array_equal(cut.pixels, IMAGE[7:14, 12:19])
    assert (cut.origin_yx, cut.half_px) == ((7, 12), 3)
    assert cut.centre_yx == pytest.approx((3.4, 2.6))


def test_the_image_does_not_change_with_its_cutout():
    cut = cut_around(IMAGE, centre_yx=(10, 15), half_px=3)
    cut.pixels[:] = 0
    assert IMAGE[10, 15] == 315


@pytest.mark.parametrize(("place", "half"), [((2, 15), 2), ((10, 28), 1), ((19, 29), 0)])
def test_near_an_edge_the_square_shrinks_about_its_middle(place, half):
    cut = cut_around(IMAGE, centre_yx=place, half_px=5)
    assert cut.pixels.shape == (2 * half + 1, 2 * half + 1)
    assert cut.pixels[half, half] == IMAGE[place]


@pytest.mark.parametrize("place", [(2, 15), (18, 28), (0, 0)])
def test_or_it_keeps_its_size_and_is_empty_outside(place):
    cut = cut_around(IMAGE, centre_yx=place, half_px=5, edge="fill")
    padded = np.pad(IMAGE.astype(float), 5, constant_values=np.nan)
    np.testing.assert_array_equal(cut.pixels, padded[place[0] : place[0] + 11, place[1] : place[1] + 11])
    assert cut.origin_yx == (place[0] - 5, place[1] - 5)


def test_floats_stay_what_they_are():
    assert cut_around(IMAGE.astype(np.float32), centre_yx=(0, 0), half_px=2, edge="fill").pixels.dtype == np.float32


@pytest.mark.parametrize("place", [(-1, 5), (5, 30), (np.nan, 5), (5, np.inf)])
def test_a_place_outside_is_refused(place):
    with pytest.raises(UsageError, match=r"outside|no number"):
        cut_around(IMAGE, centre_yx=place, half_px=2)
