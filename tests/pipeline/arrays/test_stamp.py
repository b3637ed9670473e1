import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.stamp import stamp_of


def cone(shape, centre_yx):
    y, x = np.indices(shape)
    return 100 - np.hypot(y - centre_yx[0], x - centre_yx[1])


def test_a_stamp_inside_an_image_is_its_pixels():
    image = np.arange(400.0).reshape(20, 20)
    stamp = stamp_of(image, at_yx=(9.6, 8.2), half_px=3)
    np.testing.assert_array_equal(stamp.values, image[7:14, 5:12])
    assert stamp.has_value.all()
    assert stamp.at_yx == pytest.approx((9.6, 8.2))
    assert stamp.centre_yx == pytest.approx((2.6, 3.2))


def test_a_ring_without_any_value_lies_between_its_neighbours():
    image = cone((41, 41), (20, 20))
    y, x = np.indices(image.shape) - 20
    image[np.round(np.hypot(y, x)) == 6] = np.nan
    np.testing.assert_allclose(stamp_of(image, at_yx=(20, 20), half_px=15).values, cone((31, 31), (15, 15)), atol=0.6)


def test_a_place_outside_the_image_is_refused():
    with pytest.raises(UsageError, match="outside the image"):
        stamp_of(np.zeros((10, 10)), at_yx=(4.0, 10.0), half_px=2)


def test_nothing_but_blanks_is_refused():
    with pytest.raises(UsageError, match="has a value"):
        stamp_of(np.full((10, 10), np.nan), at_yx=(4.0, 4.0), half_px=2)
