import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.fwhm import fit_profile

SHAPE = (140, 150)
PLACE = (70.4, 75.7)


def q_of(fwhm_y_px, fwhm_x_px):
    y, x = np.indices(SHAPE)
    return (2 * (y - PLACE[0]) / fwhm_y_px) ** 2 + (2 * (x - PLACE[1]) / fwhm_x_px) ** 2


def gaussian(fwhm_y_px, fwhm_x_px):
    return 500 * 2.0 ** -q_of(fwhm_y_px, fwhm_x_px) + 40


def moffat(fwhm_y_px, fwhm_x_px, beta):
    return 500 * (1 + (2 ** (1 / beta) - 1) * q_of(fwhm_y_px, fwhm_x_px)) ** -beta + 40


@pytest.mark.parametrize(("fwhm_y", "fwhm_x"), [(3.0, 3.0), (12.0, 9.0), (25.0, 31.0)])
def test_a_gaussian_comes_out_as_it_is(fwhm_y, fwhm_x):
    found = fit_profile(gaussian(fwhm_y, fwhm_x), model="gaussian", near_yx=(72, 73))
    assert (found.fwhm_y_px, found.fwhm_x_px) == pytest.approx((fwhm_y, fwhm_x), rel=1e-4)
    assert found.fwhm_px == pytest.approx((fwhm_y + fwhm_x) / 2, rel=1e-4)
    assert found.at_yx == pytest.approx(PLACE, abs=1e-3)
    assert (found.peak_count, found.sky_count_px, found.beta) == (pytest.approx(500), pytest.approx(40), None)


@pytest.mark.parametrize("beta", [1.7, 2.5, 4.765])
def test_a_moffat_function_comes_out_with_its_exponent(beta):
    found = fit_profile(moffat(14.0, 11.0, beta), model="moffat", near_yx=(72, 73))
    assert (found.fwhm_y_px, found.fwhm_x_px) == pytest.approx((14, 11), rel=1e-3)
    assert found.beta == pytest.approx(beta, rel=1e-2)


def test_the_stated_error_is_the_scatter_of_repeated_noise():
    rng = np.random.default_rng(61)
    found = [
        fit_profile(rng.poisson(gaussian(6.0, 6.0)).astype(float), model="gaussian", near_yx=PLACE, box_px=40)
        for _ in range(30)
    ]
    scatter = np.std([each.fwhm_px for each in found], ddof=1)
    assert np.mean([each.fwhm_error_px for each in found]) == pytest.approx(scatter, rel=0.4)
    assert np.mean([each.fwhm_px for each in found]) == pytest.approx(6, abs=scatter)


def test_blank_and_saturated_pixels_are_left_out():
    image = gaussian(12.0, 9.0)
    image[60:64, 60:80] = np.nan
    image[image > 350] = 350
    found = fit_profile(image, model="gaussian", near_yx=PLACE, saturation_count=350)
    assert found.fwhm_px == pytest.approx(10.5, rel=1e-3)
    assert fit_profile(image, model="gaussian", near_yx=PLACE).fwhm_px > 11


@pytest.mark.parametrize("model", ["gaussian", "moffat"])
def test_a_sky_without_a_star_fits_nothing(model):
    y, _ = np.indices(SHAPE)
    with pytest.raises(UsageError, match="no star"):
        fit_profile(40.0 + 0.5 * y, model=model, near_yx=PLACE)


def test_a_box_of_blanks_is_refused():
    image = np.full(SHAPE, np.nan)
    image[70, 75] = 1.0
    with pytest.raises(UsageError, match="quarter of the box"):
        fit_profile(image, model="gaussian", near_yx=PLACE)
