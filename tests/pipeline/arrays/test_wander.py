import numpy as np
import pytest

from pipeline.arrays.wander import Sightings, Wander, expected_by_others, wander_of
from pipeline.simulation.scene import random_shifts

WANDER = Wander(np.array([3.0, -2.0]), width_px=2.5, memory=0.8)


def sightings(n, *, variance):
    rng = np.random.default_rng(4)
    places = WANDER.middle_yx + random_shifts(n, rms_px=WANDER.width_px, rng=rng, memory=WANDER.memory)
    return Sightings(places + rng.normal(0, np.sqrt(variance), (n, 2)), np.full(n, variance))


def conditional(seen, number):
    """Mean and variance of one place given all others, by the covariance of all: a few dozen lines of algebra less."""
    apart = np.abs(np.subtract.outer(np.arange(len(seen.places_yx)), np.arange(len(seen.places_yx))))
    covariance = WANDER.width_px**2 * WANDER.memory**apart
    others = np.isfinite(seen.variance_px2) & (np.arange(len(apart)) != number)
    among = covariance[np.ix_(others, others)] + np.diag(seen.variance_px2[others])
    weights = np.linalg.solve(among, covariance[others, number])
    mean = WANDER.middle_yx + weights @ (seen.places_yx[others] - WANDER.middle_yx)
    return mean, covariance[number, number] - weights @ covariance[others, number]


@pytest.mark.parametrize("number", [0, 7, 19])
def test_a_place_is_expected_as_the_covariance_of_all_places_has_it(number):
    seen = sightings(20, variance=1.5)
    seen.variance_px2[11] = np.inf
    seen.places_yx[11] = 1e6
    found = expected_by_others(seen, WANDER)
    mean, variance = conditional(seen, number)
    assert found.places_yx[number] == pytest.approx(mean, rel=1e-9)
    assert found.variance_px2[number] == pytest.approx(variance, rel=1e-9)


def test_the_wander_is_found_from_the_places():
    """Widths are tried in steps of 1.41, so half of one is 0.19; 2000 frames that remember tell 2.4 % (one sigma)."""
    found = wander_of(sightings(2000, variance=1.0), WANDER.middle_yx)
    assert found.memory == WANDER.memory
    assert found.width_px == pytest.approx(WANDER.width_px, rel=0.19 + 3 * 0.024)


def test_jitter_remembers_nothing():
    places = np.random.default_rng(1).normal(0, 2, (500, 2))
    assert wander_of(Sightings(places, np.full(500, 0.1)), np.zeros(2)).memory == 0
