import numpy as np
import pytest

from archive.errors import UsageError
from pipeline.arrays import fourier
from pipeline.arrays.faint import doubts_about, stack_along, stack_faint
from pipeline.arrays.motion import Motion
from pipeline.arrays.stacking import CleanFrames, stack_frames
from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.psf import fine_psf
from pipeline.simulation.scene import random_shifts
from pipeline.simulation.star import star_cube
from tests.pipeline.arrays.stars import read, star, stars

SHAPE = (128, 128)
PIXEL, SKY = 0.0351594, 0.5


@pytest.fixture(scope="module")
def psf():
    rng = np.random.default_rng(3)
    return fine_psf(KITT_PEAK.optics(), seeing_arcsec=1.44, leak=0.06, n_speckle=64, rng=rng, n=256)


def simulated(psf, *, flux, n=120, seed=4):
    rng = np.random.default_rng(seed)
    shifts = random_shifts(n, rms_px=2.5, rng=rng)
    return star_cube(
        KITT_PEAK.optics(),
        n_frames=n,
        size_px=128,
        flux_electron=flux,
        shifts_px_yx=shifts,
        sky_electron_px=SKY,
        rng=rng,
        n=256,
        psf=psf,
    )


def peak(image):
    row, column = np.unravel_index(np.nanargmax(image[40:-40, 40:-40]), (48, 48))
    start = (40.0 + row, 40.0 + column)
    return fourier.peak_near(fourier.transform_of(np.nan_to_num(image)), SHAPE, start)[2]


@pytest.fixture(scope="module")
def faint(psf):
    made = simulated(psf, flux=500)
    return made, stack_faint(made.cube, lock_yx=(64, 64), pixel_arcsec=PIXEL)


def test_the_stack_is_about_as_sharp_as_one_by_the_true_shifts(faint):
    made, found = faint
    clean = CleanFrames(made.cube, np.full(120, SKY))
    perfect = stack_frames(clean, shifts_yx=made.shifts_yx, groups={"all": np.ones(120, bool)})["all"]
    assert 0.88 <= peak(found.summed.raw) / peak(perfect.raw) <= 1.15
    assert peak(found.simple - SKY) / peak(perfect.raw) < 0.45


def test_the_light_is_measured_and_nothing_is_doubted(faint):
    _, found = faint
    assert found.flux_electron == pytest.approx(500, rel=0.15)
    assert found.is_confident
    assert found.self_noise < 1.3


def test_halves_are_every_second_frame(faint):
    _, found = faint
    first, second = found.halves
    assert first.n_frames + second.n_frames == found.summed.n_frames == found.table.n_used
    assert abs(first.n_frames - second.n_frames) <= 1
    middle = (slice(20, -20), slice(20, -20))
    whole = (first.raw * first.n_frames + second.raw * second.n_frames) / found.summed.n_frames
    np.testing.assert_allclose(found.summed.raw[middle], whole[middle], atol=1e-3)


def test_the_simple_sum_is_the_mean_as_it_lies(faint):
    made, found = faint
    np.testing.assert_allclose(found.simple, made.cube.mean(axis=0), rtol=1e-4, atol=1e-4)


def test_a_hundred_electrons_are_stacked_and_doubted(psf):
    found = stack_faint(simulated(psf, flux=100).cube, lock_yx=(64, 64), pixel_arcsec=PIXEL)
    assert not found.is_confident
    assert any("fewer than 300" in doubt for doubt in found.doubts)
    assert found.summed.n_frames > 0


def test_nothing_at_all_is_doubted():
    dark = read(np.full((60, *SHAPE), SKY), rng=np.random.default_rng(1))
    found = stack_faint(dark, lock_yx=(64, 64), pixel_arcsec=PIXEL)
    assert any("S/N" in doubt for doubt in found.doubts)
    assert any("fewer than 300" in doubt for doubt in found.doubts)


def test_each_doubt_is_told_in_words():
    assert doubts_about(flux_electron=300, typical_snr=6, self_noise=1.6, rejected=0.3) == ()
    assert len(doubts_about(flux_electron=299, typical_snr=5.9, self_noise=1.7, rejected=0.31)) == 4
    assert doubts_about(flux_electron=1000, typical_snr=20, self_noise=1.0, rejected=0.5) == (
        "50 % of the frames were rejected",
    )


def test_a_moving_target_is_a_point_and_the_star_a_trail():
    rng = np.random.default_rng(5)
    shifts, times = random_shifts(60, rms_px=1.5, rng=rng), 60000 + np.arange(60) / 86400
    path = np.outer(np.arange(60), (0.25, -0.1))
    light = stars(SHAPE, shifts_yx=shifts, flux=3000, sky=SKY)
    light += stars(SHAPE, shifts_yx=shifts + path, flux=800, centre_yx=(80, 90))
    found = stack_faint(
        read(light, rng=rng), lock_yx=(64, 64), pixel_arcsec=PIXEL, time_mjd=times, motion=Motion((0.25, -0.1))
    )
    target = star(SHAPE, centre_yx=(80, 90), flux=800)
    assert np.nanmax(found.summed.raw[74:87, 84:97]) == pytest.approx(target.max(), rel=0.12)
    assert np.nanmax(found.summed.raw[:70, 55:]) < 0.4 * star(SHAPE, centre_yx=(64, 64), flux=3000).max()


def test_without_a_star_the_rate_alone_moves_the_frames():
    rng, times = np.random.default_rng(6), 60000 + np.arange(80) / 86400
    path = np.outer(np.arange(80), (0.25, -0.1))
    frames = read(stars(SHAPE, shifts_yx=path, flux=40, sky=SKY, centre_yx=(50, 80)), rng=rng)
    stack = stack_along(frames, lock_yx=(64, 64), motion=Motion((0.25, -0.1)), time_mjd=times)
    target = star(SHAPE, centre_yx=(50, 80), flux=40)
    assert stack.raw[50, 80] == pytest.approx(target.max(), rel=0.3)
    middle = (slice(30, 90), slice(30, 90))
    np.testing.assert_allclose(stack.raw[middle], target[middle], atol=6 * np.sqrt(2 * 5 / 80))


def test_a_single_frame_is_no_faint_stack():
    frames = stars(SHAPE, shifts_yx=np.zeros((3, 2)), flux=1000)
    frames[1:] = np.nan
    with pytest.raises(UsageError, match="Only one of 3 frames can be used, two are needed: 2 x no pixel"):
        stack_faint(frames, lock_yx=(64, 64), pixel_arcsec=PIXEL)


def test_a_motion_needs_times():
    with pytest.raises(UsageError, match="give the time of each"):
        stack_faint(
            stars(SHAPE, shifts_yx=np.zeros((10, 2)), flux=1000),
            lock_yx=(64, 64),
            pixel_arcsec=PIXEL,
            motion=Motion((1.0, 0.0)),
        )
