import numpy as np
import pytest

from pipeline.arrays import fourier
from pipeline.arrays.correlation import Correlator, Prior
from tests.pipeline.arrays.stars import star

HALF = 48
SHAPE = (2 * HALF, 2 * HALF)


@pytest.fixture(scope="module")
def correlator():
    return Correlator(half_px=HALF, radius_px=20, smoothing_px=1.5)


@pytest.fixture(scope="module")
def template(correlator):
    return correlator.template_of(star(SHAPE, centre_yx=(HALF, HALF)))


def frame(*, at, flux, noise=1.0, seed=1):
    pixels = star(SHAPE, centre_yx=(HALF + at[0], HALF + at[1]), flux=flux)
    return (pixels + np.random.default_rng(seed).normal(0, noise, SHAPE)).astype(np.float32)


def find(correlator, template, pixels, prior=None):
    return correlator.find(fourier.transform_of(pixels), template, prior)


def test_a_star_is_found_between_pixels(correlator, template):
    found = find(correlator, template, frame(at=(-7.3, 11.6), flux=1000, noise=0.01))
    assert found.shift_yx == pytest.approx((-7.3, 11.6), abs=5e-3)
    assert not found.is_at_edge


def test_the_snr_is_that_of_a_matched_filter(correlator, template):
    # A Gaussian of 1.3 px behind filters of 1.3 and 1.5 px: the noise behind both, and the star's top.
    kernel = np.hypot(1.3, 1.5)
    noise = 1 / np.sqrt(4 * np.pi * kernel**2)
    top = 200 / (2 * np.pi * (kernel**2 + 1.3**2))
    snr = [find(correlator, template, frame(at=(0, 0), flux=200, seed=seed)).snr for seed in range(60)]
    assert np.mean(snr) == pytest.approx(top / noise, rel=0.05)


def test_blank_sky_shows_what_chance_can_do(correlator, template):
    found = [find(correlator, template, frame(at=(0, 0), flux=0, seed=seed)) for seed in range(30)]
    assert 2.5 < np.median([one.chance_snr for one in found]) < 4.5
    assert np.median([one.snr for one in found]) == pytest.approx(np.median([one.chance_snr for one in found]), abs=0.6)


def test_what_lies_beyond_the_search_is_not_found_and_its_flank_is_told_to_be_at_the_edge(correlator, template):
    assert find(correlator, template, frame(at=(0, 21), flux=1e4)).is_at_edge
    assert find(correlator, template, frame(at=(0, 21), flux=1e4)).shift_yx[1] < 21


def test_a_prior_prefers_the_expected_place_when_there_is_little_to_choose(correlator, template):
    pixels = frame(at=(2, 3), flux=60, noise=0.01) + frame(at=(-12, 5), flux=66, noise=0.01)
    assert find(correlator, template, pixels).shift_yx == pytest.approx((-12, 5), abs=0.1)
    noisy = pixels + np.random.default_rng(3).normal(0, 1, SHAPE).astype(np.float32)
    prior = Prior(np.array([0.0, 0.0]), width_px=3.0, typical_snr=6.0)
    assert find(correlator, template, noisy, prior).shift_yx == pytest.approx((2, 3), abs=1.0)


def test_a_bright_star_is_where_it_is_whatever_is_expected(correlator, template):
    prior = Prior(np.array([0.0, 0.0]), width_px=1.0, typical_snr=60.0)
    assert find(correlator, template, frame(at=(-12.4, 5.2), flux=3000), prior).shift_yx == pytest.approx(
        (-12.4, 5.2), abs=0.15
    )


def test_a_window_without_anything_does_no_harm(correlator, template):
    found = find(correlator, template, np.zeros(SHAPE, np.float32))
    assert found.snr == 0
