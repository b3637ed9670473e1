import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays.cosmic_rays import UsualPixels
from pipeline.arrays.stacking import CleanFrames, stack_frames
from tests.pipeline.arrays.stars import read, star, stars

SHAPE = (60, 72)
EVERY = {"all": np.ones(6, dtype=bool)}


def shifts(n=6, seed=1):
    return np.random.default_rng(seed).uniform(-7, 7, (n, 2))


def test_a_stack_is_the_star_that_was_moved_about():
    moved = shifts()
    stack = stack_frames(stars(SHAPE, shifts_yx=moved, flux=1000), shifts_yx=moved, groups=EVERY)["all"]
    np.testing.assert_allclose(
        stack.raw[10:-10, 10:-10], star(SHAPE, centre_yx=(30, 36), flux=1000)[10:-10, 10:-10], atol=0.02
    )
    assert stack.n_frames == 6


def test_on_the_fine_grid_the_star_lies_at_twice_its_place_with_the_same_light():
    moved = shifts()
    stack = stack_frames(stars(SHAPE, shifts_yx=moved, flux=1000), shifts_yx=moved, groups=EVERY)["all"]
    true = star((120, 144), centre_yx=(60, 72), flux=1000, sigma_px=2.6)
    np.testing.assert_allclose(stack.fine[20:-20, 20:-20], true[20:-20, 20:-20], atol=0.02)
    np.testing.assert_allclose(stack.fine[::2, ::2] * 4, stack.raw, atol=1e-3)


def test_nothing_comes_back_over_the_edge():
    frames = np.zeros((1, *SHAPE), dtype=np.float32)
    frames[0] = star(SHAPE, centre_yx=(5, 36), flux=1000)  # moved up by 12 rows it leaves the frame
    stack = stack_frames(frames, shifts_yx=np.array([[12.0, 0.0]]), groups={"all": np.array([True])})["all"]
    assert np.abs(np.nan_to_num(stack.raw)).max() < 0.1


def test_each_pixel_is_the_mean_of_the_frames_that_reach_it():
    frames = np.array([star(SHAPE, centre_yx=(30, 36), flux=1000)] * 2)
    moved = np.array([[0.0, 0.0], [20.0, -10.5]])
    stack = stack_frames(frames, shifts_yx=moved, groups={"both": np.array([True, True])})["both"]
    assert stack.coverage.min() == 1
    assert stack.coverage.max() == 2
    assert (stack.coverage == 2).sum() == 40 * 61
    one = stack_frames(frames, shifts_yx=moved, groups={"one": np.array([False, True])})["one"]
    np.testing.assert_array_equal(np.isnan(one.raw), one.coverage == 0)
    np.testing.assert_array_equal(np.isnan(one.fine[::2, ::2]), one.coverage == 0)
    assert np.isnan(one.raw[45, 36])  # row 45 would come from row 65, which is none
    assert not np.isnan(one.raw[39, 36])


def test_groups_are_stacked_by_themselves():
    moved = shifts()
    frames = stars(SHAPE, shifts_yx=moved, flux=1000)
    first = np.arange(6) < 2
    stacks = stack_frames(frames, shifts_yx=moved, groups={"first": first, "rest": ~first})
    alone = stack_frames(frames[:2], shifts_yx=moved[:2], groups={"first": np.ones(2, bool)})["first"]
    assert (stacks["first"].n_frames, stacks["rest"].n_frames) == (2, 4)
    middle = (slice(10, -10), slice(10, -10))
    np.testing.assert_allclose(stacks["first"].raw[middle], alone.raw[middle], atol=1e-3)


def test_frames_in_no_group_are_not_read():
    class Frames:
        def __len__(self):
            return 3

        def __getitem__(self, number):
            assert number != 1
            return np.zeros(SHAPE, np.float32)

    used = np.array([True, False, True])
    stack = stack_frames(Frames(), shifts_yx=np.array([[0, 0], [np.nan, np.nan], [1, 1]]), groups={"used": used})[
        "used"
    ]
    assert stack.n_frames == 2


def test_the_noise_of_a_stack_falls_as_the_root_of_its_frames():
    rng = np.random.default_rng(2)
    frames = rng.normal(0, 1, (100, *SHAPE)).astype(np.float32)
    stack = stack_frames(frames, shifts_yx=rng.uniform(-5, 5, (100, 2)), groups={"all": np.ones(100, bool)})["all"]
    assert stack.raw[8:-8, 8:-8].std() == pytest.approx(0.1, rel=0.05)


def test_an_empty_group_and_a_shift_out_of_the_frame_are_refused():
    frames = np.zeros((2, *SHAPE), np.float32)
    with pytest.raises(UsageError, match="No frame is left for the sharp stack"):
        stack_frames(frames, shifts_yx=np.zeros((2, 2)), groups={"sharp": np.zeros(2, bool)})
    with pytest.raises(UsageError, match="out of itself"):
        stack_frames(frames, shifts_yx=np.array([[0, 0], [0, 99]]), groups={"all": np.ones(2, bool)})


def test_clean_frames_have_no_sky_no_gaps_and_no_particles():
    rng = np.random.default_rng(3)
    frames = read(stars(SHAPE, shifts_yx=np.zeros((20, 2)), flux=500, sky=4.0), rng=rng)
    pixels = UsualPixels(SHAPE)
    frames[4, 10, 10] = 9000
    frames[5, 12, 12] = np.nan
    for frame in frames:
        pixels.add(frame)
    clean = CleanFrames(frames, np.full(20, 4.0), pixels.usual())
    assert len(clean) == 20
    assert abs(clean[4][10, 10]) < 5
    assert clean[5][12, 12] == pytest.approx(np.nanmean(frames[5, 11:14, 11:14]) - 4, abs=1e-4)
    assert np.mean([clean[number][:20].mean() for number in range(20)]) == pytest.approx(0, abs=0.05)


def test_the_same_frames_give_the_same_bytes():
    moved = shifts()
    frames = stars(SHAPE, shifts_yx=moved, flux=1000)
    first, second = (stack_frames(frames, shifts_yx=moved, groups=EVERY)["all"] for _ in range(2))
    assert first.fine.tobytes() == second.fine.tobytes()
