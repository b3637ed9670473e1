from dataclasses import replace

import numpy as np
import pytest

from pipeline.simulation.optics import KITT_PEAK, ideal_image
from pipeline.simulation.phase import Residual
from pipeline.simulation.polychromatic import REFERENCE_N, wide_psf
from pipeline.simulation.psf import fine_psf

OPTICS = KITT_PEAK.optics("lp600")


def strehl_at(*wavelengths_nm):
    residual = Residual(0.6, 0.01)
    rng = np.random.default_rng(11)
    return wide_psf(OPTICS, residual, n_speckle=6, rng=rng, wavelengths_nm=wavelengths_nm).psf.strehl


def test_one_wavelength_is_the_monochromatic_case():
    at_800 = replace(OPTICS, wavelength_nm=800.0)
    alone = fine_psf(at_800, seeing_arcsec=0.6, leak=0.01, n_speckle=6, rng=np.random.default_rng(11), n=REFERENCE_N)
    assert strehl_at(800.0) == pytest.approx(alone.strehl, rel=1e-3)


def test_the_same_path_length_harms_long_waves_less():
    """Maréchal: for small aberrations -ln S falls as the wavelength squared."""
    short, long = strehl_at(600.0), strehl_at(1000.0)
    assert np.log(short) / np.log(long) == pytest.approx((1000 / 600) ** 2, rel=0.05)
    assert short < strehl_at(600.0, 1000.0) < long


def test_the_ideal_image_is_the_mean_of_its_colours():
    wide = wide_psf(OPTICS, Residual(1.0, 0.05), n_speckle=1, rng=np.random.default_rng(1))
    peaks = [replace(OPTICS, wavelength_nm=nm).ideal_peak for nm in (600, 700, 800, 900, 1000)]
    assert wide.ideal.max() == pytest.approx(np.mean(peaks), rel=1e-3)
    assert wide.ideal.shape == wide.psf.array.shape == (512, 512)
    assert 0.98 < wide.psf.array.sum() < 1
    at_800 = ideal_image(replace(OPTICS, wavelength_nm=800.0), 512)
    assert wide.ideal[256, 256:262].argmin() >= at_800[256, 256:262].argmin()  # its dark rings are washed out
