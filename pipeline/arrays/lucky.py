"""A bright star: each frame brought to the star, the sharper frames stacked once more without the others.

References
----------
Law et al. 2014, ApJ 791, 35 (the Robo-AO's shift-and-add on a guide star).
Fried 1978, JOSA 68, 1651 (the chance of a lucky short exposure).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.enums import SignalClass
from archive.errors import UsageError
from pipeline.arrays.frame_table import FrameTable, times_or_none
from pipeline.arrays.frames import Frames
from pipeline.arrays.quality import box_half_px, peak_over_flux
from pipeline.arrays.registration import Registration, Search, register
from pipeline.arrays.rejection import Reason, reasons_of, told
from pipeline.arrays.stacking import CleanFrames, Stack, stack_frames
from pipeline.arrays.survey import Survey, survey

ALL, HALF, TENTH = "100p", "50p", "10p"
SHARES = {ALL: 1.0, HALF: 0.5, TENTH: 0.1}  # of the frames that are used, sharpest first
HIGH_FLUX_SNR, FAINT_SNR = 10.0, 3.0  # of the median frame


@dataclass(frozen=True, slots=True)
class BrightStar:
    """What a bright star's cube gives.

    stacks : "100p", "50p" and "10p", electron a frame; the star lies on `lock_yx` of raw, on twice that of fine.
        A star of zero flux has "100p" alone, its frames as they lie: moved after noise they would show a star of noise.
    signal : by the S/N of the median frame in the matched filter, `typical_snr`: 10 and more, 3 to 10, less.
    """

    stacks: Mapping[str, Stack]
    table: FrameTable
    lock_yx: tuple[int, int]
    signal: SignalClass
    typical_snr: float


def stack_bright(
    frames: Frames,
    *,
    lock_yx: tuple[float, float],
    pixel_arcsec: float,
    time_mjd: NDArray[np.float64] | None = None,
    search: Search | None = None,
) -> BrightStar:
    """Stack frames (electron, the sky in them; NaN: saturated) on the star near `lock_yx`.

    Each frame is read twice. Raises UsageError if no frame can be used; the message counts the reasons.
    """
    seen = survey(frames, lock_yx=lock_yx)
    found = register(seen.windows.pixels, search=search)
    signal = signal_class(found.typical_snr)
    if signal is SignalClass.ZERO_FLUX:
        return _as_they_lie(frames, seen, found, time_mjd)
    quality = peak_over_flux(seen.windows, found.shifts_yx, half_px=box_half_px(pixel_arcsec))
    table = table_of(seen, found, quality=quality, time_mjd=time_mjd)
    clean = CleanFrames(frames, seen.windows.sky_electron, seen.usual)
    groups = {name: sharpest(quality, table.is_used, share=share) for name, share in SHARES.items()}
    stacks = stack_frames(clean, shifts_yx=found.shifts_yx, groups=groups)
    return BrightStar(stacks, table, seen.windows.window.lock_yx, signal, found.typical_snr)


def signal_class(typical_snr: float) -> SignalClass:
    """How bright a target is for its camera, by the S/N of its median frame."""
    if typical_snr >= HIGH_FLUX_SNR:
        return SignalClass.HIGH_FLUX
    return SignalClass.FAINT if typical_snr >= FAINT_SNR else SignalClass.ZERO_FLUX


def sharpest(quality: NDArray[np.float64], is_used: NDArray[np.bool_], *, share: float) -> NDArray[np.bool_]:
    """Mark the share of the used frames whose quality (n_frames,) is highest, at least one; of equals the earlier."""
    ranked = np.argsort(-np.where(is_used, np.nan_to_num(quality, nan=-np.inf), -np.inf), kind="stable")
    chosen = np.zeros(len(quality), dtype=bool)
    chosen[ranked[: int(np.ceil(share * is_used.sum()))]] = True
    return chosen & is_used


def table_of(
    seen: Survey,
    found: Registration,
    *,
    quality: NDArray[np.float64],
    time_mjd: NDArray[np.float64] | None,
) -> FrameTable:
    """Tell of each frame. Raises UsageError, counting the reasons, if all are rejected."""
    reasons = reasons_of(seen.windows, found)
    if all(reasons):
        raise UsageError(f"None of {len(reasons)} frames can be used: {told(reasons)}.")
    return FrameTable(
        time_mjd=times_or_none(time_mjd, len(reasons)),
        shifts_yx=found.shifts_yx,
        sigma_px=found.sigma_px,
        snr=found.snr,
        quality=quality,
        is_used=np.array([not reason for reason in reasons]),
        reasons=reasons,
    )


def _as_they_lie(frames: Frames, seen: Survey, found: Registration, time_mjd: NDArray[np.float64] | None) -> BrightStar:
    n_frames = len(frames)
    has_value = np.isfinite(seen.windows.sky_electron)
    if not has_value.any():
        raise UsageError(f"None of {n_frames} frames has a value around the star: all are saturated.")
    still = np.zeros((n_frames, 2))
    table = FrameTable(
        time_mjd=times_or_none(time_mjd, n_frames),
        shifts_yx=still,
        sigma_px=np.full(n_frames, np.nan),
        snr=found.snr,
        quality=np.full(n_frames, np.nan),
        is_used=has_value,
        reasons=["" if ok else Reason.EMPTY.value for ok in has_value],
    )
    clean = CleanFrames(frames, seen.windows.sky_electron, seen.usual)
    stacks = stack_frames(clean, shifts_yx=still, groups={ALL: has_value})
    return BrightStar(stacks, table, seen.windows.window.lock_yx, SignalClass.ZERO_FLUX, found.typical_snr)
