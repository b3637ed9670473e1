import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.high_contrast.geometry import Zone, centre_of, offset_yx, polar_of, ring_count, ring_places


@pytest.mark.parametrize(
    ("angle", "towards"), [(0, (1, 0)), (90, (0, -1)), (180, (-1, 0)), (270, (0, 1)), (360, (1, 0))]
)
def test_angles_run_from_north_through_east_which_is_left(angle, towards):
    assert offset_yx(7.0, angle) == pytest.approx((7.0 * towards[0], 7.0 * towards[1]), abs=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 45.0, 180.0, 359.999])
def test_a_place_comes_back_from_its_angle(angle):
    assert polar_of(offset_yx(12.5, angle)) == pytest.approx((12.5, angle))


def test_the_angle_of_a_place_a_hair_west_of_north_is_below_360():
    assert polar_of((5.0, 1e-18))[1] < 360
    assert polar_of((5.0, -1e-18))[1] == pytest.approx(0, abs=1e-12)


def test_the_middle_of_even_and_odd_sides():
    assert centre_of((7, 10, 11)) == (5, 5)
    assert centre_of((9, 8)) == (4, 4)


def test_a_zone_without_pixels_is_refused():
    with pytest.raises(UsageError, match="no pixel between 40 and 50 px"):
        Zone(40, 50).mask((21, 21))


def test_a_ring_has_as_many_apertures_as_lie_beside_each_other():
    assert ring_count(17.06, 4.1) == 26  # the specification's, at 0.3 arcsec
    places = ring_places(10.0, 15, first_deg=30)
    assert np.hypot(*places.T) == pytest.approx(10.0)
    assert places[0] == pytest.approx(offset_yx(10.0, 30))
