"""Where a star is in each frame, to fractions of a pixel, also where a frame holds only a few hundred electrons of it.

Each frame goes through a narrow matched filter whose template is the stack of all other frames, in a few rounds: better
shifts make a sharper stack, and a sharper stack better shifts. The frame itself is not part of its own template, or its
noise would find itself again. Between rounds the places of the other frames tell where the star can be at all.

References
----------
Guizar-Sicairos, Thurman & Fienup 2008, Optics Letters 33, 156 (places between pixels).
Law et al. 2014, ApJ 791, 35 (shift-and-add on a guide star at the Robo-AO).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays import fourier
from pipeline.arrays.continuity import expected_places, jumps
from pipeline.arrays.correlation import TEMPLATE_END_PX, Correlator, Found, Prior
from pipeline.arrays.frames import Cube, Image, Places
from pipeline.arrays.recentred import Recentred
from pipeline.arrays.refinement import Refined, refined
from pipeline.arrays.wander import Sightings

LEAST_SNR = 3.0  # of a frame that is used: less may be anything
FIRST_TEMPLATE_PX = 2.0  # sigma of the Gaussian that is looked for before there is a stack
LEAST_PRIOR_PX = 1.0
PRIOR_WIDENED = 1.3  # a prior may be too wide, but not too narrow
NEAR_PX = 3.0  # how far a star is moved when it is looked for once more
FEWEST_REFINED = 3  # frames; of fewer nothing tells the noise
MOST_OF_HALF = 0.45  # of a window's half width: stars are looked for no further out

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How a star is looked for.

    radius_px : from the lock. smoothing_px : sigma of the Gaussian that frames are smoothed by, 1.5 to 2; wider is
    safer against noise and worse against errors. rounds : the first with a Gaussian, the others with the stack.
    """

    radius_px: float = 40.0
    smoothing_px: float = 1.5
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class Registration:
    """What was found in each frame.

    shifts_yx : (n_frames, 2), px, of the star from the lock.
    snr : (n_frames,), the matched filter's, over the noise of blank sky.
    sigma_px : (n_frames,), one standard deviation of the shift along one axis; NaN where no stack tells the noise.
    is_lost : (n_frames,), no star was found: S/N below 3. is_at_edge : it may lie beyond the search.
    is_jump : too far from the frames beside it.
    chance_snr : what noise alone reaches in a typical frame.
    template : (ny, nx), electron, mean of the frames that can be trusted, the star on the lock.
    """

    shifts_yx: Places
    snr: Numbers
    sigma_px: Numbers
    is_lost: Flags
    is_at_edge: Flags
    is_jump: Flags
    chance_snr: float
    template: Image

    @property
    def is_trusted(self) -> Flags:
        return ~(self.is_lost | self.is_at_edge | self.is_jump)

    @property
    def typical_snr(self) -> float:
        """S/N of the median frame beyond what noise alone reaches; 0 when there is nothing but noise."""
        beyond = float(np.median(self.snr)) ** 2 - self.chance_snr**2
        return float(np.sqrt(max(beyond, 0.0)))


def register(windows: Cube, *, search: Search | None = None) -> Registration:
    """Find the star of each window (n_frames, 2 * half, 2 * half), electron, sky and gaps taken out.

    The lock is the pixel (half, half), and the star is looked for around it. Frames are in order of time.
    Raises UsageError for an empty cube.
    """
    if len(windows) == 0:
        raise UsageError("There is no frame to register: check that the cube's files were all given.")
    search = search or Search()
    correlator, middles = _correlator_for(windows, search)
    gaussian = correlator.template_of(_gaussian(correlator.shape))
    found = _Finds([correlator.find(fourier.transform_of(frame), gaussian, None) for frame in middles])
    for _ in range(search.rounds - 1):
        stack = Recentred(middles, found.shifts_yx, found.is_trusted)
        if stack.n_frames < 2:
            break
        found = _next_round(correlator, middles, found, stack)
    places = _refined(correlator, middles, found)
    return Registration(
        shifts_yx=places.shifts_yx,
        snr=found.snr,
        sigma_px=places.sigma_px,
        is_lost=found.is_lost,
        is_at_edge=found.is_at_edge,
        is_jump=found.is_jump,
        chance_snr=found.chance_snr,
        template=Recentred(middles, places.shifts_yx, found.is_trusted).mean(),
    )


def register_part(
    windows: Cube, part: Image, template: Image, *, near_yx: Places, search: Search | None = None
) -> Places:
    """Find the star of each window once more, by a part of the pixels, near the places (n_frames, 2) of before.

    `part` (2 * half, 2 * half) is 1 for pixels that count and 0 for others; windows and template are as `register`
    takes and gives them. Answers shifts (n_frames, 2), px.
    """
    correlator, middles = _correlator_for(windows, search or Search())
    middle_of_part = _middle(part, correlator.shape[0] // 2)
    filtered = correlator.template_of(template)
    found = [
        correlator.find(fourier.transform_of(frame * middle_of_part), filtered, Prior(place, NEAR_PX, LEAST_SNR))
        for frame, place in zip(middles, near_yx, strict=True)
    ]
    return np.array([one.shift_yx for one in found])


class _Finds:
    """What was found in all frames in one round, and what it tells about each."""

    def __init__(self, found: list[Found]) -> None:
        self.shifts_yx: Places = np.array([one.shift_yx for one in found])
        self.snr: Numbers = np.array([one.snr for one in found])
        self.chance_snr = float(np.median([one.chance_snr for one in found]))
        self.is_lost: Flags = self.snr < LEAST_SNR
        self.is_at_edge: Flags = np.array([one.is_at_edge for one in found])
        self.expected = expected_places(self.shifts_yx)
        self.is_jump: Flags = jumps(self.shifts_yx, self.expected)
        self.is_trusted: Flags = ~(self.is_lost | self.is_at_edge | self.is_jump)

    def prior(self, number: int) -> Prior:
        width_px = max(LEAST_PRIOR_PX, PRIOR_WIDENED * self.expected.width_px)
        return Prior(self.expected.places_yx[number], width_px, float(np.median(self.snr)))


def _next_round(correlator: Correlator, middles: Cube, found: _Finds, stack: Recentred) -> _Finds:
    found_now = []
    for number, frame in enumerate(middles):
        transform = fourier.transform_of(frame)
        filtered = correlator.template_of(stack.of_others(transform, number))
        found_now.append(correlator.find(transform, filtered, found.prior(number)))
    return _Finds(found_now)


def _refined(correlator: Correlator, middles: Cube, found: _Finds) -> Refined:
    """Places by all that is known; as they were found where frames are too few, or can not be trusted."""
    if found.is_trusted.sum() < FEWEST_REFINED:
        return Refined(found.shifts_yx, np.full(len(middles), np.nan))
    width_px = max(LEAST_PRIOR_PX, PRIOR_WIDENED * found.expected.width_px)
    expected = Sightings(found.expected.places_yx, np.full(len(middles), width_px**2))
    places = refined(middles, correlator, found_yx=found.shifts_yx, is_trusted=found.is_trusted, expected=expected)
    return Refined(np.where(found.is_trusted[:, np.newaxis], places.shifts_yx, found.shifts_yx), places.sigma_px)


def _correlator_for(windows: Cube, search: Search) -> tuple[Correlator, Cube]:
    """The matched filter, and as much of the middle of the windows as it needs."""
    half = windows.shape[1] // 2
    radius_px = min(search.radius_px, MOST_OF_HALF * half)
    used = min(half, int(np.ceil(radius_px + TEMPLATE_END_PX)))
    correlator = Correlator(half_px=used, radius_px=radius_px, smoothing_px=search.smoothing_px)
    return correlator, _middle(windows, used)


def _middle(windows: NDArray[np.float32], half_px: int) -> NDArray[np.float32]:
    """The middle (…, 2 * half_px, 2 * half_px) of windows, or of one."""
    half = windows.shape[-1] // 2
    middle = slice(half - half_px, half + half_px)
    return windows[..., middle, middle]


def _gaussian(shape: tuple[int, int]) -> Image:
    places = np.arange(shape[0]) - shape[0] // 2
    profile = np.exp(-(places**2) / (2 * FIRST_TEMPLATE_PX**2))
    return np.outer(profile, profile).astype(np.float32)
