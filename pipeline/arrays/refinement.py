"""Places of a star in all frames, refined: each by its own light and by what the others let expect.

A match of one frame takes the highest point, be it of noise. Here each frame gives the mean of all places that it may
show, weighed by the likelihood of its pixels and by where the frames before and after have the star; what a frame adds
to that expectation is then what the others get to know. The more light, the less the others matter: bright stars are
where they are seen. The mean is nowhere as sharp as the highest point of noise, so that noise does not pile up.

References
----------
Minka 2001, Uncertainty in Artificial Intelligence 17, 362 (frames in turn, by their mean and variance).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.arrays import fourier
from pipeline.arrays.correlation import Correlator
from pipeline.arrays.frames import Cube, Image, Places
from pipeline.arrays.likelihood import Noise, Place, StarLikelihood
from pipeline.arrays.recentred import Recentred
from pipeline.arrays.wander import Sightings, expected_by_others, wander_of

ROUNDS = 3
LEAST_VARIANCE_PX2 = 1e-6
ADDS_LITTLE = 1.001  # of the variance that was expected


@dataclass(frozen=True, slots=True)
class Refined:
    """Shifts (n_frames, 2), px, and one standard deviation along an axis of each (n_frames,), px."""

    shifts_yx: Places
    sigma_px: NDArray[np.float64]


def refined(
    frames: Cube, correlator: Correlator, *, found_yx: Places, is_trusted: NDArray[np.bool_], expected: Sightings
) -> Refined:
    """Refine shifts (n_frames, 2), px, of frames in order of time, of which three at least can be trusted.

    `expected` is where each frame's star may be. Others learn nothing of a frame that is not trusted.
    """
    shifts = found_yx
    variance = expected.variance_px2
    for _ in range(ROUNDS):
        stack = Recentred(frames, shifts, is_trusted)
        noise = _noise_of(frames, stack, correlator)
        likelihood = StarLikelihood(
            correlator.shape, radius_px=correlator.radius_px, taper=correlator.taper, noise=noise
        )
        places = _places(frames, stack, likelihood, expected)
        shifts = np.array([one.mean_yx for one in places])
        variance = np.maximum([one.variance_px2 for one in places], LEAST_VARIANCE_PX2)
        told = _told_to_others(Sightings(shifts, variance), expected, is_trusted)
        expected = expected_by_others(told, wander_of(told, np.median(shifts[is_trusted], axis=0)))
    return Refined(shifts, np.sqrt(variance))


def _places(frames: Cube, stack: Recentred, likelihood: StarLikelihood, expected: Sightings) -> list[Place]:
    places = []
    for number, (frame, (y, x)) in enumerate(zip(frames, expected.places_yx.tolist(), strict=True)):
        transform = fourier.transform_of(frame)
        template = likelihood.template_of(stack.of_others(transform, number))
        prior = Place((y, x), float(expected.variance_px2[number]))
        places.append(likelihood.place(transform, template, prior))
    return places


def _told_to_others(found: Sightings, expected: Sightings, is_trusted: NDArray[np.bool_]) -> Sightings:
    """What each frame itself adds to what was expected of it."""
    adds = is_trusted & (found.variance_px2 * ADDS_LITTLE < expected.variance_px2)
    weight = np.where(adds, 1 / found.variance_px2 - 1 / expected.variance_px2, 1.0)
    sums = found.places_yx / found.variance_px2[:, np.newaxis]
    sums -= expected.places_yx / expected.variance_px2[:, np.newaxis]
    places = np.where(adds[:, np.newaxis], sums / weight[:, np.newaxis], found.places_yx)
    return Sightings(places, np.where(adds, 1 / weight, np.inf))


def _noise_of(frames: Cube, stack: Recentred, correlator: Correlator) -> Noise:
    """Of the pixels beyond the search, and of how those of the recentred star scatter the more, the brighter they are.

    In this scatter is all there is: the star's own photons and, where its image changes, speckles.
    """
    blank = float(np.median(np.var(frames[:, correlator.is_blank], axis=0, ddof=1, dtype=np.float64)))
    light: Image = stack.mean() * correlator.taper
    more = (stack.variance() - blank) * correlator.taper
    squares = float(np.sum(np.square(light, dtype=np.float64)))
    return Noise(blank, max(float(np.sum(more * light)) / squares, 0.0) if squares > 0 else 0.0)
