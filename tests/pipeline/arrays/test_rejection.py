import numpy as np

from pipeline.arrays.registration import register
from pipeline.arrays.rejection import Reason, reasons_of, told
from pipeline.arrays.windows import cut_windows, window_around
from tests.pipeline.arrays.stars import read, stars

SHAPE = (160, 160)
LOCK = window_around(SHAPE, lock_yx=(80, 80))


def test_each_frame_has_its_gravest_fault_or_none():
    rng = np.random.default_rng(1)
    shifts = rng.normal(0, 1, (30, 2))
    shifts[4] = (0, 20)
    light = stars(SHAPE, shifts_yx=shifts, flux=3000, sky=0.5)
    frames = read(light, rng=rng)
    y, x = np.round(shifts[7] + 80).astype(int)
    frames[7, y, x + 1] = np.nan
    frames[8, 20, 20] = np.nan  # far from the star: no harm
    frames[9] = np.nan
    windows = cut_windows(frames, LOCK)
    reasons = reasons_of(windows, register(windows.pixels))
    faulty = {number: reason for number, reason in enumerate(reasons) if reason}
    assert faulty == {4: Reason.JUMP.value, 7: Reason.SATURATED.value, 9: Reason.EMPTY.value}


def test_reasons_are_counted_most_first():
    assert told(["", "b", "a", "b"]) == "2 x b, 1 x a"
