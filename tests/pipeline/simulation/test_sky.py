from datetime import UTC, datetime

import pytest

from pipeline.simulation.sky import Place, azimuth_elevation_deg, sexagesimal, sidereal_deg


@pytest.mark.parametrize(
    ("value", "decimals", "sign", "text"),
    [
        (-0.504217, 2, True, "-00:30:15.18"),
        (-0.0001, 1, True, "-00:00:00.4"),
        (12.5, 2, True, "+12:30:00.00"),
        (-12.9999999, 1, True, "-13:00:00.0"),
        (23.25, 3, False, "23:15:00.000"),
    ],
)
def test_angles_are_written_with_the_sign_before_everything(value, decimals, sign, text):
    assert sexagesimal(value, decimals=decimals, sign=sign) == text


def test_sidereal_time_is_that_of_the_almanac():
    """Greenwich, 10 April 1987, 19:21 UT: 8 h 34 m 57.09 s (Meeus, Astronomical Algorithms, example 12.b)."""
    at = datetime(1987, 4, 10, 19, 21, tzinfo=UTC)
    assert sidereal_deg(Place(51.5, 0.0), at) == pytest.approx(128.73787, abs=1e-3)
    assert sidereal_deg(Place(51.5, -111.6), at) == pytest.approx(128.73787 - 111.6, abs=1e-3)


def test_a_target_stands_where_the_almanac_says():
    """Venus from Washington (Meeus, example 13.b): azimuth 68.034 from south, altitude 15.125."""
    place = Place(38 + 55 / 60 + 17 / 3600, -77.0655556)
    azimuth, elevation = azimuth_elevation_deg(place, hour_angle_deg=64.352133, dec_deg=-6.719892)
    assert (azimuth, elevation) == pytest.approx((180 + 68.0337, 15.1249), abs=1e-3)
