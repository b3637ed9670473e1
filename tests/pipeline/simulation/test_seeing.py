from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, optimize
from scipy.special import j0

from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.seeing import air_fwhm_arcsec, fwhm_arcsec, seeing_image


def test_the_width_of_kolmogorov_air_is_that_of_its_transfer_function():
    """The Hankel transform of exp(-3.44 f^(5/3)), f in units of r0 / wavelength, at half its peak."""

    def profile(angle):
        return integrate.quad(lambda f: f * j0(2 * np.pi * angle * f) * np.exp(-3.44 * f ** (5 / 3)), 0, 4)[0]

    half_width = optimize.brentq(lambda angle: profile(angle) - profile(0) / 2, 0.1, 1)
    assert 2 * half_width == pytest.approx(0.976, abs=0.002)


@pytest.mark.parametrize("seeing", [0.8, 1.4])
def test_behind_a_large_telescope_only_the_air_is_left(seeing):
    optics = replace(KITT_PEAK.optics("Si"), primary_m=8.0, obstruction_m=1.0, pixel_arcsec=0.015)
    image = seeing_image(optics, seeing_arcsec=seeing, n=1024)
    assert fwhm_arcsec(image, optics) == pytest.approx(air_fwhm_arcsec(optics, seeing_arcsec=seeing), rel=0.01)


def test_seeing_shrinks_with_the_fifth_root_of_the_wavelength():
    short, long = (KITT_PEAK.optics(name) for name in ("Sg", "Sz"))
    ratio = air_fwhm_arcsec(short, seeing_arcsec=1.1) / air_fwhm_arcsec(long, seeing_arcsec=1.1)
    assert ratio == pytest.approx((905 / 475) ** 0.2, rel=1e-6)
    assert air_fwhm_arcsec(replace(short, wavelength_nm=500.0), seeing_arcsec=1.1) == pytest.approx(1.1, rel=0.005)


def test_the_telescope_widens_the_image_a_little_and_loses_no_light():
    optics = KITT_PEAK.optics("Si")
    image = seeing_image(optics, seeing_arcsec=1.2)
    air = air_fwhm_arcsec(optics, seeing_arcsec=1.2)
    assert 1.01 * air < fwhm_arcsec(image, optics) < 1.06 * air
    assert image.sum() == pytest.approx(1, abs=1e-4)
