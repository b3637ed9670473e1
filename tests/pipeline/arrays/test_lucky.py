import numpy as np
import pytest

from archive.enums import SignalClass
from archive.errors import UsageError
from pipeline.arrays.lucky import sharpest, signal_class, stack_bright
from pipeline.arrays.rejection import Reason
from pipeline.simulation.optics import KITT_PEAK
from pipeline.simulation.scene import random_shifts
from pipeline.simulation.star import star_cube
from tests.pipeline.arrays.stars import read, star, stars

SHAPE = (128, 128)
PIXEL = 0.0351594


def blurred(n=30, *, flux=2e4, seed=1):
    """A star that is sharp in every tenth frame, soft in the others."""
    rng = np.random.default_rng(seed)
    shifts = random_shifts(n, rms_px=2, rng=rng)
    widths = np.where(np.arange(n) % 10 == 3, 1.2, 2.4)
    light = [
        stars(SHAPE, shifts_yx=[shift], flux=flux, sky=1.0, sigma_px=width)[0]
        for shift, width in zip(shifts, widths, strict=True)
    ]
    return read(np.array(light), rng=rng), shifts


@pytest.fixture(scope="module")
def bright():
    frames, shifts = blurred()
    return stack_bright(frames, lock_yx=(63.0, 65.0), pixel_arcsec=PIXEL, time_mjd=60000 + np.arange(30) / 1e6), shifts


def test_the_sharpest_tenth_is_made_of_the_sharp_frames(bright):
    found, _ = bright
    assert {name: stack.n_frames for name, stack in found.stacks.items()} == {"100p": 30, "50p": 15, "10p": 3}
    ranked = np.argsort(-found.table.quality)
    assert sorted(ranked[:3]) == [3, 13, 23]
    peaks = [np.nanmax(found.stacks[name].fine) for name in ("100p", "50p", "10p")]
    assert peaks[2] > 1.2 * peaks[1] > 1.2 * peaks[0]


def test_the_stack_of_all_is_the_mean_of_recentred_frames(bright):
    found, _ = bright
    widths = np.where(np.arange(30) % 10 == 3, 1.2, 2.4)
    true = np.mean([star(SHAPE, centre_yx=found.lock_yx, flux=2e4, sigma_px=width) for width in widths], axis=0)
    stack = found.stacks["100p"].raw
    assert np.nanmax(stack) == pytest.approx(true.max(), rel=0.03)
    assert np.nansum(stack[20:-20, 20:-20]) == pytest.approx(2e4, rel=0.01)
    off = np.unravel_index(np.nanargmax(found.stacks["100p"].fine), (256, 256)) - 2 * np.array(found.lock_yx)
    assert np.abs(off).max() <= 1


def test_the_table_tells_shifts_and_times(bright):
    found, shifts = bright
    errors = found.table.shifts_yx - shifts
    assert (errors - errors.mean(axis=0)).std() < 0.1
    assert found.table.time_mjd[29] == pytest.approx(60000 + 29e-6)
    assert found.signal is SignalClass.HIGH_FLUX


def test_a_saturated_frame_is_left_out_and_told():
    frames, shifts = blurred(12)
    y, x = np.round(64 + shifts[5]).astype(int)
    frames[5, y, x] = np.nan
    found = stack_bright(frames, lock_yx=(64, 64), pixel_arcsec=PIXEL)
    assert found.table.reasons[5] == Reason.SATURATED.value
    assert found.stacks["100p"].n_frames == 11
    assert np.isfinite(found.stacks["100p"].raw[20:-20, 20:-20]).all()


def test_a_star_saturated_in_all_frames_is_refused_with_the_count():
    frames, shifts = blurred(12)
    for frame, shift in zip(frames, shifts, strict=True):
        y, x = np.round(64 + shift).astype(int)
        frame[y, x] = np.nan
    with pytest.raises(UsageError, match="None of 12 frames can be used: 12 x saturated"):
        stack_bright(frames, lock_yx=(64, 64), pixel_arcsec=PIXEL)


def test_frames_without_any_value_are_refused():
    with pytest.raises(UsageError, match="None of 4 frames"):
        stack_bright(np.full((4, *SHAPE), np.nan, np.float32), lock_yx=(64, 64), pixel_arcsec=PIXEL)


def test_without_a_star_frames_are_stacked_as_they_lie():
    frames = read(np.full((40, *SHAPE), 2.0), rng=np.random.default_rng(2))
    found = stack_bright(frames, lock_yx=(64, 64), pixel_arcsec=PIXEL)
    assert found.signal is SignalClass.ZERO_FLUX
    assert list(found.stacks) == ["100p"]
    assert not found.table.shifts_yx.any()
    stack = found.stacks["100p"].raw
    assert np.abs(stack).max() < 6 * stack.std()  # no star made of noise


@pytest.mark.parametrize(
    ("flux", "signal"), [(1e4, SignalClass.HIGH_FLUX), (250, SignalClass.FAINT), (0, SignalClass.ZERO_FLUX)]
)
def test_a_target_is_classed_by_its_light(flux, signal):
    rng = np.random.default_rng(3)
    shifts = random_shifts(40, rms_px=3, rng=rng)
    cube = star_cube(
        KITT_PEAK.optics(),
        n_frames=40,
        size_px=128,
        flux_electron=flux,
        shifts_px_yx=shifts,
        sky_electron_px=2.0,
        rng=rng,
        n=256,
    ).cube
    assert stack_bright(cube, lock_yx=(64, 64), pixel_arcsec=PIXEL).signal is signal


def test_classes_begin_at_their_bounds():
    assert [signal_class(snr) for snr in (10.0, 9.99, 3.0, 2.99, 0.0)] == [
        SignalClass.HIGH_FLUX,
        SignalClass.FAINT,
        SignalClass.FAINT,
        SignalClass.ZERO_FLUX,
        SignalClass.ZERO_FLUX,
    ]


def test_of_equal_frames_the_earlier_are_taken_and_unknown_ones_last():
    quality = np.array([1.0, np.nan, 2.0, 1.0, 1.0, 9.0])
    is_used = np.array([True, True, True, True, True, False])
    assert np.flatnonzero(sharpest(quality, is_used, share=0.5)).tolist() == [0, 2, 3]
    assert np.flatnonzero(sharpest(quality, is_used, share=0.01)).tolist() == [2]
    assert np.flatnonzero(sharpest(quality, is_used, share=1.0)).tolist() == [0, 1, 2, 3, 4]


def test_the_same_cube_gives_the_same_bytes():
    frames, _ = blurred(10)
    first, second = (stack_bright(frames, lock_yx=(64, 64), pixel_arcsec=PIXEL) for _ in range(2))
    assert first.stacks["10p"].fine.tobytes() == second.stacks["10p"].fine.tobytes()
    assert first.table.quality.tobytes() == second.table.quality.tobytes()
