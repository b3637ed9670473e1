import numpy as np
import pytest

from pipeline.arrays import fourier
from tests.pipeline.arrays.stars import star

SHAPES = [(32, 40), (33, 41), (32, 41), (33, 40)]


def moved_image(image, shift):
    return fourier.image_of(fourier.moved(fourier.transform_of(image), image.shape, np.array(shift)), image.shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_whole_pixels_are_a_roll(shape):
    image = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    np.testing.assert_allclose(moved_image(image, (3.0, -5.0)), np.roll(image, (3, -5), (0, 1)), atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_fractions_of_a_pixel_move_a_star_to_where_they_say(shape):
    before = star(shape, centre_yx=(15, 18), flux=100)
    after = star(shape, centre_yx=(15.37, 16.62), flux=100)
    np.testing.assert_allclose(moved_image(before, (0.37, -1.38)), after, atol=2e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_values_between_pixels_are_those_of_the_star(shape):
    transform = fourier.transform_of(star(shape, centre_yx=(15.2, 18.4), flux=100))
    y, x = np.array([14.75, 15.2, 16.1]), np.array([17.5, 18.4])
    true = [[star((1, 1), centre_yx=(15.2 - row, 18.4 - column), flux=100)[0, 0] for column in x] for row in y]
    np.testing.assert_allclose(fourier.values_at(transform, shape, y, x), true, atol=2e-3)


@pytest.mark.parametrize(("y", "x"), [(15.0, 18.0), (15.213, 17.641), (14.51, 18.49)])
def test_a_peak_is_found_to_a_hundredth_of_a_step_and_with_its_height(y, x):
    transform = fourier.transform_of(star((32, 40), centre_yx=(y, x), flux=100))
    found = fourier.peak_near(transform, (32, 40), (round(y), round(x)))
    assert found[:2] == pytest.approx((y, x), abs=2e-3)
    assert found[2] == pytest.approx(100 / (2 * np.pi * 1.3**2), rel=1e-3)


def test_a_peak_beyond_the_reach_is_not_run_after():
    transform = fourier.transform_of(star((32, 40), centre_yx=(15, 20), flux=100))
    assert fourier.peak_near(transform, (32, 40), (15, 17), reach_px=0.5)[1] == 17.5


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_a_finer_grid_keeps_the_light_and_the_centres(shape, factor):
    image = star(shape, centre_yx=(15.2, 18.4), flux=100) + np.float32(0.5)
    fine = fourier.upsampled(fourier.transform_of(image), shape, factor=factor)
    assert fine.shape == (factor * shape[0], factor * shape[1])
    assert fine.sum(dtype=np.float64) == pytest.approx(image.sum(dtype=np.float64), rel=1e-5)
    np.testing.assert_allclose(fine[::factor, ::factor] * factor**2, image, atol=1e-4)
    wide = star(fine.shape, centre_yx=(15.2 * factor, 18.4 * factor), flux=100, sigma_px=1.3 * factor)
    np.testing.assert_allclose(fine - 0.5 / factor**2, wide, atol=2e-3)


def test_noise_up_to_the_highest_frequency_keeps_its_values_on_a_finer_grid():
    image = np.random.default_rng(2).normal(size=(16, 18)).astype(np.float32)
    fine = fourier.upsampled(fourier.transform_of(image), image.shape, factor=2)
    np.testing.assert_allclose(4 * fine[::2, ::2], image, atol=1e-5)


def test_a_gaussian_window_makes_a_star_wider_by_its_own_width():
    image = star((64, 64), centre_yx=(32, 32), flux=100)
    window = fourier.gaussian_window((64, 64), sigma_px=2.0)
    smooth = fourier.image_of(fourier.transform_of(image) * window, (64, 64))
    np.testing.assert_allclose(
        smooth, star((64, 64), centre_yx=(32, 32), flux=100, sigma_px=np.hypot(1.3, 2)), atol=1e-3
    )
