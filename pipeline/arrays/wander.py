"""How a star wanders from frame to frame, and where that lets it be expected by all other frames.

Each place remembers the share `memory` of the one before, about one middle: a drift is nearly all memory, jitter none.
How much it remembers and how far it goes is taken from the places themselves, by the likelihood of all of them.

References
----------
Uhlenbeck & Ornstein 1930, Phys. Rev. 36, 823 (the process).
Kalman 1960, J. Basic Eng. 82, 35 (the recursion, here from both ends of the night's frames).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays.frames import Places

MEMORIES = np.array([0.0, 0.3, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.995])
LEAST_WIDTH_PX, MOST_WIDTH_PX, WIDTHS = 0.1, 25.0, 17

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Wander:
    """Where a star is on the whole (y, x), px, how far from there along one axis, and how much frames remember."""

    middle_yx: NDArray[np.float64]
    width_px: float
    memory: float


@dataclass(frozen=True, slots=True)
class Sightings:
    """Places (n_frames, 2), px, each with its variance along one axis (n_frames,), px²; infinite: nothing known."""

    places_yx: Places
    variance_px2: Numbers


def wander_of(seen: Sightings, middle_yx: NDArray[np.float64]) -> Wander:
    """The wander under which the places, in order of time, are the likeliest, of a few hundred."""
    widths = np.geomspace(LEAST_WIDTH_PX, MOST_WIDTH_PX, WIDTHS)
    memory, width = np.meshgrid(MEMORIES, widths, indexing="ij")
    whole = width**2
    off, spread = np.zeros((2, *memory.shape)), whole
    likelihood = np.zeros(memory.shape)
    for place, variance in zip(seen.places_yx - middle_yx, seen.variance_px2, strict=True):
        if np.isfinite(variance):
            total = spread + variance
            miss = place[:, np.newaxis, np.newaxis] - off
            likelihood -= np.log(total) + (miss**2).sum(axis=0) / (2 * total)
            off, spread = off + spread / total * miss, spread * variance / total
        off, spread = memory * off, memory**2 * spread + (1 - memory**2) * whole
    row, column = np.unravel_index(np.argmax(likelihood), likelihood.shape)
    return Wander(middle_yx, float(widths[column]), float(MEMORIES[row]))


def expected_by_others(seen: Sightings, wander: Wander) -> Sightings:
    """Where each frame's star is expected by the places of all others, and how surely."""
    there = _expected_by_earlier(seen, wander)
    back = _expected_by_earlier(Sightings(seen.places_yx[::-1], seen.variance_px2[::-1]), wander)
    weight = 1 / there.variance_px2
    weight_back = 1 / back.variance_px2[::-1]
    whole = 1 / wander.width_px**2  # both know the wander itself: it counts once
    variance = 1 / (weight + weight_back - whole)
    sums = weight[:, np.newaxis] * there.places_yx + weight_back[:, np.newaxis] * back.places_yx[::-1]
    return Sightings(variance[:, np.newaxis] * (sums - whole * wander.middle_yx), variance)


def _expected_by_earlier(seen: Sightings, wander: Wander) -> Sightings:
    memory, whole = wander.memory, wander.width_px**2
    expected, variances = np.empty_like(seen.places_yx), np.empty_like(seen.variance_px2)
    off, spread = np.zeros(2), whole
    for number, (place, variance) in enumerate(zip(seen.places_yx, seen.variance_px2, strict=True)):
        expected[number], variances[number] = wander.middle_yx + off, spread
        if np.isfinite(variance):
            share = spread / (spread + variance)
            off, spread = off + share * (place - wander.middle_yx - off), (1 - share) * spread
        off, spread = memory * off, memory**2 * spread + (1 - memory**2) * whole
    return Sightings(expected, variances)
