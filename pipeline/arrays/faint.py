"""A faint star: every frame that shows it, stacked by shifts that are measured again and again on the stack itself.

A template that is made of the frames it is compared with can find its own noise in them: the stack gets a sharp peak that
no star has. So each frame is left out of its own template, and two halves of the cube, each registered on the stack of
the other, tell what is left of that. Where there is too little light, the stack is made all the same, and says so.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays import fourier
from pipeline.arrays.frame_table import FrameTable
from pipeline.arrays.frames import Cube, Frames, Image, Places
from pipeline.arrays.lucky import table_of, times_or_none
from pipeline.arrays.motion import Motion
from pipeline.arrays.quality import box_half_px, peak_over_flux
from pipeline.arrays.registration import Registration, Search, register, register_on
from pipeline.arrays.stacking import CleanFrames, Stack, stack_frames
from pipeline.arrays.survey import Survey, survey

LEAST_FLUX_ELECTRON = 300.0  # a frame: below, shifts begin to be those of noise
LEAST_TYPICAL_SNR = 6.0
MOST_SELF_NOISE = 1.08
MOST_REJECTED = 0.3  # share of the frames
PEAK_REACH_PX = 2.0

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FaintStar:
    """What a faint star's cube gives.

    summed : electron a frame, the star on `lock_yx` of the raw grid and twice that of the fine.
    halves : the same of every second frame, from the first and from the second on, each by shifts of its own template.
    simple : (ny, nx), mean of all frames as they lie, electron; the sky is in it.
    flux_electron : of the star in one frame, in a box of 3 arcsec. typical_snr : of the median frame.
    self_noise : peak of the stack over that of halves registered on each other; 1 if the template adds nothing.
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
    Each frame is read twice. Raises UsageError if no frame can be used; the message counts the reasons.
    """
    seen = survey(frames, lock_yx=lock_yx)
    found = register(seen.windows.pixels, search=search)
    half_px = box_half_px(pixel_arcsec)
    quality = peak_over_flux(seen.windows, found.shifts_yx, half_px=half_px)
    table = table_of(seen, found, quality=quality, time_mjd=time_mjd)
    path_yx = np.zeros((len(frames), 2)) if motion is None else motion.path_yx(table.time_mjd)
    groups = {"summed": table.is_used, **_halves(table.is_used)}
    clean = CleanFrames(frames, seen.windows.sky_electron, seen.usual)
    stacks = stack_frames(clean, shifts_yx=found.shifts_yx + path_yx, groups=groups)
    flux_electron = star_flux(seen.windows.pixels, found.shifts_yx, is_used=table.is_used, half_px=half_px)
    self_noise = self_noise_of(seen.windows.pixels, found, is_used=table.is_used, search=search)
    return FaintStar(
        summed=stacks["summed"],
        halves=(stacks["first"], stacks["second"]),
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
