import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.limb import FoundDisc
from pipeline.arrays.planetary import stack_planet
from pipeline.arrays.rejection import Reason
from pipeline.arrays.sharpness import gradient_energy
from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.planet import Disc, planet_cube

N_FRAMES, SIZE = 20, 160


def simulated(seed=1):
    rng = np.random.default_rng(seed)
    shifts = rng.uniform(-8, 8, (N_FRAMES, 2))
    return planet_cube(
        KITT_PEAK.optics(),
        disc=Disc(30),
        size_px=SIZE,
        flux_electron=3e5,
        shifts_px_yx=shifts,
        rng=rng,
        sky_electron_px=2.0,
        n=512,
    )


@pytest.fixture(scope="module")
def planet():
    made = simulated()
    return made, stack_planet(made.cube, time_mjd=60000 + np.arange(N_FRAMES) / 1e6)


def energy(found, name):
    place = FoundDisc(found.centre_yx, found.radius_px, 0.0)
    return gradient_energy(np.nan_to_num(found.stacks[name].raw), place)


def test_sharper_frames_make_a_sharper_stack(planet):
    _, found = planet
    assert {name: stack.n_frames for name, stack in found.stacks.items()} == {"100p": 20, "50p": 10, "20p": 4, "5p": 1}
    assert energy(found, "20p") > 1.2 * energy(found, "100p")
    assert energy(found, "50p") > energy(found, "100p")


def test_the_ranking_is_that_of_the_air(planet):
    made, found = planet
    ranks = [np.argsort(np.argsort(values)) for values in (found.table.quality, made.strehls)]
    assert np.corrcoef(ranks)[0, 1] > 0.85


def test_the_disc_lies_where_it_says(planet):
    made, found = planet
    errors = found.table.shifts_yx - made.shifts_yx
    # Speckles move the image itself by half a pixel, which the true shifts do not hold.
    assert (errors - errors.mean(axis=0)).std() < 0.8
    assert found.centre_yx == pytest.approx((80, 80), abs=6)
    assert found.radius_px == pytest.approx(30, rel=0.1)
    assert found.stacks["100p"].fine.shape == (2 * SIZE, 2 * SIZE)


def test_frames_without_the_planet_or_with_saturated_pixels_are_left_out_and_told():
    made = simulated()
    frames = made.cube.copy()
    frames[2] = np.random.default_rng(2).normal(2, 1, frames[2].shape)
    y, x = np.round(80 + made.shifts_yx[5]).astype(int)
    frames[5, y, x] = np.nan
    frames[6] = np.nan
    found = stack_planet(frames)
    faulty = {number: reason for number, reason in enumerate(found.table.reasons) if reason}
    assert faulty == {2: Reason.NO_DISC.value, 5: Reason.SATURATED.value, 6: Reason.EMPTY.value}
    assert found.stacks["100p"].n_frames == N_FRAMES - 3
    assert np.isfinite(found.stacks["5p"].raw[40:-40, 40:-40]).all()


def test_a_cube_without_a_planet_is_refused():
    noise = np.random.default_rng(3).normal(2, 1, (10, SIZE, SIZE)).astype(np.float32)
    with pytest.raises(UsageError, match="Is it a planet"):
        stack_planet(noise)
