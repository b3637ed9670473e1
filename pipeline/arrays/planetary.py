"""A planet: its frames brought together by their limbs, the sharper ones stacked without the others."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.bad_pixels import without_gaps
from pipeline.arrays.frame_table import FrameTable, times_or_none
from pipeline.arrays.frames import Cube, Frames, Image, disc, shape_of
from pipeline.arrays.limb import FoundDisc, find_disc, register_discs
from pipeline.arrays.lucky import sharpest
from pipeline.arrays.rejection import Reason, told
from pipeline.arrays.sharpness import sharpness
from pipeline.arrays.stacking import CleanFrames, Stack, stack_frames
from pipeline.arrays.survey import sample_mean
from pipeline.arrays.windows import Window, window_around

SHARES = {"100p": 1.0, "50p": 0.5, "20p": 0.2, "5p": 0.05}  # of the frames that are used, sharpest first
ROOM_PX = 48  # around the disc: shifts, and the sky
MOST_UNLIKE = 0.2  # of the radius: a disc that differs more is another thing, or cut off


@dataclass(frozen=True, slots=True)
class Planet:
    """What a planet's cube gives.

    stacks : "100p", "50p", "20p", "5p", electron a frame, the disc's centre on `centre_yx` of raw, on twice that of
        fine.
    table : `quality` is the sharpness; errors and S/N of single shifts are not known, nor the shift of a frame without
        a disc.
    """

    stacks: Mapping[str, Stack]
    table: FrameTable
    centre_yx: tuple[float, float]
    radius_px: float


def stack_planet(frames: Frames, *, time_mjd: NDArray[np.float64] | None = None) -> Planet:
    """Stack frames (electron, the sky in them; NaN: saturated) on the disc of a planet, the largest there is.

    Each frame is read twice. Raises UsageError if there is no disc in the mean frame or in any single one.
    """
    shape = shape_of(frames)
    whole = find_disc(without_gaps(sample_mean(frames)))
    window = window_around(shape, lock_yx=whole.centre_yx, half_px=round(whole.radius_px) + ROOM_PX)
    discs, windows, reasons = _discs(frames, window, whole.radius_px)
    is_used = np.array([not reason for reason in reasons])
    if not is_used.any():
        raise UsageError(f"None of {len(frames)} frames can be used: {told(reasons)}.")
    near = np.array([found.centre_yx for found in discs])
    places = near.copy()
    places[is_used] = register_discs(windows[is_used], near_yx=near[is_used], radius_px=whole.radius_px)
    centre = np.median(places[is_used], axis=0)
    quality = _sharpnesses(windows, discs, is_used)
    table = FrameTable(
        time_mjd=times_or_none(time_mjd, len(frames)),
        shifts_yx=places - centre,
        sigma_px=np.full(len(frames), np.nan),
        snr=np.full(len(frames), np.nan),
        quality=quality,
        is_used=is_used,
        reasons=reasons,
    )
    clean = CleanFrames(frames, np.array([found.sky for found in discs]))
    groups = {name: sharpest(quality, is_used, share=share) for name, share in SHARES.items()}
    stacks = stack_frames(clean, shifts_yx=table.shifts_yx, groups=groups)
    origin = np.array(window.lock_yx) - window.half_px
    y, x = (float(place) for place in centre + origin)
    return Planet(stacks, table, (y, x), whole.radius_px)


def _discs(frames: Frames, window: Window, radius_px: float) -> tuple[list[FoundDisc], Cube, list[str]]:
    """The disc of each frame in its window, the windows without their sky, and what is wrong with each frame."""
    windows = np.empty((len(frames), *window.shape), dtype=np.float32)
    discs: list[FoundDisc] = []
    reasons: list[str] = []
    for number in range(len(frames)):
        raw = window.cut(frames[number])
        found, reason = _disc(raw, radius_px)
        windows[number] = without_gaps(raw) - np.float32(found.sky)
        discs.append(found)
        reasons.append(reason)
    return discs, windows, reasons


def _disc(raw: Image, radius_px: float) -> tuple[FoundDisc, str]:
    missing = ~np.isfinite(raw)
    nothing = FoundDisc((np.nan, np.nan), 0.0, 0.0)
    if missing.all():
        return nothing, Reason.EMPTY.value
    try:
        found = find_disc(without_gaps(raw))
    except UsageError:
        return nothing, Reason.NO_DISC.value
    if missing[disc(raw.shape, centre_yx=found.centre_yx, radius_px=found.radius_px)].any():
        return found, Reason.SATURATED.value
    if abs(found.radius_px - radius_px) > MOST_UNLIKE * radius_px:
        return found, Reason.OTHER_DISC.value
    return found, ""


def _sharpnesses(windows: Cube, discs: list[FoundDisc], is_used: NDArray[np.bool_]) -> NDArray[np.float64]:
    quality = np.full(len(windows), np.nan)
    for number in np.flatnonzero(is_used):
        quality[number] = sharpness(windows[number], discs[number])
    return quality
