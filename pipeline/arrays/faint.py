"""A faint star: every frame that shows it, stacked by shifts that are measured again and again on the stack itself.

Where there is too little light, noise chooses the shifts and piles up to a sharp peak that no star has. The stack is
made all the same, and says so: by the star's light in a frame, by the S/N of a frame, and by `self_noise`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.frame_table import FrameTable, times_or_none
from pipeline.arrays.frames import Frames, Image
from pipeline.arrays.lucky import table_of
from pipeline.arrays.motion import Motion
from pipeline.arrays.quality import box_half_px, peak_over_flux, star_flux
from pipeline.arrays.registration import Search, register
from pipeline.arrays.rejection import told
from pipeline.arrays.self_noise import self_noise_of
from pipeline.arrays.stacking import CleanFrames, Stack, stack_frames
from pipeline.arrays.survey import survey

LEAST_FLUX_ELECTRON = 300.0  # a frame: below, shifts begin to be those of noise
LEAST_TYPICAL_SNR = 6.0
MOST_SELF_NOISE = 1.6
MOST_REJECTED = 0.3  # share of the frames


@dataclass(frozen=True, slots=True)
class FaintStar:
    """What a faint star's cube gives.

    summed : electron a frame, the star on `lock_yx` of the raw grid and twice that of the fine.
    halves : the same of every second of the used frames, from the first and from the second on.
    simple : (ny, nx), mean of all frames as they lie, electron; the sky is in it.
    flux_electron : of the star in one frame, in a box of 3 arcsec. typical_snr : of the median frame.
    self_noise : how much higher its own noise makes the peak, 1 if not at all; see `self_noise_of`.
    doubts : why the result can not be trusted; empty if it can.
    """

    summed: Stack
    halves: tuple[Stack, Stack]
    simple: Image
    table: FrameTable
    lock_yx: tuple[int, int]
    flux_electron: float
    typical_snr: float
    self_noise: float
    doubts: tuple[str, ...]

    @property
    def is_confident(self) -> bool:
        return not self.doubts


def stack_faint(
    frames: Frames,
    *,
    lock_yx: tuple[float, float],
    pixel_arcsec: float,
    time_mjd: NDArray[np.float64] | None = None,
    motion: Motion | None = None,
    search: Search | None = None,
) -> FaintStar:
    """Stack frames (electron, the sky in them; NaN: saturated) on the star near `lock_yx`.

    With `motion` the stack follows a target that moves at a known rate against the star that is registered.
    Each frame is read twice. Raises UsageError if no two frames can be used; the message counts the reasons.
    """
    seen = survey(frames, lock_yx=lock_yx)
    found = register(seen.windows.pixels, search=search)
    half_px = box_half_px(pixel_arcsec)
    quality = peak_over_flux(seen.windows, found.shifts_yx, half_px=half_px)
    table = table_of(seen, found, quality=quality, time_mjd=time_mjd)
    path_yx = np.zeros((len(frames), 2)) if motion is None else motion.path_yx(table.time_mjd)
    every_second = np.cumsum(table.is_used) % 2 == 1
    if table.n_used < 2:
        raise UsageError(f"Only one of {len(frames)} frames can be used, two are needed: {told(table.reasons)}.")
    groups = {
        "whole": table.is_used,
        "first half": table.is_used & every_second,
        "second half": table.is_used & ~every_second,
    }
    clean = CleanFrames(frames, seen.windows.sky_electron, seen.usual)
    stacks = stack_frames(clean, shifts_yx=found.shifts_yx + path_yx, groups=groups)
    flux_electron = star_flux(seen.windows, found.shifts_yx, is_used=table.is_used, half_px=half_px)
    self_noise = self_noise_of(seen.windows.pixels, found, is_used=table.is_used, search=search)
    return FaintStar(
        summed=stacks["whole"],
        halves=(stacks["first half"], stacks["second half"]),
        simple=seen.mean,
        table=table,
        lock_yx=seen.windows.window.lock_yx,
        flux_electron=flux_electron,
        typical_snr=found.typical_snr,
        self_noise=self_noise,
        doubts=doubts_about(
            flux_electron=flux_electron,
            typical_snr=found.typical_snr,
            self_noise=self_noise,
            rejected=1 - table.n_used / len(frames),
        ),
    )


def stack_along(
    frames: Frames, *, lock_yx: tuple[float, float], motion: Motion, time_mjd: NDArray[np.float64]
) -> Stack:
    """Stack frames (electron, the sky in them) on a target that moves at a known rate, where no star can be registered.

    The target lies where it did in the first frame; the sky is taken from around `lock_yx`. Frames of which nothing
    there has a value are left out. Raises UsageError if none is left, or a time is not known.
    """
    seen = survey(frames, lock_yx=lock_yx)
    clean = CleanFrames(frames, seen.windows.sky_electron, seen.usual)
    path_yx = motion.path_yx(times_or_none(time_mjd, len(frames)))
    return stack_frames(clean, shifts_yx=path_yx, groups={"whole": np.isfinite(seen.windows.sky_electron)})["whole"]


def doubts_about(*, flux_electron: float, typical_snr: float, self_noise: float, rejected: float) -> tuple[str, ...]:
    """Why a stack can not be trusted, a sentence each."""
    doubts = {
        f"{flux_electron:.0f} electrons a frame are fewer than {LEAST_FLUX_ELECTRON:.0f}": (
            flux_electron < LEAST_FLUX_ELECTRON
        ),
        f"the S/N of the median frame, {typical_snr:.1f}, is below {LEAST_TYPICAL_SNR:.0f}": (
            typical_snr < LEAST_TYPICAL_SNR
        ),
        f"noise makes the peak {self_noise:.2f} times as high, more than {MOST_SELF_NOISE}": (
            self_noise > MOST_SELF_NOISE
        ),
        f"{100 * rejected:.0f} % of the frames were rejected": rejected > MOST_REJECTED,
    }
    return tuple(text for text, is_so in doubts.items() if is_so)
