from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.core_halo import finer
from pipeline.arrays.filters import flat_band, monochromatic
from pipeline.arrays.psf_model import Sampling, Telescope, model_image
from pipeline.arrays.strehl import Setting, StrehlWarning, strehl_legacy, strehl_ratio
from pipeline.simulation.detector import exposed, pixel_image
from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.psf import fine_psf

PIXEL_ARCSEC = 0.0351594
RAW, FINE = Sampling(PIXEL_ARCSEC, PIXEL_ARCSEC), Sampling(PIXEL_ARCSEC / 2, PIXEL_ARCSEC)
SETTING = Setting(Telescope(1.85, 0.879), monochromatic("Si", 763.0), RAW, variance_per_count=2.0)
SIDE = 257
MIDDLE = (128.0, 128.0)


def perfect(*, flux=1e6, sky=0.0, at_yx=MIDDLE, sampling=RAW, passband=SETTING.passband, side=SIDE):
    image = model_image(SETTING.telescope, passband, sampling, shape=(side, side), centre_yx=at_yx)
    return flux * image + sky


@lru_cache(maxsize=4)
def corrected(seeing_arcsec=1.2, leak=0.05):
    rng = np.random.default_rng(21)
    return fine_psf(KITT_PEAK.optics("Si"), seeing_arcsec=seeing_arcsec, leak=leak, n_speckle=40, rng=rng)


def simulated(psf, *, flux, rng, sky_share=1e-4, at_yx=(128.3, 127.8)):
    light = flux * (pixel_image(psf.array, size_px=256, centre_yx=at_yx) + sky_share)
    return exposed(light.astype(np.float32), rng=rng)


@pytest.mark.parametrize("sky", [0.0, 100.0, -40.0])
@pytest.mark.parametrize("flux", [1e4, 1e6])
def test_a_perfect_image_has_a_ratio_of_one_whatever_flux_and_sky(flux, sky):
    found = strehl_ratio(perfect(flux=flux, sky=sky), SETTING, near_yx=(130.0, 126.0))
    assert found.ratio == pytest.approx(1, rel=0.01)
    assert found.flux_count == pytest.approx(flux, rel=0.01)
    assert found.sky_count_px == pytest.approx(sky, abs=1e-6 * flux)
    assert found.at_yx == pytest.approx(MIDDLE, abs=0.1)


def test_it_has_one_on_the_finer_grid_too():
    image = perfect(sampling=FINE, side=2 * SIDE - 1, at_yx=(256.4, 255.7))
    found = strehl_ratio(image, replace(SETTING, sampling=FINE), near_yx=(256.0, 256.0))
    assert found.ratio == pytest.approx(1, rel=0.01)


def test_it_has_one_in_a_wide_filter():
    band = flat_band("wide", 600, 1000)
    found = strehl_ratio(perfect(passband=band), replace(SETTING, passband=band), near_yx=MIDDLE)
    assert found.ratio == pytest.approx(1, rel=0.01)


@pytest.mark.parametrize(("seeing_arcsec", "leak"), [(0.8, 0.02), (1.2, 0.05), (1.8, 0.08)])
def test_a_simulated_star_has_the_ratio_of_its_noiseless_image(seeing_arcsec, leak):
    psf = corrected(seeing_arcsec, leak)
    rng = np.random.default_rng(22)
    found = [strehl_ratio(simulated(psf, flux=1e6, rng=rng), SETTING, near_yx=(129, 127)).ratio for _ in range(4)]
    assert np.mean(found) == pytest.approx(psf.strehl, rel=0.03)


def test_the_stated_error_is_the_scatter_of_repeated_noise():
    psf, rng = corrected(), np.random.default_rng(23)
    found = [strehl_ratio(simulated(psf, flux=1e5, rng=rng), SETTING, near_yx=(128, 128)) for _ in range(16)]
    scatter = np.std([each.ratio for each in found], ddof=1)
    assert np.mean([each.error for each in found]) == pytest.approx(scatter, rel=0.6)  # of 16: 18 % is one sigma
    parts = found[0].photon_error, found[0].halo_error, found[0].spread_error
    assert found[0].error == pytest.approx(np.hypot(np.hypot(*parts[:2]), parts[2]))


def test_the_detectors_grid_and_the_finer_one_agree():
    frame = simulated(corrected(), flux=1e6, rng=np.random.default_rng(24))
    coarse = strehl_ratio(frame, SETTING, near_yx=(128, 128))
    fine = strehl_ratio(finer(frame, 2) / 4, replace(SETTING, sampling=FINE), near_yx=(256, 256))
    assert fine.ratio == pytest.approx(coarse.ratio, rel=0.01)
    assert fine.error == pytest.approx(coarse.error, rel=0.1)


def test_the_same_image_gives_the_same_result():
    image = simulated(corrected(), flux=1e5, rng=np.random.default_rng(25))
    assert strehl_ratio(image, SETTING, near_yx=(128, 128)) == strehl_ratio(image.copy(), SETTING, near_yx=(128, 128))


def test_a_faint_star_is_told_to_be_uncertain_and_a_bright_one_is_not():
    psf, rng = corrected(1.8, 0.08), np.random.default_rng(26)
    faint, bright = (
        strehl_ratio(simulated(psf, flux=flux, rng=rng), SETTING, near_yx=(128, 128)) for flux in (1e4, 1e6)
    )
    assert StrehlWarning.LOW_SIGNAL in faint.warnings
    assert bright.warnings == ()
    assert faint.signal_to_noise < bright.signal_to_noise / 5


def test_saturation_is_told_where_the_core_is_saturated():
    image = perfect()
    top = float(image.max())
    for level, warnings in ((0.9 * top, (StrehlWarning.SATURATED,)), (1.1 * top, ())):
        found = strehl_ratio(image, replace(SETTING, saturation_count=level), near_yx=MIDDLE)
        assert found.warnings == warnings


def test_a_star_near_the_edge_is_measured_by_its_other_side_and_told_of():
    image = perfect(at_yx=(50.0, 128.0))
    found = strehl_ratio(image, SETTING, near_yx=(50.0, 128.0))
    assert found.ratio == pytest.approx(1, rel=0.02)
    assert StrehlWarning.NEAR_EDGE in found.warnings


def test_blank_pixels_have_what_their_ring_has():
    image = perfect(sky=20.0)
    image[100:112, 100:112] = np.nan
    image[150:165, 140:170] = np.inf
    found = strehl_ratio(image, SETTING, near_yx=MIDDLE)
    assert found.ratio == pytest.approx(1, rel=0.01)
    assert StrehlWarning.BLANK_PIXELS in found.warnings
    assert found.legacy is None


def test_a_companion_in_the_aperture_is_told_of_and_makes_the_ratio_too_low():
    image = perfect() + perfect(flux=1e5, at_yx=(128.0, 160.0))
    found = strehl_ratio(image, SETTING, near_yx=MIDDLE)
    assert StrehlWarning.COMPANION in found.warnings
    assert found.ratio == pytest.approx(1 / 1.1, rel=0.02)


def test_a_blank_pixel_in_the_core_is_refused():
    image = perfect()
    image[128, 129] = np.nan
    with pytest.raises(UsageError, match="core"):
        strehl_ratio(image, SETTING, near_yx=MIDDLE)


def test_a_sky_without_a_star_is_refused():
    with pytest.raises(UsageError, match="no star"):
        strehl_ratio(perfect(flux=-1e6, sky=50.0), SETTING, near_yx=MIDDLE)


def test_the_originals_formula_is_peak_over_box_over_the_perfect_ones():
    points = Sampling(PIXEL_ARCSEC / 2, 0.0)
    at_points = perfect(sampling=points)
    setting = replace(SETTING, sampling=points)
    assert strehl_legacy(at_points, setting, near_yx=(130, 127)) == pytest.approx(1, rel=1e-9)


def test_it_lacks_the_pixel_and_the_sky_as_the_original_did():
    side, middle = 2 * SIDE - 1, (256.0, 256.0)
    setting = replace(SETTING, sampling=FINE)
    clean, with_sky = (
        strehl_legacy(perfect(sampling=FINE, side=side, at_yx=middle, sky=sky), setting, near_yx=middle)
        for sky in (0.0, 25.0)  # of a quarter of a pixel: 100 electrons a pixel where the star has a million
    )
    assert clean == pytest.approx(1 - 0.082, abs=0.005)
    assert with_sky == pytest.approx(clean * 1e6 * 0.98 / (1e6 * 0.98 + 25 * 173**2), rel=0.01)


def test_a_box_that_leaves_the_image_has_none():
    assert strehl_legacy(perfect(at_yx=(30.0, 128.0)), SETTING, near_yx=(30.0, 128.0)) is None


@pytest.mark.parametrize("level", [0.0, 7.0, 1e4])
def test_an_image_as_flat_as_can_be_is_refused(level):
    with pytest.raises(UsageError, match="no light above the sky"):
        strehl_ratio(np.full((SIDE, SIDE), level), SETTING, near_yx=MIDDLE)


@pytest.mark.parametrize("seed", range(20))
def test_noise_alone_is_refused(seed):
    noise = np.random.default_rng(seed).normal(100.0, 10.0, (SIDE, SIDE))
    with pytest.raises(UsageError, match="no light above the sky"):
        strehl_ratio(noise, SETTING, near_yx=MIDDLE)
