import numpy as np
import pytest

from pipeline.arrays.lineplot import LINE, Axis, draw_line, spectral_axis


def test_wavelengths_follow_the_header():
    cards = {"CTYPE1": "LINEAR", "CRVAL1": 3306.0, "CD1_1": 2.5, "CRPIX1": 1.0, "CUNIT1": "Angstrom"}
    values, name = spectral_axis(5, cards)
    np.testing.assert_allclose(values, [3306, 3308.5, 3311, 3313.5, 3316])
    assert name == "wavelength, Angstrom"


def test_logarithmic_wavelengths_of_iraf_are_undone():
    cards = {"CTYPE1": "LINEAR", "CRVAL1": 3.0, "CDELT1": 1.0, "DC-FLAG": 1, "WAT1_001": "label=Wavelength units=nm"}
    values, name = spectral_axis(3, cards)
    np.testing.assert_allclose(values, [1e3, 1e4, 1e5])
    assert name == "wavelength, nm"


@pytest.mark.parametrize(
    "cards", [{}, {"CTYPE1": "RA---TAN", "CRVAL1": 5.0, "CD1_1": 1.0}, {"CTYPE1": "WAVE", "CRVAL1": 4.0}]
)
def test_without_wavelengths_the_axis_counts_pixels_from_one(cards):
    values, name = spectral_axis(3, cards)
    np.testing.assert_array_equal(values, [1, 2, 3])
    assert name == "pixel"


def test_ticks_are_round_and_within_the_range():
    assert Axis(3306.0, 10196.0, 0, 100).ticks(4) == [4000.0, 6000.0, 8000.0, 10000.0]
    assert Axis(-0.03, 0.11, 0, 100).ticks(3) == pytest.approx([0.0, 0.05, 0.1])


def test_a_rising_line_rises_from_left_to_right():
    plot = draw_line(np.linspace(0, 1, 500), {}, width_px=400)
    rows, columns = np.nonzero(plot == LINE)
    left, right = rows[columns < np.percentile(columns, 10)], rows[columns > np.percentile(columns, 90)]
    assert left.mean() > right.mean() + 100  # row 0 is the top


def test_one_cosmic_ray_does_not_flatten_the_spectrum():
    flux = np.tile([0.0, 1.0], 1000)
    flux[700] = 1e7
    rows, _ = np.nonzero(draw_line(flux, {}, width_px=400) == LINE)
    assert np.ptp(rows) > 100


@pytest.mark.parametrize(
    "flux",
    [np.full(50, np.nan), np.full(50, 3.0), np.where(np.arange(50) % 7 == 0, np.nan, np.arange(50.0)), np.ones(2)],
)
def test_gaps_and_constants_are_drawn_without_an_error(flux):
    assert draw_line(flux, {}, width_px=256).shape == (154, 256)


def test_a_spectrum_of_many_pixels_is_drawn():
    assert (draw_line(np.sin(np.arange(300_000) / 3e4), {}, width_px=256) == LINE).any()
