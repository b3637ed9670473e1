"""Frames of some nights, as columns of numbers: the science of `rows`, without its text."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.population.plan import MASTERS, Plan
from benchmarks.population.world import (
    FILTERS_OF_ONE,
    N_NIGHTS,
    N_SEMESTERS,
    NO_FILTER,
    POOL,
    SEED,
    SUBMITTERS_OF_PROPOSAL,
    TARGETS_OF_PROPOSAL,
    Floats,
    Ints,
    World,
)

BIAS, DARK, FLAT = range(3)
EXPOSURE_TIMES_S = np.array([1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 300.0, 600.0])
CALIBRATION_TIMES_S = np.array([0.0, 300.0, 4.5])
FIRST_REQUEST = 1_000_000
FIRST_OBSERVATION = 100_000_000
FIRST_CALIBRATION = 900_000_000
NIGHT_S = 9 * 3600.0
HOUR_S = 3600.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibrations:
    """Raw bias, dark and flat frames."""

    of: Ints  # which night of an instrument, counted in the plan
    id: Ints
    number: Ints
    kind: Ints
    at_s: Floats  # since the plan's first midnight, UTC
    master_id: Ints


@dataclass(frozen=True, slots=True)
class Exposures:
    """Science exposures: each is a raw frame and its product."""

    of: Ints
    raw_id: Ints
    product_id: Ints
    number: Ints
    at_s: Floats
    proposal: Ints
    target: Ints
    optical: Ints
    time_s: Floats
    request_id: Ints
    observation_id: Ints
    is_never_public: Flags
    ra_deg: Floats
    dec_deg: Floats
    angle: Floats
    submitter: Ints
    masters: Ints  # (exposure, MASTERS): ids; the dark belongs to two thirds of the products


@dataclass(frozen=True, slots=True)
class Block:
    """All frames of some nights of instruments, ids `first_id` to `end_id - 1`."""

    first_id: int
    end_id: int
    of: Ints  # nights of instruments, counted in the plan
    calibrations: Calibrations
    exposures: Exposures
    master_ids: Ints  # of each night in the block, the first of MASTERS
    flat_filter: Ints  # of each night in the block
    placeholder_of: Ints
    placeholder_ids: Ints


def make_block(world: World, plan: Plan, part: slice) -> Block:
    rng = np.random.default_rng([SEED, part.start, part.stop])
    of = np.arange(part.start, part.stop)
    flat_filter = world.filters[plan.instrument[of], rng.integers(0, FILTERS_OF_ONE, len(of))]
    n_raw = plan.biases[of] + plan.darks[of] + plan.flats[of]
    master_ids = plan.first_id[of] + n_raw
    (with_placeholder,) = np.nonzero(plan.placeholders[of])
    return Block(
        first_id=int(plan.first_id[part.start]),
        end_id=int(plan.first_id[part.stop]),
        of=of,
        calibrations=_calibrations(world, plan, of, master_ids, rng),
        exposures=_exposures(world, plan, of, master_ids, rng),
        master_ids=master_ids,
        flat_filter=flat_filter,
        placeholder_of=of[with_placeholder],
        placeholder_ids=plan.first_id[of[with_placeholder] + 1] - 1,
    )


def _calibrations(world: World, plan: Plan, of: Ints, master_ids: Ints, rng: np.random.Generator) -> Calibrations:
    counts = np.stack([plan.biases[of], plan.darks[of], plan.flats[of]], axis=1)
    totals = counts.sum(1)
    each = np.repeat(np.arange(len(of)), totals)
    number = _within(totals)
    kind = np.repeat(np.tile([BIAS, DARK, FLAT], len(of)), counts.ravel())
    at_s = _dusk_s(world, plan, of)[each] - HOUR_S + 50.0 * number + np.round(rng.uniform(0, 20, len(each)), 3)
    return Calibrations(of[each], plan.first_id[of[each]] + number, number, kind, at_s, master_ids[each] + kind)


def _exposures(world: World, plan: Plan, of: Ints, master_ids: Ints, rng: np.random.Generator) -> Exposures:
    requests = _concatenated(plan.first_request[of], plan.requests[of])
    of_request = np.repeat(np.arange(len(of)), plan.requests[of])
    proposal = _proposals(world, plan, of, of_request, rng)
    target = world.proposal_targets[proposal, rng.integers(0, TARGETS_OF_PROPOSAL, len(requests))]
    n_exposures = plan.exposures[requests]
    of_night = np.add.reduceat(n_exposures, np.cumsum(plan.requests[of]) - plan.requests[of])

    request = np.repeat(np.arange(len(requests)), n_exposures)  # of each exposure, counted in the block
    each = of_request[request]
    in_request, in_night = _within(n_exposures), _within(of_night)
    raw_id = master_ids[each] + MASTERS + in_night
    instrument = plan.instrument[of[each]]
    first_filter = rng.integers(0, FILTERS_OF_ONE, len(requests))[request]
    time_s = rng.choice(EXPOSURE_TIMES_S, len(requests))[request]
    dithers = rng.normal(0.0, 0.02, (2, len(requests)))
    dec_deg = np.clip(world.target_dec_deg[target] + dithers[1], -90.0, 90.0)
    ra_deg = world.target_ra_deg[target] + dithers[0] / np.maximum(0.05, np.cos(np.radians(dec_deg)))
    fraction = (in_night + rng.uniform(0.0, 0.9, len(request))) / of_night[each]
    submitters = world.proposal_submitters[proposal, rng.integers(0, SUBMITTERS_OF_PROPOSAL, len(requests))]
    return Exposures(
        of=of[each],
        raw_id=raw_id,
        product_id=raw_id + of_night[each],
        number=(master_ids - plan.first_id[of])[each] + in_night,
        at_s=_dusk_s(world, plan, of)[each] + np.round(NIGHT_S * fraction, 3),
        proposal=proposal[request],
        target=target[request],
        optical=np.where(
            world.is_spectrograph(instrument),
            NO_FILTER,
            world.filters[instrument, (first_filter + in_request % 3) % FILTERS_OF_ONE],
        ),
        time_s=time_s,
        request_id=FIRST_REQUEST + requests[request],
        observation_id=FIRST_OBSERVATION + 2 * requests[request] + (2 * in_request >= n_exposures[request]),
        is_never_public=(rng.random(len(requests)) < 0.002)[request],
        ra_deg=ra_deg[request],
        dec_deg=dec_deg[request],
        angle=rng.uniform(0.0, 2 * np.pi, len(requests))[request],
        submitter=submitters[request],
        masters=master_ids[each][:, None] + np.arange(MASTERS),
    )


def _proposals(world: World, plan: Plan, of: Ints, of_request: Ints, rng: np.random.Generator) -> Ints:
    """One to three proposals share an instrument's night, request by request."""
    in_night = _within(plan.requests[of])
    share = rng.integers(1, 4, len(of))[of_request]
    first = rng.integers(0, POOL, len(of))[of_request]
    semester = plan.night[of] * N_SEMESTERS // N_NIGHTS
    pools = world.pools[semester, plan.instrument[of]][of_request]
    chosen: Ints = pools[np.arange(len(of_request)), (first + in_night % share) % POOL]
    return chosen


def _dusk_s(world: World, plan: Plan, of: Ints) -> Floats:
    return plan.night[of] * 86400.0 + world.site_hours[plan.instrument[of]] * HOUR_S


def _within(counts: Ints) -> Ints:
    """0, 1, … for each group of so many."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


def _concatenated(first: Ints, counts: Ints) -> Ints:
    return np.repeat(first, counts) + _within(counts)
