import numpy as np
import pytest

from pipeline.arrays import robust
from pipeline.arrays.robust import clipped_mean, clipped_mean_of_frames, robust_sigma
from tests.pipeline.arrays.stars import read


def test_the_robust_width_is_the_standard_deviation_of_normal_values():
    values = np.random.default_rng(1).normal(5, 3, 100_000)
    values[:1000] = 1e6
    values[1000] = np.nan
    assert robust_sigma(values) == pytest.approx(3, rel=0.03)
    assert robust_sigma(np.array([np.nan])) == 0


def test_wild_values_and_gaps_do_not_move_the_clipped_mean():
    values = np.random.default_rng(2).normal(5, 1, 10_000)
    values[:20] = 1e4
    values[20:40] = np.nan
    assert clipped_mean(values, clip_sigma=5) == pytest.approx(5, abs=0.05)
    assert np.isnan(clipped_mean(np.array([np.nan]), clip_sigma=5))


def test_the_sky_of_mostly_empty_pixels_is_not_clipped_away():
    frame = read(np.full((300, 300), 0.3), rng=np.random.default_rng(3))
    assert clipped_mean(frame, clip_sigma=10) == pytest.approx(0.3, abs=0.01)


def cube():
    return np.random.default_rng(4).normal(100, 2, (12, 20, 30)).astype(np.float32)


def test_a_particle_in_one_frame_leaves_no_trace_in_the_mean_of_all():
    frames = cube()
    clean = clipped_mean_of_frames(frames, clip_sigma=5)
    frames[7, 3, 4] += 5000
    hit = clipped_mean_of_frames(frames, clip_sigma=5)
    assert abs(hit[3, 4] - 100) < 3 * 2 / np.sqrt(11)
    clean[3, 4] = hit[3, 4]
    np.testing.assert_allclose(hit, clean, atol=0.05)


def test_the_mean_of_frames_is_the_plain_mean_where_nothing_is_wild():
    np.testing.assert_allclose(clipped_mean_of_frames(cube(), clip_sigma=50), cube().mean(axis=0), rtol=1e-6)


def test_pixels_without_a_value_are_left_out_and_those_that_never_have_one_are_nan():
    frames = cube()
    frames[:5, 2, 2] = np.nan
    frames[:, 0, 0] = np.nan
    mean = clipped_mean_of_frames(frames, clip_sigma=50)
    assert mean[2, 2] == pytest.approx(frames[5:, 2, 2].mean(), rel=1e-6)
    assert np.isnan(mean[0, 0])
    assert np.isfinite(mean).sum() == mean.size - 1


def test_bands_of_rows_give_what_the_whole_gives(monkeypatch):
    frames = cube()
    frames[3, 10, 10] = 9e4
    whole = clipped_mean_of_frames(frames, clip_sigma=5)
    monkeypatch.setattr(robust, "BAND_VALUES", 12 * 30 * 20)
    np.testing.assert_array_equal(clipped_mean_of_frames(frames, clip_sigma=5), whole)
