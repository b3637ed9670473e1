import numpy as np
import pytest

from pipeline.arrays.limb import FoundDisc, find_disc
from pipeline.arrays.sharpness import gradient_energy, sharpness
from tests.pipeline.arrays.stars import read
from tests.pipeline.arrays.test_limb import planet

BLURS = (1.5, 2.5, 4.0, 6.0)


def seen(blur, *, level=100.0, rng=None):
    image = planet(centre_yx=(96, 96), level=level, sky=0, blur=blur)
    return image if rng is None else read(image, rng=rng)


@pytest.mark.parametrize("measure", [sharpness, gradient_energy])
def test_the_softer_the_image_the_less_sharp(measure):
    values = [measure(seen(blur), find_disc(seen(blur))) for blur in BLURS]
    assert (np.diff(values) < 0).all()


@pytest.mark.parametrize("measure", [sharpness, gradient_energy])
def test_a_brighter_planet_is_as_sharp(measure):
    place = FoundDisc((96.0, 96.0), 40.0, 0.0)
    assert measure(seen(2.5, level=700), place) == pytest.approx(measure(seen(2.5), place), rel=1e-4)


def test_noise_is_not_taken_for_sharpness():
    rng = np.random.default_rng(1)
    place = FoundDisc((96.0, 96.0), 40.0, 0.0)
    noisy = np.mean([sharpness(seen(4.0, level=30, rng=rng), place) for _ in range(20)])
    assert noisy == pytest.approx(sharpness(seen(4.0, level=30), place), rel=0.1)
