"""Which three frames of a target make the best picture in colour."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, groupby
from math import acos, radians, sin, sqrt

import numpy as np

from pipeline.arrays.passbands import Passband

LONGEST_SPAN = timedelta(days=30)  # from the first to the last of the three: stars move, and so do seasons of cameras
LEAST_STEP_NM = 15.0  # between two filters: two kinds of red make no colour
MOST_OF_FILTER = 100  # frames of one filter that are looked at, the newest
NIGHT = timedelta(days=1)

Place = tuple[float, float, float]  # on the unit sphere
Versions = tuple[int, int, int]  # ids of red, green, blue


@dataclass(frozen=True, slots=True)
class Candidate:
    """One public frame through a filter that is known, and its newest version.

    `reach_deg` is the distance of its nearest corner from its middle, over the square root of two: half of a side.
    """

    frame_id: int
    version_id: int
    target_name: str
    site_id: str
    instrument_id: str
    passband: Passband
    observed_at: datetime
    exposure_s: float
    reduction_level: int
    middle: Place
    reach_deg: float


@dataclass(frozen=True, slots=True)
class Triple:
    """Three frames that go together, of the longest waves first."""

    red: Candidate
    green: Candidate
    blue: Candidate

    @property
    def frames(self) -> tuple[Candidate, Candidate, Candidate]:
        return self.red, self.green, self.blue

    @property
    def versions(self) -> Versions:
        return self.red.version_id, self.green.version_id, self.blue.version_id

    @property
    def newest(self) -> Candidate:
        return max(self.frames, key=lambda frame: (frame.observed_at, frame.frame_id))

    @property
    def worth(self) -> tuple[float, ...]:
        """The larger, the better: reduced, then the widest range of waves, the same night, long exposures, newest.

        Of filters with the same range the one whose middle lies most evenly. Ids make it a total order, so that the
        same frames always give the same answer.
        """
        waves = [frame.passband.wavelength_nm for frame in self.frames]
        times = [frame.observed_at for frame in self.frames]
        return (
            min(min(frame.reduction_level, 1) for frame in self.frames),
            waves[0] - waves[2],
            -abs(waves[0] + waves[2] - 2 * waves[1]),
            -((max(times) - min(times)) // NIGHT),
            min(frame.exposure_s for frame in self.frames),
            max(times).timestamp(),
            *(-frame.frame_id for frame in self.frames),
        )


def triples_of(candidates: Sequence[Candidate], *, without: Set[Versions] = frozenset()) -> Iterator[Triple]:
    """The best triple of each camera at each site, from frames of one target; none of these versions."""

    def camera(each: Candidate) -> tuple[str, str]:
        return each.site_id, each.instrument_id

    for _camera, found in groupby(sorted(candidates, key=camera), key=camera):
        best = _best_of_camera(list(found), without)
        if best is not None:
            yield best


def _best_of_camera(candidates: Sequence[Candidate], without: Set[Versions]) -> Triple | None:
    """The best of all; filters that can only be worth less are not looked at once a reduced triple is found."""
    by_filter: dict[Passband, list[Candidate]] = {}
    for each in sorted(candidates, key=lambda each: (each.observed_at, each.frame_id), reverse=True):
        of_filter = by_filter.setdefault(each.passband, [])
        if len(of_filter) < MOST_OF_FILTER:
            of_filter.append(each)
    best: Triple | None = None
    for red, green, blue in _filters(list(by_filter)):
        found = (_around(middle, by_filter[red], by_filter[blue]) for middle in by_filter[green])
        triples = [triple for triple in (best, *found) if triple is not None and triple.versions not in without]
        best = max(triples, key=lambda triple: triple.worth, default=None)
        if best is not None and best.worth[0] == 1:
            return best
    return best


def _filters(known: Sequence[Passband]) -> list[tuple[Passband, Passband, Passband]]:
    """Three filters each, of the longest waves first; the widest and most even range first."""
    by_wave = sorted(known, key=lambda passband: -passband.wavelength_nm)

    def worth(chosen: tuple[Passband, Passband, Passband]) -> tuple[float, float]:
        red, green, blue = (passband.wavelength_nm for passband in chosen)
        return red - blue, -abs(red + blue - 2 * green)

    apart = [
        (red, green, blue)
        for red, green, blue in combinations(by_wave, 3)
        if min(red.wavelength_nm - green.wavelength_nm, green.wavelength_nm - blue.wavelength_nm) >= LEAST_STEP_NM
    ]
    return sorted(apart, key=worth, reverse=True)


def _around(middle: Candidate, reds: Sequence[Candidate], blues: Sequence[Candidate]) -> Triple | None:
    """The best triple with `middle`: of each other filter the frame that goes with it best."""
    red, blue = _companion(middle, reds), _companion(middle, blues)
    if red is None or blue is None or not _overlap(red, blue):
        return None
    if abs(red.observed_at - blue.observed_at) > LONGEST_SPAN:
        return None
    return Triple(red, middle, blue)


def _companion(middle: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    fitting = (
        other
        for other in others
        if abs(other.observed_at - middle.observed_at) <= LONGEST_SPAN and _overlap(middle, other)
    )
    return max(
        fitting,
        key=lambda other: (
            min(other.reduction_level, 1),
            -(abs(other.observed_at - middle.observed_at) // NIGHT),
            other.exposure_s,
            other.observed_at,
            -other.frame_id,
        ),
        default=None,
    )


def _overlap(one: Candidate, other: Candidate) -> bool:
    """Whether the middle of each lies well inside of the other, so that most of both is common."""
    cosine = sum(a * b for a, b in zip(one.middle, other.middle, strict=True))
    return acos(max(-1.0, min(1.0, cosine))) <= radians(min(one.reach_deg, other.reach_deg))


def place_of(corners_deg: Sequence[tuple[float, float]]) -> tuple[Place, float] | None:
    """Middle of a frame on the unit sphere and its reach, deg, from its corners (ra, dec); None of what has no size.

    Corners are taken as directions in space, so that right ascension 0 and the poles are places as any other.
    """
    ra, dec = np.radians(np.array(corners_deg, dtype=np.float64)).T
    directions = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    mean = directions.mean(axis=1)
    length = float(np.linalg.norm(mean))
    if not length > sin(radians(1.0)):
        return None
    middle = mean / length
    nearest = float(np.arccos(np.clip(middle @ directions, -1.0, 1.0)).min())
    if not nearest > 0:
        return None
    return (float(middle[0]), float(middle[1]), float(middle[2])), float(np.degrees(nearest)) / sqrt(2.0)
