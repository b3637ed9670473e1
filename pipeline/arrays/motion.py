"""A target that moves at a known rate against the stars: a comet, an asteroid, a satellite."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError
from pipeline.arrays.frames import Places

DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Motion:
    """Rate (y, x) in px of the raw scale a second, towards higher rows and columns, in frames that follow the stars."""

    rate_yx_px_s: tuple[float, float]

    def path_yx(self, time_mjd: NDArray[np.float64]) -> Places:
        """How far (n_frames, 2), px, the target has moved at each time since the first.

        Raises UsageError if a time is not known.
        """
        if not np.isfinite(time_mjd).all():
            raise UsageError("Frames without times can not be stacked along a motion: give the time of each.")
        elapsed_s = (time_mjd - time_mjd.min()) * DAY_S
        return np.outer(elapsed_s, self.rate_yx_px_s)
