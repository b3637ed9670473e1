"""Where an instrument stood, and behind which mirror: one table with validity dates, kept in the settings.

Everything that depends on the telescope is taken from here by the time of the observation, label and plate scale alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

VISIBLE = "VIC"
INFRARED = "IR"  # any camera but the visible one


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One instrument at one telescope, from `valid_from` until just before `valid_until`; None is without end."""

    instrument_id: str
    site_id: str
    telescope_id: str
    valid_from: datetime | None
    valid_until: datetime | None
    primary_m: float  # diameter
    obstruction_m: float  # diameter of what stands before it
    pixel_scales_arcsec: Mapping[str, float]  # of raw pixels, for VISIBLE and INFRARED; not known where it is missing

    def holds_at(self, at: datetime) -> bool:
        """Whether the instrument stood here at that time."""
        since = self.valid_from is None or self.valid_from <= at
        return since and (self.valid_until is None or at < self.valid_until)

    def pixel_scale_arcsec(self, camera: str) -> float | None:
        """Side of a raw pixel of a camera, arcsec; None where nobody told."""
        return self.pixel_scales_arcsec.get(VISIBLE if camera == VISIBLE else INFRARED)


def installation_at(installations: Sequence[Installation], *, instrument_id: str, at: datetime) -> Installation | None:
    """Where the instrument stood at that time; None if the table does not say."""
    return next(
        (one for one in installations if one.instrument_id == instrument_id and one.holds_at(at)),
        None,
    )
