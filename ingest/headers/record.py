"""What every translator answers: one frame's metadata, typed, in the archive's own terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from archive.enums import RelationKind

# A closed ring of (RA, Dec), degrees, ICRS; RA in [0, 360). The first vertex stands again at the end.
Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class RelatedName:
    """Another frame that this one names, and what that frame is to this one."""

    basename: str
    kind: RelationKind
    derived: bool = False  # True: the named frame was made from this one, not the other way round


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One frame as its header describes it. Times are aware UTC."""

    basename: str
    extension: str  # with its leading dot: ".fits.fz"
    observation_date: datetime | None
    observation_day: date | None  # None: nobody knows when, as of a fit whose cube is yet to come
    configuration_type: str
    public_date: datetime | None
    proposal_id: str = ""
    instrument_id: str = ""
    site_id: str = ""
    telescope_id: str = ""
    target_name: str = ""
    primary_optical_element: str = ""
    reduction_level: int = 0
    exposure_time: float | None = None  # open shutter, s
    observation_id: int | None = None
    request_id: int | None = None
    footprint: Ring | None = None
    related: tuple[RelatedName, ...] = ()
    headers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def filename(self) -> str:
        return self.basename + self.extension
