import numpy as np
import pytest
from photutils.aperture import CircularAperture

from pipeline.arrays.high_contrast.geometry import Zone, centre_of, radius_map
from pipeline.arrays.high_contrast.noise import ApertureSums, detection_threshold, scatter_of, t_threshold
from tests.pipeline.arrays.high_contrast.skies import FWHM_PX, gaussian


@pytest.mark.parametrize(("count", "tau"), [(26, 6.7), (44, 5.9), (70, 5.5), (106, 5.3)])
def test_thresholds_are_the_specification_s(count, tau):
    """Which cuts them off after one digit."""
    assert tau <= detection_threshold(count) < tau + 0.1


def test_a_threshold_of_very_many_apertures_is_the_normal_one():
    assert detection_threshold(10**7) == pytest.approx(5.0, abs=1e-4)


def test_sums_about_pixels_are_those_of_photutils():
    image = gaussian((10.0, -7.0)) + gaussian()
    for y, x in ((10.0, -7.0), (0.0, 0.0), (12.0, 30.0)):
        centre = centre_of(image.shape)
        circle = CircularAperture((centre[1] + x, centre[0] + y), FWHM_PX / 2)
        found = float(ApertureSums(image, diameter_px=FWHM_PX).at(np.array((y, x))))
        assert found == pytest.approx(circle.do_photometry(image)[0][0], abs=1e-9)


def test_a_star_between_pixels_has_the_sum_of_one_on_a_pixel():
    offsets = np.array([(0.0, 0.0), (3.4, 12.7), (-20.25, 0.5), (8.5, -30.5)])
    sums = ApertureSums(sum(gaussian((float(y), float(x))) for y, x in offsets), diameter_px=FWHM_PX).at(offsets)
    # A cubic spline loses two thousandths of the waves that make up a star of this width.
    assert sums == pytest.approx(sums[0], rel=2e-3)


def test_a_blank_counts_as_zero():
    image = np.ones((21, 21))
    image[10, 10] = np.nan
    sums = ApertureSums(image, diameter_px=4.0)
    assert float(sums.at(np.array((0.0, 0.0)))) == pytest.approx(np.pi * 4 - 1, rel=1e-3)


def test_noise_passes_a_threshold_as_often_as_it_should():
    """Of independent normal values: at 2 sigma 2.275 % whatever the number on the ring."""
    rng = np.random.default_rng(3)
    draws = 20_000
    for others in (6, 20):
        values = rng.normal(size=(draws, others + 1))
        passed = sum(scatter_of(row[1:]).t_of(row[0]) > t_threshold(others, sigma=2) for row in values)
        expected = 0.02275
        assert passed / draws == pytest.approx(expected, abs=4 * np.sqrt(expected / draws))


def test_the_zone_of_a_map_is_in_pixels_from_the_star():
    mask = Zone(3, 9).mask((31, 30))
    radius = radius_map((31, 30))
    assert radius[mask].min() >= 3
    assert radius[mask].max() <= 9
