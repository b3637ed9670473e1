import numpy as np
import pytest

from pipeline.arrays.stretch import to_eight_bits, white_level, zscale_limits


def noisy_sky(shape, *, level=1000.0, sigma=10.0, seed=7):
    return np.random.default_rng(seed).normal(level, sigma, shape)


def test_a_linear_ramp_comes_back_as_the_ramp_of_grey_levels():
    ramp = np.arange(255, dtype=np.int16)[None, :]
    np.testing.assert_array_equal(to_eight_bits(ramp, 0, 254, curve="linear"), ramp + 1)


def test_the_asinh_curve_is_the_inverse_hyperbolic_sine():
    widths = np.array([0.0, 0.5, 1.0, 10.0, 100.0])
    grey = to_eight_bits(100 + 20 * widths[None, :], 100, 120, white=2100)
    expected = 1 + 254 * np.arcsinh(widths / 0.6) / np.arcsinh(100 / 0.6)
    assert np.abs(grey[0].astype(float) - expected).max() <= 1.5  # 0.5 of rounding, and the table's steps


@pytest.mark.parametrize("dtype", ["i2", ">i2", "u2", "i4", ">f4", "f8"])
def test_number_type_and_byte_order_do_not_change_the_picture(dtype):
    image = np.linspace(0, 30000, 600).reshape(20, 30).round()
    np.testing.assert_array_equal(
        to_eight_bits(image.astype(dtype), 100, 500, white=20000), to_eight_bits(image, 100, 500, white=20000)
    )


def test_pixels_without_a_finite_value_are_black_and_all_others_are_not():
    image = np.full((5, 7), 3.0, dtype=np.float32)
    image[1, 2], image[3, 4], image[0, 0] = np.nan, np.inf, -np.inf
    grey = to_eight_bits(image, 3.0, 4.0)
    assert {tuple(at) for at in np.argwhere(grey == 0)} == {(1, 2), (3, 4), (0, 0)}


def test_a_fill_value_near_the_largest_float_is_white_without_a_warning():
    image = np.array([[0.0, 1.0, 3.4e38]], dtype=np.float32)
    assert to_eight_bits(image, 0.0, 1.0)[0, 2] == 255


def test_zscale_finds_the_sky_in_spite_of_stars_and_blanks():
    image = noisy_sky((300, 400))
    image[::20, ::20] = 60000
    image[5:9] = np.nan
    low, high = zscale_limits(image)
    assert 900 < low < 1000 < high < 1100


@pytest.mark.parametrize("value", [0, 17, -3.5, 1e9])
def test_a_constant_image_gets_limits_about_its_value(value):
    low, high = zscale_limits(np.full((40, 50), value))
    assert low < value < high


@pytest.mark.parametrize("image", [np.full((9, 9), np.nan), np.full((9, 9), np.inf)])
def test_an_image_without_a_finite_pixel_gets_limits_and_is_black(image):
    low, high = zscale_limits(image)
    assert low < high
    assert not to_eight_bits(image, low, high, white=white_level(image, low, high)).any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (3, 3), (1, 100_000), (100_000, 1)])
def test_any_shape_has_limits(shape):
    low, high = zscale_limits(noisy_sky(shape))
    assert low < high


def test_one_nan_in_a_flat_image_changes_no_limit():
    flat = np.full((64, 64), 500.0)
    holed = flat.copy()
    holed[10, 10] = np.nan
    assert zscale_limits(holed) == zscale_limits(flat)


def test_limits_hold_for_values_whose_squares_do_not():
    image = noisy_sky((64, 64))
    image[0, 0] = 1e300
    low, high = zscale_limits(image)
    assert 900 < low < high < 1100


def test_a_faint_galaxy_and_a_bright_star_are_both_visible():
    image = noisy_sky((400, 400), sigma=10)
    y, x = np.mgrid[:400, :400]
    image += 25 * np.exp(-((y - 100) ** 2 + (x - 100) ** 2) / (2 * 15**2))  # a galaxy of 2.5 sigma per pixel
    image += 50000 * np.exp(-((y - 300) ** 2 + (x - 300) ** 2) / (2 * 3**2))
    low, high = zscale_limits(image)
    grey = to_eight_bits(image, low, high, white=white_level(image, low, high)).astype(float)
    sky, galaxy = grey[20:60, 200:380].mean(), grey[95:106, 95:106].mean()
    assert galaxy > sky + 10
    assert grey[300, 300] > 240
    assert grey[300, 300] > galaxy + 60


def test_a_starless_image_uses_the_whole_range_of_grey():
    image = noisy_sky((400, 400))
    low, high = zscale_limits(image)
    grey = to_eight_bits(image, low, high, white=white_level(image, low, high))
    assert np.percentile(grey, 5) < 80
    assert np.percentile(grey, 95) > 190
