import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.survey import find_lock, sample_mean, survey
from tests.pipeline.arrays.stars import read, star, stars

SHAPE = (160, 200)


def field(n=20, *, flux=500, seed=1):
    rng = np.random.default_rng(seed)
    light = stars(SHAPE, shifts_yx=rng.normal(0, 2, (n, 2)), flux=flux, sky=1.0, centre_yx=(70, 120))
    return read(light + star(SHAPE, centre_yx=(110, 60), flux=flux / 3), rng=rng)


def test_the_brightest_star_is_the_lock():
    assert find_lock(field()) == pytest.approx((70, 120), abs=2)


def test_or_the_brightest_near_a_place():
    assert find_lock(field(), near_yx=(105, 65), radius_px=20) == pytest.approx((110, 60), abs=2)


def test_a_particle_and_a_slope_are_no_star():
    frames = field(flux=300)
    frames[3, 100, 100] += 3e4
    frames += np.linspace(0, 30, SHAPE[1], dtype=np.float32)
    assert find_lock(frames) == pytest.approx((70, 120), abs=2)


def test_stars_at_the_very_edge_are_not_taken():
    frames = field(flux=300) + star(SHAPE, centre_yx=(5, 100), flux=9e4)
    assert find_lock(frames)[0] >= 24


def test_frames_without_a_value_have_no_star():
    with pytest.raises(UsageError, match="all are saturated"):
        find_lock(np.full((3, *SHAPE), np.nan, dtype=np.float32))


def test_nowhere_to_search_is_refused():
    with pytest.raises(UsageError, match="give another place"):
        find_lock(field(3), near_yx=(-50, -50), radius_px=10)


def test_at_most_64_frames_are_read_for_the_lock():
    asked = []

    class Frames:
        def __len__(self):
            return 1000

        def __getitem__(self, number):
            asked.append(number)
            return np.full((64, 64), number, dtype=np.float32)

    sample_mean(Frames())
    assert len(set(asked)) <= 65  # and once more for the shape
    assert (min(asked), max(asked)) == (0, 999)


def test_a_survey_gives_windows_mean_and_what_is_usual():
    frames = field()
    frames[4, 75, 125] += 5000
    seen = survey(frames, lock_yx=(70, 120), half_px=40)
    np.testing.assert_allclose(seen.mean, frames.mean(axis=0), rtol=1e-4)
    assert seen.windows.pixels.shape == (20, 80, 80)
    assert seen.windows.pixels[4, 45, 45] < 100  # the particle is gone
    assert seen.windows.sky_electron.mean() == pytest.approx(1, abs=0.1)
