import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.limb import find_disc
from pipeline.arrays.sharpness import gradient_energy
from pipeline.arrays.wavelet import sharpened, starlet
from tests.pipeline.arrays.test_limb import planet


def test_the_scales_add_up_to_the_image():
    image = np.random.default_rng(1).normal(10, 3, (40, 50)).astype(np.float32)
    planes = starlet(image, n_scales=4)
    assert planes.shape == (5, 40, 50)
    np.testing.assert_allclose(planes.sum(axis=0), image, atol=1e-4)


def test_details_of_each_size_are_in_their_own_scale():
    y, x = np.indices((128, 128))
    for scale, period in enumerate((3, 6, 12, 24)):
        wave = np.sin(2 * np.pi * x / period).astype(np.float32) + 0 * y
        power = starlet(wave, n_scales=5)[:-1].std(axis=(1, 2))
        assert int(np.argmax(power)) == scale


def test_gains_of_one_change_nothing_and_a_level_never_changes():
    image = planet(centre_yx=(96, 96))
    np.testing.assert_allclose(sharpened(image, gains=(1, 1, 1)), image, atol=1e-3)
    np.testing.assert_allclose(sharpened(np.full((30, 30), 7, np.float32)), 7, rtol=1e-5)


def test_a_planet_gets_sharper():
    image = planet(centre_yx=(96, 96), blur=2.5, sky=0)
    place = find_disc(image)
    assert gradient_energy(sharpened(image), place) > 1.3 * gradient_energy(image, place)


def test_gaps_stay_gaps():
    image = np.ones((30, 30), np.float32)
    image[3, 4] = np.nan
    assert np.argwhere(np.isnan(sharpened(image))).tolist() == [[3, 4]]


@pytest.mark.parametrize("gains", [(-1.0,), (np.nan, 1.0), (np.inf,)])
def test_gains_that_make_no_sense_are_refused(gains):
    with pytest.raises(UsageError, match="zero upwards"):
        sharpened(np.ones((30, 30), np.float32), gains=gains)
