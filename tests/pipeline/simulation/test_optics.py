from dataclasses import replace

import numpy as np
import pytest
from scipy.special import j1

from pipeline.simulation.detector import pixel_image
from pipeline.simulation.optics import ARCSEC, KITT_PEAK, PALOMAR, ideal_image, images_of, pupil_of

PIXEL_LOSS = {"Sg": 0.195, "Sr": 0.12, "Si": 0.081, "Sz": 0.059}  # of the peak at Kitt Peak: the specification, 2.2
TABLE_WAVELENGTHS_NM = {"Sg": 482.0, "Sr": 622.0, "Si": 760.0, "Sz": 890.0}  # at which those hold


def annular_airy(optics, y_rad, x_rad):
    """Light per sample of a fine image at points, of total flux 1: the textbook's formula."""
    ratio = optics.obstruction_m / optics.primary_m
    v = np.maximum(np.pi * optics.primary_m * np.hypot(y_rad, x_rad) / optics.wavelength_m, 1e-9)
    amplitude = (2 * j1(v) / v - ratio**2 * 2 * j1(ratio * v) / (ratio * v)) / (1 - ratio**2)
    return optics.ideal_peak * amplitude**2


@pytest.mark.parametrize("telescope", [KITT_PEAK, PALOMAR], ids=lambda telescope: telescope.name)
@pytest.mark.parametrize(("filter_name", "n", "bound"), [("Sg", 512, 1e-3), ("Si", 512, 2e-3), ("Sz", 256, 3e-3)])
def test_the_ideal_image_is_the_annular_airy_pattern(telescope, filter_name, n, bound):
    optics = telescope.optics(filter_name)
    image = ideal_image(optics, n)
    y, x = (np.indices(image.shape) - n // 2) * optics.sample_rad
    airy = annular_airy(optics, y, x)
    assert np.abs(image - airy).max() < bound * optics.ideal_peak
    assert image.max() == pytest.approx(optics.ideal_peak, rel=5e-4)
    assert image.sum() == pytest.approx(1, abs=1e-5)
    assert np.unravel_index(image.argmax(), image.shape) == (n // 2, n // 2)


@pytest.mark.parametrize("filter_name", PIXEL_LOSS)
def test_the_pixel_takes_from_the_peak_what_the_integral_over_it_says(filter_name):
    optics = replace(KITT_PEAK.optics(filter_name), wavelength_nm=TABLE_WAVELENGTHS_NM[filter_name])
    inside = (np.arange(40) + 0.5) / 40 - 0.5
    y, x = np.meshgrid(inside, inside) * np.array(optics.pixel_arcsec * ARCSEC)
    share = annular_airy(optics, y, x).mean() / optics.ideal_peak
    peak = pixel_image(ideal_image(optics, 512), size_px=64, centre_yx=(32, 32))[32, 32]
    assert peak / (4 * optics.ideal_peak) == pytest.approx(share, rel=1e-3)
    assert 1 - share == pytest.approx(PIXEL_LOSS[filter_name], abs=0.004)


def test_a_plane_wave_that_comes_in_aslant_moves_the_image_by_its_angle():
    optics, n = KITT_PEAK.optics("Si"), 256
    pupil = pupil_of(optics, n)
    angle_rad = 6 * optics.sample_rad
    phase = 2 * np.pi * angle_rad * pupil.x_m / optics.wavelength_m
    field = np.where(pupil.is_open, np.exp(1j * phase), 0)[np.newaxis].astype(np.complex64)
    moved = images_of(field, n)[0]
    assert np.abs(moved - np.roll(ideal_image(optics, n), 6, axis=1)).max() < 1e-5


def test_a_pixel_too_large_for_the_telescope_is_refused():
    with pytest.raises(ValueError, match="pixels are too large"):
        pupil_of(replace(KITT_PEAK.optics("Sg"), pixel_arcsec=0.09), 256)
