import numpy as np
import pytest

from pipeline.arrays.bad_pixels import bad_pixels, patches_of, without_gaps


def detector():
    """Dark with noise and a glow, flat with dust and falling edges: nothing is bad in them."""
    rng = np.random.default_rng(1)
    y, x = np.indices((100, 120)) / 100 - 0.5
    dark = 1000 + 30 * np.exp(-(x**2 + y**2) / 0.05) + rng.normal(0, 0.5, y.shape)
    flat = (1 - 0.5 * (x**2 + y**2)) * rng.normal(1, 0.01, y.shape)
    flat[40:50, 40:50] *= 0.8
    return dark.astype(np.float32), flat.astype(np.float32)


def test_a_glow_and_dust_are_not_bad_pixels():
    dark, flat = detector()
    assert not bad_pixels(dark=dark, flat=flat).any()


@pytest.mark.parametrize(
    ("which", "value"),
    [("dark", 1040.0), ("dark", np.nan), ("flat", 0.3), ("flat", 1.9), ("flat", 0.0), ("flat", np.nan)],
)
def test_hot_deaf_loud_and_missing_pixels_are_bad(which, value):
    dark, flat = detector()
    (dark if which == "dark" else flat)[7, 9] = value
    assert np.argwhere(bad_pixels(dark=dark, flat=flat)).tolist() == [[7, 9]]


def test_a_flat_of_zeros_has_no_good_pixel():
    dark, flat = detector()
    assert bad_pixels(dark=dark, flat=0 * flat).all()


def test_a_patch_on_a_slope_is_what_was_there():
    image = np.add.outer(np.arange(9.0), 2 * np.arange(11.0)).astype(np.float32)
    bad = np.zeros(image.shape, dtype=bool)
    bad[4, 5] = bad[2, 8] = True
    mended = np.where(bad, 1e9, image).astype(np.float32)
    patches_of(bad).mend(mended)
    np.testing.assert_allclose(mended, image, rtol=1e-6)


def test_a_bad_pixel_at_a_corner_takes_what_is_beside_it():
    image = np.full((5, 5), 3, dtype=np.float32)
    bad = np.zeros((5, 5), dtype=bool)
    bad[0, 0] = True
    image[bad] = -7
    patches_of(bad).mend(image)
    assert image[0, 0] == 3


def test_where_no_good_pixel_is_near_there_is_no_value():
    image = np.ones((21, 21), dtype=np.float32)
    bad = np.zeros(image.shape, dtype=bool)
    bad[3:18, 3:18] = True
    patches_of(bad).mend(image)
    assert np.isnan(image[10, 10])
    assert image[4, 10] == 1


def test_gaps_are_filled_from_beside_them_and_with_zero_far_from_everything():
    image = np.full((21, 21), 5, dtype=np.float32)
    image[2, 2] = np.nan
    image[5:20, 5:20] = np.nan
    filled = without_gaps(image)
    assert filled[2, 2] == 5
    assert filled[12, 12] == 0
    assert np.isnan(image[2, 2])  # what was given is as it was
    assert without_gaps(filled) is filled
