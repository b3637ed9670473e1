"""How many frames each instrument takes each night: small tables, from which the frames of any night can be made."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from benchmarks.population.world import N_INSTRUMENTS, N_NIGHTS, SEED, Ints, World

MASTERS = 3  # of bias, dark and sky flat, each night
FRAMES_OF_A_PLACEHOLDER = 2000
FRAMES_OF_A_NIGHT = 30  # of one instrument, in an archive so small that instruments rest on most nights
MEAN_CALIBRATIONS = 9.0
MEAN_EXPOSURES = 5.5  # of one request
FEWEST_EXPOSURES, MOST_EXPOSURES = 2, 20
SPARE = 1.0
GROWTH = (0.5, 1.5)  # requests at the beginning and the end, of their mean


@dataclass(frozen=True, slots=True)
class Plan:
    """One entry per night of an instrument, in order of time; then one per request."""

    night: Ints
    instrument: Ints
    biases: Ints
    darks: Ints
    flats: Ints
    placeholders: Ints
    first_request: Ints
    requests: Ints
    exposures: Ints  # of each request
    first_id: Ints

    @property
    def n_frames(self) -> int:
        return int(self.first_id[-1]) - 1

    def blocks(self, size: int) -> list[slice]:
        """Consecutive nights of instruments that have about `size` frames together."""
        last = np.searchsorted(self.first_id, np.arange(1 + size, self.n_frames + 1, size))
        edges = sorted({0, *last.tolist(), len(self.night)})
        return [slice(first, end) for first, end in pairwise(edges)]


def make_plan(world: World, n_frames: int) -> Plan:
    """Plan of exactly so many frames. The years before are left out, so that the last night is always the same."""
    rng = np.random.default_rng([SEED, n_frames])
    night, instrument = _nights_in_use(world, n_frames, rng)
    n = len(night)
    spent = n_frames / n - MEAN_CALIBRATIONS
    calibrations = rng.integers(1, 4, (3, n))
    mean_requests = SPARE * spent / (2 * MEAN_EXPOSURES) * np.linspace(*GROWTH, n)
    requests = 1 + rng.poisson(np.maximum(0.0, mean_requests - 1))
    exposures = np.clip(rng.geometric(0.22, requests.sum()) + 1, FEWEST_EXPOSURES, MOST_EXPOSURES)
    first_request = np.cumsum(requests) - requests
    placeholders = np.zeros(n, np.int64)
    placeholders[rng.choice(n, min(n // 2, n_frames // FRAMES_OF_A_PLACEHOLDER), replace=False)] = 1
    frames = calibrations.sum(0) + MASTERS + 2 * np.add.reduceat(exposures, first_request) + placeholders
    from_end = np.cumsum(frames[::-1])
    kept = int(np.searchsorted(from_end, n_frames, side="right"))
    taken = slice(n - kept, n)
    biases, darks, flats = (counts[taken].copy() for counts in calibrations)
    rest = n_frames - int(from_end[kept - 1])
    biases[0] += rest
    frames = frames[taken]
    frames[0] += rest
    return Plan(
        night=night[taken],
        instrument=instrument[taken],
        biases=biases,
        darks=darks,
        flats=flats,
        placeholders=placeholders[taken],
        first_request=first_request[taken],
        requests=requests[taken],
        exposures=exposures,
        first_id=1 + np.concatenate([[0], np.cumsum(frames)]),
    )


def _nights_in_use(world: World, n_frames: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Nights and instruments that take frames; a large archive has them at work every night."""
    night, instrument = np.divmod(np.arange(N_NIGHTS * N_INSTRUMENTS), N_INSTRUMENTS)
    alive = night >= world.first_nights[instrument]
    share = min(1.0, n_frames / (FRAMES_OF_A_NIGHT * int(alive.sum())))
    used = alive & (rng.random(len(night)) < share)
    return night[used], instrument[used]
