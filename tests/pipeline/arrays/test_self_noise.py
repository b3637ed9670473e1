from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from pipeline.arrays.registration import register
from pipeline.arrays.self_noise import self_noise_of
from pipeline.simulation.scene import random_shifts
from tests.pipeline.arrays.stars import read, star, stars

SHAPE = (128, 128)
REACH_PX = 20


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
    """Frames moved by their own highest noise, as a match of each would have it."""
    cube = read(np.full((80, *SHAPE), 1.0), rng=np.random.default_rng(1)) - np.float32(1)
    middle = slice(SHAPE[0] // 2 - REACH_PX, SHAPE[0] // 2 + REACH_PX + 1)
    smooth = [ndimage.gaussian_filter(frame, 1.5)[middle, middle] for frame in cube]
    highest = np.array([np.unravel_index(np.argmax(near), near.shape) for near in smooth]) - float(REACH_PX)
    found = register(cube)
    shape = found.template.shape
    round_star = star(shape, centre_yx=(shape[0] // 2, shape[1] // 2), flux=10)
    found = replace(found, shifts_yx=highest, template=round_star)
    assert self_noise_of(cube, found, is_used=np.ones(len(cube), dtype=bool)) > 1.8


def test_it_grows_as_the_light_fails():
    assert measured(20) > measured(60) > measured(300) > 1
