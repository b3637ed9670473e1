import numpy as np
import pytest

from pipeline.arrays import fourier
from pipeline.arrays.likelihood import Noise, Place, StarLikelihood
from tests.pipeline.arrays.stars import SIGMA_PX, read, star

SHAPE, HALF = (64, 64), 32
UNKNOWN = Place((0.0, 0.0), 1e6)
ONES = np.ones(SHAPE, dtype=np.float32)


def likelihood(*, blank=1.0, per_electron=0.0):
    return StarLikelihood(SHAPE, radius_px=20, taper=ONES, noise=Noise(blank, per_electron))


def place(light, frame, expected=UNKNOWN, **noise):
    looked = likelihood(**noise)
    return looked.place(fourier.transform_of(frame), looked.template_of(light), expected)


def of_star(flux, at=(0.0, 0.0), sigma_px=SIGMA_PX):
    return star(SHAPE, centre_yx=(HALF + at[0], HALF + at[1]), flux=flux, sigma_px=sigma_px)


def test_the_variance_of_a_place_is_that_of_the_best_estimator():
    """Of white noise of variance 1: that over the sum of the squared slopes, flux² / (8 π s⁴) for a Gaussian.

    The template is smoothed by 0.7 px, which costs a tenth of what the star tells.
    """
    flux = 400.0
    found = place(of_star(flux), of_star(flux, (3.3, -5.2)))
    assert found.mean_yx == pytest.approx((3.3, -5.2), abs=0.01)
    best = 8 * np.pi * SIGMA_PX**4 / flux**2
    assert best < found.variance_px2 < 2 * best


def test_the_variance_is_the_scatter_of_the_places():
    """400 places tell their own scatter to 3.5 % (one sigma). The star is so wide that smoothing widens it by 3 %."""
    flux, sky = 1500.0, 2.0
    rng = np.random.default_rng(1)
    light = of_star(flux, sigma_px=3.0)
    frames = [read(light + sky, rng=rng) - np.float32(sky) for _ in range(200)]
    found = [place(light, frame, blank=2 * sky, per_electron=2.0) for frame in frames]
    stated = np.mean([one.variance_px2 for one in found])
    assert np.array([one.mean_yx for one in found]).std() == pytest.approx(np.sqrt(stated), rel=3 * 0.035)


def test_without_light_a_star_is_where_it_is_expected():
    """Places less likely than e^-10 are left out: 0.01 % of a normal distribution."""
    found = place(of_star(100), np.zeros(SHAPE, np.float32), Place((2.0, -1.0), 4.0))
    assert found.mean_yx == pytest.approx((2, -1), abs=1e-3)
    assert found.variance_px2 == pytest.approx(4, rel=5e-3)


def test_what_is_seen_and_what_is_expected_weigh_as_they_are_sure():
    flux = 200.0
    seen = place(of_star(flux), of_star(flux, (0.1, 0.0)))
    found = place(of_star(flux), of_star(flux, (0.1, 0.0)), Place((0.0, 0.0), seen.variance_px2))
    assert found.mean_yx[0] == pytest.approx(0.05, abs=0.002)
    assert found.variance_px2 == pytest.approx(seen.variance_px2 / 2, rel=0.02)


def test_a_frame_of_nothing_at_all_does_no_harm():
    nothing = np.zeros(SHAPE, np.float32)
    found = place(nothing, nothing, Place((0.0, 0.0), 1.0), blank=0.0)
    assert found.mean_yx == pytest.approx((0, 0), abs=1e-6)
