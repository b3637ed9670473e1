"""What became of each frame: where its star was, how sharp it was, whether it was used, and if not, why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.frames import Places

COLUMNS = ("frame", "time_mjd", "dx_px", "dy_px", "sigma_px", "snr", "quality", "used", "reason")


@dataclass(frozen=True, slots=True)
class FrameTable:
    """One row a frame; a rejected one has its shift and its reason too.

    time_mjd : (n_frames,), UTC; NaN where it is not known. shifts_yx : (n_frames, 2), px of the raw scale, of the star
    from the lock. quality : (n_frames,), peak over flux, or sharpness of a planet; NaN where it was not measured.
    is_used : (n_frames,). reasons : one a frame, empty for those that are used.
    """

    time_mjd: NDArray[np.float64]
    shifts_yx: Places
    sigma_px: NDArray[np.float64]
    snr: NDArray[np.float64]
    quality: NDArray[np.float64]
    is_used: NDArray[np.bool_]
    reasons: Sequence[str]

    @property
    def n_used(self) -> int:
        return int(self.is_used.sum())

    def rows(self) -> Iterator[tuple[int, float, float, float, float, float, float, bool, str]]:
        """Values in the order of `COLUMNS`."""
        for number, (shift_y, shift_x) in enumerate(self.shifts_yx):
            yield (
                number,
                float(self.time_mjd[number]),
                float(shift_x),
                float(shift_y),
                float(self.sigma_px[number]),
                float(self.snr[number]),
                float(self.quality[number]),
                bool(self.is_used[number]),
                self.reasons[number],
            )


def times_or_none(time_mjd: NDArray[np.float64] | None, n_frames: int) -> NDArray[np.float64]:
    """One time a frame, NaN if none is known. Raises UsageError for another number of them."""
    if time_mjd is None:
        return np.full(n_frames, np.nan)
    if len(time_mjd) != n_frames:
        raise UsageError(f"{n_frames} frames come with {len(time_mjd)} times: give one time a frame, or none.")
    return np.asarray(time_mjd, dtype=np.float64)
