import numpy as np
import pytest

from pipeline.figures.seeing import seeing_figure
from tests.pipeline.figures.pictures import opened


def star(width=20.0):
    y, x = np.indices((151, 151)) - 75.0
    return 4000 * np.exp(-(y**2 + x**2) / (2 * width**2))


def figure(data, model):
    return seeing_figure(data, model, scale_arcsec=0.035, caption="Si", remark="FWHM", description="a star")


def panels(picture):
    return [part.astype(int) for part in np.array_split(opened(picture), 3, axis=1)]


@pytest.fixture
def noise():
    return np.random.default_rng(1).normal(0, 20, (151, 151))


def test_data_and_model_are_shown_alike(noise):
    data, model, _ = panels(figure(star() + noise, star()))
    middle = np.s_[200:400, 200:400]
    assert np.abs(data[middle].mean(axis=(0, 1)) - model[middle].mean(axis=(0, 1))).max() < 6


def test_what_a_good_model_leaves_is_noise_alone(noise):
    *_, left = panels(figure(star() + noise, star()))
    inside, outside = left[250:350, 250:350], left[100:200, 100:200]
    assert inside.mean() == pytest.approx(outside.mean(), rel=0.15)


@pytest.mark.parametrize(("width", "colour"), [(22.0, 0), (18.0, 2)])
def test_too_little_model_is_red_and_too_much_is_blue(noise, width, colour):
    *_, left = panels(figure(star(width) + noise, star()))
    ring = left[300, 150:230]  # beside the middle, where the widths tell
    assert ring[:, colour].mean() > ring[:, 2 - colour].mean() + 20


def test_the_figure_is_1800_by_600_and_always_the_same(noise):
    made = figure(star() + noise, star())
    assert opened(made).shape == (600, 1800, 3)
    assert made == figure(star() + noise, star())


def test_missing_pixels_and_a_perfect_fit_do_no_harm():
    data = star()
    data[:30] = np.nan
    assert opened(figure(data, star())).shape == (600, 1800, 3)
