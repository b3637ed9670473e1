import numpy as np
import pytest

from pipeline.arrays.quality import box_half_px, peak_over_flux, star_flux
from pipeline.arrays.windows import cut_windows, window_around
from tests.pipeline.arrays.stars import read, stars

SHAPE = (256, 256)
SHIFTS = np.random.default_rng(1).uniform(-6, 6, (12, 2))
LOCK = window_around(SHAPE, lock_yx=(128, 128))


def test_the_box_of_three_arcsec_has_85_pixels_at_kitt_peak():
    assert 2 * box_half_px(0.0351594) + 1 == 85


def test_the_quality_is_peak_over_flux_wherever_the_star_falls_on_its_pixels():
    windows = cut_windows(stars(SHAPE, shifts_yx=SHIFTS, flux=5e4, sky=9), LOCK)
    quality = peak_over_flux(windows, SHIFTS, half_px=42)
    np.testing.assert_allclose(quality, 1 / (2 * np.pi * 1.3**2), rtol=2e-3)


def test_a_sharper_star_has_more_of_it():
    widths = (1.2, 1.5, 2.0, 3.0)
    frames = np.concatenate([stars(SHAPE, shifts_yx=SHIFTS[:1], flux=5e4, sky=9, sigma_px=width) for width in widths])
    quality = peak_over_flux(cut_windows(frames, LOCK), SHIFTS[[0, 0, 0, 0]], half_px=42)
    assert (np.diff(quality) < 0).all()


def test_without_light_there_is_no_quality():
    frames = stars(SHAPE, shifts_yx=SHIFTS[:2], flux=-1000, sky=9)
    assert np.isnan(peak_over_flux(cut_windows(frames, LOCK), SHIFTS[:2], half_px=42)).all()


def test_the_light_of_a_faint_star_is_found_over_all_frames():
    rng = np.random.default_rng(2)
    shifts = rng.normal(0, 2, (150, 2))
    windows = cut_windows(read(stars(SHAPE, shifts_yx=shifts, flux=300, sky=0.5), rng=rng), LOCK)
    is_used = np.arange(150) % 3 > 0
    scatter = np.sqrt(2 * (0.5 * 85**2 + 300) / 100)
    assert star_flux(windows, shifts, is_used=is_used, half_px=42) == pytest.approx(300, abs=4 * scatter)
