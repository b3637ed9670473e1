import numpy as np
import pytest

from pipeline.arrays.companions import has_companion
from pipeline.arrays.filters import monochromatic
from pipeline.arrays.psf_model import Sampling, Telescope, core_fwhm_arcsec, model_image
from pipeline.arrays.stamp import stamp_of

KITT_PEAK, AT_763 = Telescope(1.85, 0.879), monochromatic("Si", 763.0)
PIXEL_ARCSEC = 0.0351594
HALF = 110


def noisy(*, offset_yx=(0.0, 0.0), share=0.0, flux=1e5):
    """A star with a broad halo, and `share` of it again at a place."""
    y, x = np.indices((2 * HALF + 1, 2 * HALF + 1)) - HALF
    halo = 0.7 * np.exp(-np.hypot(y, x) / 8) / (2 * np.pi * 64)
    places = [(HALF, HALF), (HALF + offset_yx[0], HALF + offset_yx[1])]
    sampling = Sampling(PIXEL_ARCSEC, PIXEL_ARCSEC)
    star, other = (model_image(KITT_PEAK, AT_763, sampling, shape=y.shape, centre_yx=place) for place in places)
    light = flux * (halo + 0.3 * star + share * 0.3 * other) + 10
    return np.random.default_rng(3).poisson(light).astype(float)


def warned(image):
    stamp = stamp_of(image, at_yx=(HALF, HALF), half_px=HALF)
    return has_companion(stamp, scale_arcsec=PIXEL_ARCSEC, core_fwhm_arcsec=core_fwhm_arcsec(KITT_PEAK, AT_763))


@pytest.mark.parametrize("flux", [1e4, 1e5, 1e6])
def test_a_single_star_has_none(flux):
    assert not warned(noisy(flux=flux))


@pytest.mark.parametrize("offset_yx", [(15, 0), (-20.5, 31.3), (0, -70)])
def test_a_star_three_magnitudes_fainter_is_told_of(offset_yx):
    assert warned(noisy(offset_yx=offset_yx, share=10 ** (-0.4 * 3)))


def test_one_beyond_the_aperture_is_not():
    assert not warned(noisy(offset_yx=(0, 95), share=0.1))


def test_nor_one_of_less_than_a_fiftieth():
    assert not warned(noisy(offset_yx=(0, 40), share=0.01, flux=1e7))
