import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.sources import Source, brightest_pixel, find_sources, score, target_of
from tests.pipeline.arrays.stars import star


def sky(shape, seed=41):
    return np.random.default_rng(seed).normal(100, 3, shape)


def source(*, fwhm_px=35.0, at_yx=(500.0, 500.0), axes=(15.0, 14.0)):
    return Source(*at_yx, 1e5, fwhm_px, *axes, 900)


def test_stars_are_found_where_they_are_brightest_first():
    image = sky((120, 140)) + star((120, 140), centre_yx=(30.2, 100.7), flux=9e3, sigma_px=3)
    image += star((120, 140), centre_yx=(80.6, 40.1), flux=3e4, sigma_px=4)
    first, second = find_sources(image)
    assert first.at_yx == pytest.approx((80.6, 40.1), abs=0.2)
    assert second.at_yx == pytest.approx((30.2, 100.7), abs=0.2)
    assert first.fwhm_px == pytest.approx(2.355 * 4, rel=0.1)
    assert first.semimajor_px >= first.semiminor_px > 0


def test_a_hot_pixel_and_a_blank_are_no_sources():
    image = sky((60, 60))
    image[20, 30], image[40, 40] = 1e5, np.inf
    assert find_sources(image) == ()


@pytest.mark.parametrize("image", [np.full((20, 20), np.nan), np.zeros((20, 20))])
def test_an_image_without_anything_has_none(image):
    assert find_sources(image) == ()


def test_the_score_is_one_for_the_likeliest_source():
    likeliest = source(fwhm_px=float(np.exp(np.exp(1.27))))
    assert score(likeliest, among=[likeliest], centre_yx=(500, 500)) == pytest.approx(1)


def test_each_part_of_the_score_is_a_third():
    best = source(fwhm_px=float(np.exp(np.exp(1.27))))
    away = source(fwhm_px=best.fwhm_px, at_yx=(500.0 + 512.0, 500.0))
    assert score(away, among=[best], centre_yx=(500, 500)) == pytest.approx((2 + np.exp(-0.5)) / 3)
    wide = source(fwhm_px=float(np.exp(np.exp(1.27 + 0.17))))
    assert score(wide, among=[best], centre_yx=(500, 500)) == pytest.approx((2 + np.exp(-0.5)) / 3)
    small = source(fwhm_px=best.fwhm_px, axes=(7.5, 7.0))
    assert score(small, among=[best, small], centre_yx=(500, 500)) == pytest.approx(2.5 / 3)


def test_a_source_of_a_pixel_scores_nothing():
    assert score(source(fwhm_px=1.0), among=[source()], centre_yx=(500, 500)) == 0


def test_of_two_equal_stars_the_one_near_the_given_middle_is_the_target():
    shape = (300, 300)
    places = ((60.0, 60.0), (240.0, 230.0))
    image = sky(shape) + sum(star(shape, centre_yx=place, flux=1e5, sigma_px=6) for place in places)
    for place in places:
        assert target_of(image, centre_yx=place) == pytest.approx(place, abs=0.5)


def test_without_a_source_the_target_is_the_brightest_pixel():
    image = sky((50, 50))
    image[12, 34] = 500
    assert target_of(image, centre_yx=(25, 25)) == (12, 34)


def test_with_thirty_of_them_too():
    image = sky((400, 400))
    for y in range(6):
        for x in range(5):
            image[30 + 60 * y : 35 + 60 * y, 30 + 70 * x : 35 + 70 * x] += 300
    image[90, 172] += 5000
    assert len(find_sources(image)) == 30
    assert target_of(image, centre_yx=(200, 200)) == (90, 172)


def test_an_image_without_a_value_has_no_target():
    with pytest.raises(UsageError, match="No pixel"):
        brightest_pixel(np.full((5, 5), np.nan))
