import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.photometry import aperture_sum, centroid, sky_annulus, star_flux
from tests.pipeline.arrays.stars import star


def test_a_circle_of_ones_is_its_area():
    held = aperture_sum(np.ones((40, 50)), at_yx=(20.3, 24.8), radius_px=9.5)
    assert held.count == pytest.approx(np.pi * 9.5**2)
    assert held.area_px == pytest.approx(np.pi * 9.5**2)


def test_blanks_and_what_lies_outside_are_in_neither_sum_nor_area():
    image = np.full((40, 40), 2.0)
    image[18:22, 18:22] = (np.nan, np.inf, -np.inf, np.nan)
    within = aperture_sum(image, at_yx=(20, 20), radius_px=8)
    assert within.area_px == pytest.approx(np.pi * 64 - 16)
    assert within.count == pytest.approx(2 * within.area_px)
    half = aperture_sum(np.ones((40, 40)), at_yx=(-0.5, 20), radius_px=8)
    assert half.count == half.area_px == pytest.approx(np.pi * 32, rel=1e-3)


def test_the_sky_is_that_of_the_ring_without_its_stars():
    rng = np.random.default_rng(31)
    image = rng.normal(50, 4, (200, 200))
    image[95:105, 95:105] += 1e5
    image[100:104, 160:164] += 3000
    image[20:30] = np.nan
    sky = sky_annulus(image, at_yx=(100, 100), inner_px=40, outer_px=70)
    assert sky.level == pytest.approx(50, abs=4 * sky.level_error)
    assert sky.sigma == pytest.approx(4, rel=0.05)


def test_the_skys_error_is_the_scatter_of_repeated_noise():
    rng = np.random.default_rng(32)
    skies = [sky_annulus(rng.normal(5, 2, (60, 60)), at_yx=(30, 30), inner_px=10, outer_px=20) for _ in range(300)]
    scatter = np.std([sky.level for sky in skies])
    assert np.mean([sky.level_error for sky in skies]) == pytest.approx(scatter, rel=0.15)


def test_a_ring_without_values_is_refused():
    with pytest.raises(UsageError, match="no sky"):
        sky_annulus(np.full((60, 60), np.nan), at_yx=(30, 30), inner_px=10, outer_px=20)


def test_a_star_is_as_bright_as_it_is_and_its_error_is_its_scatter():
    rng = np.random.default_rng(33)
    light = star((80, 80), centre_yx=(40.2, 39.6), flux=2e4).astype(float) + 30
    found = [
        star_flux(
            rng.poisson(light).astype(float), at_yx=(40, 40), radius_px=8, sky_px=(15, 30), variance_per_count=1.0
        )
        for _ in range(200)
    ]
    counts = np.array([each.count for each in found])
    assert counts.mean() == pytest.approx(2e4, rel=1e-3)
    assert np.mean([each.error for each in found]) == pytest.approx(counts.std(), rel=0.2)


@pytest.mark.parametrize("place", [(30.0, 30.0), (28.37, 31.61)])
def test_the_middle_of_a_star_is_found_from_some_pixels_off(place):
    image = star((60, 60), centre_yx=place, flux=1e4) + 12
    assert centroid(image, near_yx=(30, 33), radius_px=7, sky=12.0) == pytest.approx(place, abs=0.01)


def test_the_middle_of_a_saturated_star_is_that_of_its_flat_top():
    image = np.minimum(star((60, 60), centre_yx=(30.3, 29.7), flux=1e4), 150)
    assert centroid(image, near_yx=(29, 31), radius_px=8) == pytest.approx((30.3, 29.7), abs=0.02)


def test_no_light_has_no_middle():
    with pytest.raises(UsageError, match="no light"):
        centroid(np.full((30, 30), np.nan), near_yx=(15, 15), radius_px=4)


def test_a_circle_outside_of_the_image_has_none_either():
    with pytest.raises(UsageError, match="outside the image"):
        centroid(np.ones((30, 30)), near_yx=(15, 60), radius_px=4)
