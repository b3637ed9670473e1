import numpy as np
import pytest

from pipeline.arrays.continuity import expected_places, jumps


def drift(n=60):
    return np.outer(np.arange(n), (0.3, -0.2)) + np.random.default_rng(1).normal(0, 0.2, (n, 2))


def test_a_drift_is_expected_to_go_on():
    expected = expected_places(drift())
    true = np.outer(np.arange(60), (0.3, -0.2))
    assert np.abs(expected.places_yx - true)[3:-3].max() < 0.6
    assert expected.width_px < 0.6


def test_jitter_that_forgets_itself_is_expected_about_its_middle():
    jitter = np.random.default_rng(2).normal((5, 7), 3, (200, 2))
    expected = expected_places(jitter)
    np.testing.assert_allclose(expected.places_yx, np.broadcast_to(np.median(jitter, axis=0), (200, 2)))
    assert expected.width_px == pytest.approx(3, rel=0.2)


def test_a_frame_that_jumps_is_told_from_its_neighbours():
    shifts = drift()
    shifts[20] += (9, 0)
    shifts[41:43] -= (0, 7)
    assert np.flatnonzero(jumps(shifts, expected_places(shifts))).tolist() == [20, 41, 42]


def test_wide_jitter_holds_no_jump():
    jitter = np.random.default_rng(3).normal(0, 3, (300, 2))
    assert not jumps(jitter, expected_places(jitter)).any()


@pytest.mark.parametrize("n", [1, 2, 4, 5])
def test_few_frames_are_expected_somewhere(n):
    shifts = drift(n)
    expected = expected_places(shifts)
    assert expected.places_yx.shape == (n, 2)
    assert not jumps(shifts, expected).any()
