import numpy as np
import pytest

from pipeline.simulation.camera import FAST, FAST_SUBARRAY, SLOW, Camera, Readout

CAMERA = Camera(seed=4, size_px=128)


def mean_of_frames(mode, light_electron, n_frames=200):
    readout, rng = Readout(CAMERA, mode, "Si"), np.random.default_rng(1)
    light = np.full((CAMERA.side_px(mode),) * 2, light_electron, dtype=np.float32)
    return np.mean([readout.frame(light, rng=rng) for _ in range(n_frames)], axis=0)


@pytest.mark.parametrize("mode", [FAST, FAST_SUBARRAY, SLOW], ids=lambda mode: mode.token)
def test_frames_in_the_dark_have_the_mean_that_is_told(mode):
    error = mean_of_frames(mode, 0.0) - CAMERA.dark_frame_adu(mode)
    drift = np.median(error)  # of the level, the same in all pixels of a frame
    variance = (2 * CAMERA.dark_electron(mode) + 0.01) / mode.electron_per_adu**2 / 200
    assert np.abs(drift) < 4 * 2 / np.sqrt(200)
    assert ((error - drift) ** 2).mean() == pytest.approx(variance.mean(), rel=0.2)


def test_light_counts_by_the_response_of_each_pixel():
    lit, dark = mean_of_frames(FAST, 500.0), mean_of_frames(FAST, 0.0)
    response = (lit - dark) * FAST.electron_per_adu / 500
    true = CAMERA.response(FAST, "Si")
    assert (response / true).mean() == pytest.approx(1, abs=1e-3)
    assert np.corrcoef(response.ravel(), true.ravel())[0, 1] > 0.95


def test_a_flat_field_has_mean_one_and_is_that_of_its_filter():
    flat = CAMERA.response(FAST, "Si")
    assert flat.mean() == pytest.approx(1, abs=1e-5)
    assert 0.7 < flat.min() < 0.97
    assert not np.array_equal(flat, CAMERA.response(FAST, "lp600"))


def test_a_sub_array_is_the_middle_of_the_detector():
    whole = CAMERA.response(FAST, "Si")
    assert np.array_equal(CAMERA.response(FAST_SUBARRAY, "Si"), whole[32:96, 32:96])
    assert np.array_equal(CAMERA.dark_electron(FAST_SUBARRAY), CAMERA.dark_electron(FAST)[32:96, 32:96])
    assert (Camera(1, 1024).side_px(FAST_SUBARRAY), Camera(1, 1024).side_px(FAST)) == (256, 1024)
    assert (FAST_SUBARRAY.token, FAST.token, SLOW.token) == ("14", "1", "2")


def test_too_much_light_is_cut_off_at_sixteen_bits():
    readout = Readout(CAMERA, FAST, "Si")
    frame = readout.frame(np.full((128, 128), 4e4, dtype=np.float32), rng=np.random.default_rng(1))
    assert frame.dtype == np.uint16
    assert frame.min() == frame.max() == 65535


def test_the_seed_makes_the_camera():
    assert np.array_equal(Camera(4, 128).dark_frame_adu(FAST), CAMERA.dark_frame_adu(FAST))
    assert not np.array_equal(Camera(5, 128).dark_frame_adu(FAST), CAMERA.dark_frame_adu(FAST))
