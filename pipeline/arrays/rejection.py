"""Why a frame is not used, in words for its row of the table."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from pipeline.arrays.registration import Registration
from pipeline.arrays.windows import Windows

CORE_PX = 4.0  # a pixel without a value this near to the star spoils its peak


class Reason(StrEnum):
    """What is wrong with a frame, gravest first."""

    EMPTY = "no pixel around the star has a value"
    SATURATED = "saturated or missing pixels in the star"
    LOST = "no star found"
    EDGE = "the star is at the edge of the search"
    NO_DISC = "no disc found"
    OTHER_DISC = "the disc has another size, or is cut off"
    JUMP = "the star jumps away from where the frames beside it show it"


def reasons_of(windows: Windows, found: Registration) -> list[str]:
    """The gravest fault of each frame, empty if there is none."""
    places = found.shifts_yx + windows.window.half_px
    reasons: list[str] = []
    for number, place in enumerate(places):
        gaps = windows.gaps[number]
        faults = {
            Reason.EMPTY: not np.isfinite(windows.sky_electron[number]),
            Reason.SATURATED: bool((np.hypot(*(gaps - place).T) <= CORE_PX).any()),
            Reason.LOST: bool(found.is_lost[number]),
            Reason.EDGE: bool(found.is_at_edge[number]),
            Reason.JUMP: bool(found.is_jump[number]),
        }
        reasons.append(next((reason.value for reason, is_so in faults.items() if is_so), ""))
    return reasons


def told(reasons: Sequence[str]) -> str:
    """How many frames were rejected for what, most first: for the message when none is left."""
    counts = Counter(reason for reason in reasons if reason)
    return ", ".join(f"{count} x {reason}" for reason, count in counts.most_common())
