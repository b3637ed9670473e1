import numpy as np
import pytest

from pipeline.arrays.registration import register
from pipeline.arrays.self_noise import self_noise_of
from pipeline.simulation.scene import random_shifts
from tests.pipeline.arrays.stars import read, stars

SHAPE = (128, 128)


def measured(flux, *, sky=1.0, n=80):
    rng = np.random.default_rng(1)
    cube = read(stars(SHAPE, shifts_yx=random_shifts(n, rms_px=2, rng=rng), flux=flux, sky=sky), rng=rng) - np.float32(
        sky
    )
    found = register(cube)
    return self_noise_of(cube, found, is_used=found.is_trusted)


def test_the_peak_of_a_bright_star_is_its_own():
    assert measured(5000) == pytest.approx(1, abs=0.02)


def test_a_star_made_of_noise_is_told():
    assert measured(0) > 1.8


def test_it_grows_as_the_light_fails():
    assert measured(20) > measured(60) > measured(300) > 1
