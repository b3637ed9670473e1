import numpy as np
import pytest

from pipeline.arrays.filters import KNOWN_FILTERS, flat_band, monochromatic
from pipeline.arrays.psf_model import (
    ARCSEC,
    Sampling,
    Telescope,
    annular_airy,
    core_fwhm_arcsec,
    legacy_half_width,
    model_image,
    peak_per_flux,
    pixel_loss,
    reference_factor,
    share_outside,
)
from pipeline.simulation.optics import KITT_PEAK as SIMULATED
from pipeline.simulation.optics import ideal_image

KITT_PEAK, PALOMAR = Telescope(1.85, 0.879), Telescope(1.524, 0.578)
OPEN = Telescope(2.0, 0.0)
PIXEL_ARCSEC = 0.0351594
AT_763 = monochromatic("Si", 763.0)


@pytest.mark.parametrize(
    ("name", "kitt_peak", "palomar", "rel"),
    [
        ("Sg", 0.06504, 0.07516, 0.02),
        ("Sr", 0.03938, 0.04489, 0.01),
        ("Si", 0.02660, 0.03013, 0.01),
        ("Sz", 0.01950, 0.02201, 0.01),
        ("lp600", 0.02990, 0.03394, 0.01),
    ],
)
def test_the_original_archives_published_factors_come_out(name, kitt_peak, palomar, rel):
    assert reference_factor(KITT_PEAK, KNOWN_FILTERS[name], 0.0175797) == pytest.approx(kitt_peak, rel=rel)
    assert reference_factor(PALOMAR, KNOWN_FILTERS[name], 0.0215) == pytest.approx(palomar, rel=rel)


def test_the_box_of_the_original_reaches_86_pixels_at_kitt_peak():
    assert legacy_half_width(0.0175797) == 86


def test_the_pixel_takes_eight_percent_of_the_peak():
    assert pixel_loss(KITT_PEAK, KNOWN_FILTERS["Si"], PIXEL_ARCSEC) == pytest.approx(0.081, abs=0.003)


def test_an_open_aperture_has_its_dark_ring_and_its_width_where_airy_found_them():
    scale = 763e-9 / OPEN.primary_m
    assert annular_airy(np.array([0.0, 1.21967 * scale]), 763e-9, OPEN) == pytest.approx([1, 0], abs=1e-9)
    assert core_fwhm_arcsec(OPEN, AT_763) == pytest.approx(1.029 * scale / ARCSEC, rel=1e-3)


def test_the_formula_agrees_with_the_transform_of_a_pupil():
    n, half = 512, 60
    by_transform = ideal_image(SIMULATED.optics("Si"), n)[n // 2 - half : n // 2 + half, n // 2 - half : n // 2 + half]
    sampling = Sampling(PIXEL_ARCSEC / 2, 0.0)
    by_formula = model_image(KITT_PEAK, AT_763, sampling, shape=(120, 120), centre_yx=(half, half))
    assert np.abs(by_transform - by_formula).max() < 0.01 * by_formula.max()


def test_a_pixel_holds_the_mean_of_what_falls_on_it():
    seen = model_image(KITT_PEAK, AT_763, Sampling(PIXEL_ARCSEC, PIXEL_ARCSEC), shape=(3, 3), centre_yx=(1.2, 0.7))
    times = 51
    middle_y, middle_x = (times * (place + 0.5) - 0.5 for place in (1.2, 0.7))
    points = Sampling(PIXEL_ARCSEC / times, 0.0)
    fine = model_image(KITT_PEAK, AT_763, points, shape=(3 * times, 3 * times), centre_yx=(middle_y, middle_x))
    np.testing.assert_allclose(seen, fine.reshape(3, times, 3, times).sum(axis=(1, 3)), rtol=1e-3)


def test_the_highest_pixel_of_a_wide_filter_is_the_mean_over_its_photons():
    points = Sampling(0.0175797, 0.0)
    band = flat_band("wide", 600, 1000)
    one = monochromatic("one", band.effective_nm)
    assert peak_per_flux(KITT_PEAK, band, points) == pytest.approx(peak_per_flux(KITT_PEAK, one, points), rel=1e-9)
    expected = KITT_PEAK.area_m2 * (0.0175797 * ARCSEC) ** 2 / (600e-9 * 1000e-9)
    assert peak_per_flux(KITT_PEAK, band, points) == pytest.approx(expected, rel=1e-5)


def test_the_light_outside_is_what_the_inside_leaves():
    band = KNOWN_FILTERS["Si"]  # its wavelengths wash the rings out
    image = model_image(KITT_PEAK, band, Sampling(PIXEL_ARCSEC, PIXEL_ARCSEC), shape=(201, 201), centre_yx=(100, 100))
    y, x = np.indices(image.shape) - 100
    inside = image[np.hypot(y, x) * PIXEL_ARCSEC < 3].sum()
    assert share_outside(KITT_PEAK, band, 3.0) == pytest.approx(1 - inside, rel=0.01)
