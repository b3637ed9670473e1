import numpy as np
import pytest

from pipeline.arrays.cosmic_rays import UsualPixels, cosmic_rays, without_cosmic_rays
from tests.pipeline.arrays.stars import read, stars

SHAPE = (64, 64)


def usual_of(frames):
    pixels = UsualPixels(SHAPE)
    for frame in frames:
        pixels.add(frame)
    return pixels.usual()


def cube(*, flux=3e3, n=30, seed=1):
    rng = np.random.default_rng(seed)
    return read(stars(SHAPE, shifts_yx=rng.normal(0, 2, (n, 2)), flux=flux, sky=0.5), rng=rng)


def test_a_particle_is_found_with_its_trace_and_gets_the_usual_value():
    frames = cube()
    frames[11, 40, 10:13] += (900, 4000, 60)
    usual = usual_of(frames)
    assert np.argwhere(cosmic_rays(frames[11], usual)).tolist() == [[40, 10], [40, 11], [40, 12]]
    clean = without_cosmic_rays(frames[11], usual)
    assert clean[40, 10:13].max() < 5
    np.testing.assert_array_equal(clean[:40], frames[11, :40])


def test_a_frame_without_particles_stays_as_it_is():
    frames = cube()
    usual = usual_of(frames)
    for frame in frames:
        assert without_cosmic_rays(frame, usual) is frame


def test_a_star_that_jumps_for_one_frame_is_no_particle():
    frames = cube(flux=2e4)
    frames[7] = np.roll(frames[7], (18, -15), (0, 1))
    assert not cosmic_rays(frames[7], usual_of(frames)).any()


def test_single_photons_multiplied_far_are_no_particles():
    dark = read(np.full((200, *SHAPE), 0.02), rng=np.random.default_rng(2))
    usual = usual_of(dark)
    assert sum(int(cosmic_rays(frame, usual).sum()) for frame in dark) <= 2  # of 16 000 electrons


def test_two_particles_on_one_pixel_in_two_frames_are_both_found_when_there_are_enough_frames():
    frames = cube(n=300)
    frames[3, 50, 50], frames[200, 50, 50] = 3000, 5000
    usual = usual_of(frames)
    assert cosmic_rays(frames[200], usual)[50, 50]


def test_few_frames_do_not_tell_what_is_usual():
    frames = cube(n=7)
    assert usual_of(frames) is None
    frame = frames[3]
    assert without_cosmic_rays(frame, None) is frame


def test_pixels_without_a_value_are_not_counted():
    frames = np.full((10, *SHAPE), 4, dtype=np.float32)
    frames[0, 3, 3] = frames[:, 5, 5] = np.nan
    pixels = UsualPixels(SHAPE)
    for frame in frames:
        pixels.add(frame)
    mean = pixels.mean()
    assert mean[3, 3] == 4
    assert np.isnan(mean[5, 5])
    assert pixels.usual().mean[3, 3] == pytest.approx(4)
