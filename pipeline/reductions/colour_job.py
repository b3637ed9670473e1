"""What the child process that makes a colour picture is told, and what it answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ColourJob:
    """One picture to make, and what it may cost. Plain data that passes as JSON; of frames red comes first."""

    sources: list[str]  # paths of FITS files
    exposures_s: list[float]
    filters: list[str]
    names: list[str]  # of the frames
    target_name: str
    credit: str
    picture: str  # paths of the files to write
    thumbnail: str
    cube: str
    longest_px: int
    thumbnail_px: int
    memory_bytes: int
    file_bytes: int
    cpu_s: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What the picture shows. Angles in degrees, ICRS; `up_deg` is a position angle, north through east."""

    width_px: int
    height_px: int
    pixel_arcsec: float
    up_deg: float
    ra_deg: float
    dec_deg: float
