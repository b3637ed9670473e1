"""Where a star should be in a frame, as the frames beside it tell; and which frames it can not have jumped to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.frames import Places
from pipeline.arrays.robust import robust_sigma

NEIGHBOURS = 2  # frames on each side
JUMP_SIGMA = 6.0
LEAST_JUMP_PX = 4.0


@dataclass(frozen=True, slots=True)
class Expected:
    """Place (n_frames, 2) expected in each frame, px, and how far stars usually lie from it along one axis."""

    places_yx: Places
    width_px: float


def expected_places(shifts_yx: Places) -> Expected:
    """From measured shifts (n_frames, 2) in order of time: by the frames beside each, or by all alike.

    Whichever predicts better is taken: a slow drift makes neighbours the better guides, jitter that forgets itself
    from frame to frame makes the middle of all frames the better one. Medians, so that wild values count little.
    """
    overall = np.broadcast_to(np.median(shifts_yx, axis=0), shifts_yx.shape)
    beside = _median_beside(shifts_yx)
    places = min((overall, beside), key=lambda guess: _width(shifts_yx - guess))
    return Expected(places, _width(shifts_yx - places))


def jumps(shifts_yx: Places, expected: Expected) -> NDArray[np.bool_]:
    """Whether each frame (n_frames,) lies too far from where it is expected to be the same star."""
    reach = max(LEAST_JUMP_PX, JUMP_SIGMA * expected.width_px)
    is_far: NDArray[np.bool_] = np.hypot(*(shifts_yx - expected.places_yx).T) > reach
    return is_far


def _median_beside(shifts_yx: Places) -> Places:
    n_frames = len(shifts_yx)
    if n_frames <= 2 * NEIGHBOURS:
        return np.broadcast_to(np.median(shifts_yx, axis=0), shifts_yx.shape)
    first = np.clip(np.arange(n_frames) - NEIGHBOURS, 0, n_frames - 2 * NEIGHBOURS - 1)
    window = first[:, np.newaxis] + np.arange(2 * NEIGHBOURS + 1)
    others = window[window != np.arange(n_frames)[:, np.newaxis]].reshape(n_frames, 2 * NEIGHBOURS)
    beside: Places = np.median(shifts_yx[others], axis=1)
    return beside


def _width(off: Places) -> float:
    return max(robust_sigma(off[:, 0]), robust_sigma(off[:, 1]))
