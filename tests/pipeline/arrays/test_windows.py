import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.windows import cut_windows, window_around
from tests.pipeline.arrays.stars import star, stars


def test_a_window_lies_around_its_lock_and_is_smaller_near_an_edge():
    assert window_around((512, 512), lock_yx=(200.4, 300.6)).lock_yx == (200, 301)
    assert window_around((512, 512), lock_yx=(200, 300)).shape == (192, 192)
    assert window_around((512, 512), lock_yx=(200, 480)).half_px == 32


@pytest.mark.parametrize("lock", [(10, 256), (256, 500), (-5, 256), (600, 256)])
def test_a_star_at_the_edge_is_refused(lock):
    with pytest.raises(UsageError, match="edge of a frame"):
        window_around((512, 512), lock_yx=lock)


def test_the_sky_is_taken_out_of_each_frame_by_itself():
    frames = (
        stars((256, 256), shifts_yx=np.zeros((3, 2)), flux=1000) + np.array([1, 20, 300], np.float32)[:, None, None]
    )
    cut = cut_windows(frames, window_around((256, 256), lock_yx=(128, 128)))
    assert cut.sky_electron == pytest.approx([1, 20, 300], rel=1e-5)
    for pixels in cut.pixels:
        np.testing.assert_allclose(pixels, star((192, 192), centre_yx=(96, 96), flux=1000), atol=1e-3)


def test_a_neighbour_in_the_annulus_does_not_raise_the_sky():
    frame = star((256, 256), centre_yx=(128, 128), flux=1000) + star((256, 256), centre_yx=(128, 205), flux=50_000)
    noise = np.random.default_rng(1).normal(5, 1, (256, 256))
    cut = cut_windows((frame + noise).astype(np.float32)[np.newaxis], window_around((256, 256), lock_yx=(128, 128)))
    assert cut.sky_electron[0] == pytest.approx(5, abs=0.1)


def test_gaps_are_told_and_filled():
    frames = np.full((2, 128, 128), 7, dtype=np.float32)
    frames[1, 60, 70] = np.nan
    cut = cut_windows(frames, window_around((128, 128), lock_yx=(64, 64), half_px=30))
    assert [gaps.tolist() for gaps in cut.gaps] == [[], [[26, 36]]]
    assert not cut.pixels.any()  # sky everywhere


def test_a_frame_without_a_value_has_no_sky():
    frames = np.full((2, 128, 128), 7, dtype=np.float32)
    frames[0] = np.nan
    cut = cut_windows(frames, window_around((128, 128), lock_yx=(64, 64)))
    assert np.isnan(cut.sky_electron).tolist() == [True, False]
    assert np.isfinite(cut.pixels).all()


def test_the_frames_stay_as_they_are():
    frames = np.full((1, 128, 128), 7, dtype=np.float32)
    cut_windows(frames, window_around((128, 128), lock_yx=(64, 64)))
    assert (frames == 7).all()
