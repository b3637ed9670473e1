import numpy as np
import pytest

from pipeline.arrays.filters import monochromatic
from pipeline.arrays.peak import peak_of
from pipeline.arrays.psf_model import Sampling, Telescope, model_image, peak_per_flux

KITT_PEAK = Telescope(1.85, 0.879)
AT_763 = monochromatic("Si", 763.0)
CUTOFF = 1.85 / 763e-9
PIXEL_ARCSEC = 0.0351594
FINE, RAW = Sampling(PIXEL_ARCSEC / 2, PIXEL_ARCSEC), Sampling(PIXEL_ARCSEC, PIXEL_ARCSEC)


def found(image, *, near_yx, sampling=RAW, search_px=4.0):
    return peak_of(image, near_yx=near_yx, search_px=search_px, sampling=sampling, cutoff_per_rad=CUTOFF)


@pytest.mark.parametrize("sampling", [FINE, RAW])
@pytest.mark.parametrize("place", [(64.0, 64.0), (63.62, 64.27), (64.5, 63.5)])
def test_the_peak_is_that_of_the_image_before_the_pixels_wherever_it_falls_on_them(sampling, place):
    image = model_image(KITT_PEAK, AT_763, sampling, shape=(129, 129), centre_yx=place)
    peak = found(image, near_yx=(65.0, 63.0), sampling=sampling)
    perfect = peak_per_flux(KITT_PEAK, AT_763, Sampling(sampling.scale_arcsec, 0.0))
    assert peak.height == pytest.approx(perfect, rel=6e-3)
    assert peak.at_yx == pytest.approx(place, abs=0.07)


def test_a_brighter_star_outside_of_the_search_is_not_taken():
    two = [model_image(KITT_PEAK, AT_763, RAW, shape=(129, 129), centre_yx=place) for place in ((64, 64), (64, 84))]
    peak = found(two[0] + 5 * two[1], near_yx=(64.0, 64.0))
    assert peak.at_yx == pytest.approx((64, 64), abs=0.15)


def test_the_weights_are_those_by_which_the_pixels_make_the_height():
    image = model_image(KITT_PEAK, AT_763, RAW, shape=(129, 129), centre_yx=(64.3, 63.8))
    peak = found(image, near_yx=(64.0, 64.0))
    y, x = peak.corner_yx
    assert (peak.weights * image[y : y + 64, x : x + 64]).sum() == pytest.approx(peak.height, rel=1e-9)


def test_the_stated_variance_is_the_scatter_of_repeated_noise():
    rng = np.random.default_rng(4)
    light = 5e4 * model_image(KITT_PEAK, AT_763, RAW, shape=(65, 65), centre_yx=(32.0, 32.0))
    # Beside the brightest place noise also moves the peak: its scatter is taken at one place, by the weights.
    weights = found(light, near_yx=(32.0, 32.0)).weights
    drawn = rng.poisson(light[:64, :64] + 20.0, (400, 64, 64))
    heights = (drawn * weights).sum(axis=(1, 2))
    stated = found(light, near_yx=(32.0, 32.0)).variance(light, per_count=1.0, of_sky=20.0)
    assert heights.var() == pytest.approx(stated, rel=0.25)  # of 400: 7 % is one sigma


def test_waves_that_no_light_makes_are_left_out_with_their_noise():
    noise = np.random.default_rng(5).normal(0, 1, (64, 64))
    weights = found(noise, near_yx=(32.0, 32.0)).weights
    assert (weights**2).sum() < 0.8
