import numpy as np
import pytest
from scipy.special import erf

from pipeline.simulation.detector import exposed, pixel_image

SIGMA_PX = 2.0
N = 256


def gaussian_fine_image():
    place = (np.arange(N) - N // 2) / 2 / SIGMA_PX
    profile = np.exp(-(place**2) / 2)
    image = np.outer(profile, profile)
    return (image / image.sum()).astype(np.float32)


def gaussian_in_pixels(size_px, centre_yx):
    """Integral of a Gaussian over each pixel, by the error function."""
    edges = np.arange(size_px + 1) - 0.5
    y, x = (np.diff(erf((edges - centre) / SIGMA_PX / np.sqrt(2))) / 2 for centre in centre_yx)
    return np.outer(y, x)


@pytest.mark.parametrize("size_px", [64, 128, 200])
@pytest.mark.parametrize("offset_yx", [(0, 0), (0.5, -0.25), (7.31, -12.84), (-20.5, 3.0)])
def test_a_star_falls_exactly_where_it_is_told_to_and_its_pixels_hold_the_integral(size_px, offset_yx):
    centre = (size_px // 2 + offset_yx[0], size_px // 2 + offset_yx[1])
    image = pixel_image(gaussian_fine_image(), size_px=size_px, centre_yx=centre)
    truth = gaussian_in_pixels(size_px, centre)
    assert image.dtype == np.float32
    assert np.abs(image - truth).max() < 2e-5 * truth.max()


@pytest.mark.parametrize("centre_yx", [(3.0, 100.0), (-4.0, 210.0), (400.0, 400.0)])
def test_what_lies_outside_the_frame_is_lost(centre_yx):
    image = pixel_image(gaussian_fine_image(), size_px=200, centre_yx=centre_yx)
    assert np.abs(image - gaussian_in_pixels(200, centre_yx)).max() < 1e-6


@pytest.mark.parametrize("light", [0.3, 5.0, 400.0])
def test_multiplication_keeps_the_mean_and_doubles_the_variance(light):
    electrons = exposed(np.full((500, 500), light, dtype=np.float32), rng=np.random.default_rng(8), read_noise=0.1)
    variance = 2 * light + 0.01
    assert electrons.mean() == pytest.approx(light, abs=4 * np.sqrt(variance / electrons.size))
    assert electrons.var() / light == pytest.approx(variance / light, rel=0.03)


def test_where_no_light_falls_only_the_reading_makes_noise():
    electrons = exposed(np.zeros((300, 300), dtype=np.float32), rng=np.random.default_rng(9))
    assert electrons.std() == pytest.approx(0.1, rel=0.02)
    assert np.abs(electrons.mean()) < 0.002
