"""What the child process that makes an image is told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageJob:
    """One image to make, and what it may cost. Plain data that passes as JSON."""

    source: str  # path of a FITS file
    target: str  # path of the file to write
    kind: str
    stretch: str
    size_px: int
    most_bytes: int  # of the file to write
    memory_bytes: int  # on top of what the process itself occupies
    cpu_s: int
