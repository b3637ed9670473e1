import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.display import CURVES, brightness, equalised, noise_sigma

SIGMA = 3.0


def sky(shape=(120, 160), *, seed=1):
    return np.random.default_rng(seed).normal(100, SIGMA, shape)


def test_black_and_white_lie_at_the_percentiles():
    image = np.linspace(0, 1000, 100 * 100).reshape(100, 100)
    shown = brightness(image, curve="linear", percentiles=(10, 90))
    assert shown[image <= 99].max() == 0
    assert shown[image >= 901].min() == 1
    assert shown[50, 0] == pytest.approx(0.5, abs=0.01)


def test_the_asinh_curve_shows_a_faint_star_beside_one_a_thousand_times_brighter():
    image = sky()
    image[40, 40], image[80, 80] = 100 + 5000 * SIGMA, 100 + 20 * SIGMA
    linear, asinh = (brightness(image, curve=curve, percentiles=(20, 100)) for curve in ("linear", "asinh"))
    assert asinh[40, 40] == linear[40, 40] == 1
    assert linear[80, 80] < 0.01
    assert asinh[80, 80] > 0.25


def test_noise_alone_stays_dark():
    assert np.percentile(brightness(sky()), 99) < 0.35


def test_more_light_is_never_shown_darker():
    image = np.sort(sky().ravel()).reshape(120, 160)
    for curve in ("asinh", "linear"):
        assert np.all(np.diff(brightness(image, curve=curve).ravel()) >= 0)


@pytest.mark.parametrize("curve", CURVES)
def test_pixels_without_a_value_stay_so_and_move_no_limit(curve):
    image = sky()
    gaps = image.copy()
    gaps[:5] = np.nan
    gaps[5, :3] = np.inf
    shown = brightness(gaps, curve=curve)
    assert np.isnan(shown[:5]).all()
    assert np.isnan(shown[5, :3]).all()
    assert np.nanmin(shown) >= 0
    assert np.nanmax(shown) <= 1
    if curve != "equalised":
        np.testing.assert_allclose(shown[6:], brightness(image, curve=curve)[6:], atol=0.01)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("value", [7.0, np.nan])
def test_an_image_of_one_value_has_one_brightness(curve, value):
    shown = brightness(np.full((20, 30), value), curve=curve)
    assert len(np.unique(np.round(shown, 9))) == 1


def test_an_image_without_noise_is_shown_straight():
    ramp = np.tile(np.linspace(0, 1, 100), (100, 1)).T  # the same along rows, where noise is looked for
    np.testing.assert_allclose(brightness(ramp, percentiles=(0, 100)), ramp)


def test_the_noise_is_found_beside_stars_and_slopes():
    image = sky((300, 300)) + np.arange(300)[:, np.newaxis]
    image[100:110, 100:110] += 10_000
    assert noise_sigma(image) == pytest.approx(SIGMA, rel=0.03)


def test_equalising_spreads_the_values_of_a_dull_part_beside_a_bright_one():
    ramp = np.tile(np.linspace(0.4, 0.45, 200), (200, 1))
    ramp[:, 100:] += 0.4
    shown = equalised(ramp)
    tile = np.s_[:, 30:45]  # between tiles their answers are mixed
    assert np.ptp(shown[tile]) > 3 * np.ptp(ramp[tile])


def test_equalising_keeps_blank_sky_dull():
    """What the clipped histogram is for: an unlimited one would spread noise over all brightnesses."""
    image = np.clip(0.1 + np.random.default_rng(1).normal(0, 0.002, (160, 160)), 0, 1)
    assert np.std(equalised(image)) < 0.15  # spread evenly it were 0.29


def test_an_image_smaller_than_the_tiles_is_equalised_too():
    assert np.isfinite(equalised(np.random.default_rng(2).random((5, 3)))).all()


@pytest.mark.parametrize("percentiles", [(50, 50), (90, 10), (-1, 50), (0, 101)])
def test_percentiles_that_give_no_range_are_refused(percentiles):
    with pytest.raises(UsageError, match="give two numbers of 0 to 100"):
        brightness(sky(), percentiles=percentiles)


def test_an_unknown_curve_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="asinh, linear, equalised"):
        brightness(sky(), curve="log")
