"""What the sandbox tells of a file, and how much a file may cost. Plain data that passes as JSON between processes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from archive.errors import UsageError
from ingest.headers.record import Ring


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take of the machine before it is refused."""

    wall_s: float = 120.0
    cpu_s: int = 120
    memory_bytes: int = 512 << 20  # on top of what the reader itself occupies
    header_bytes: int = 16 << 20  # all headers of one file together
    unpacked_bytes: int = 8 << 30
    expansion: int = 1000  # unpacked over packed bytes; holds for files that unpack to more than the next line
    expansion_from_bytes: int = 256 << 20

    def most_unpacked_bytes(self, packed_bytes: int) -> int:
        """How large a file of `packed_bytes` may become. An honest blank image packs several hundredfold."""
        by_ratio = max(self.expansion_from_bytes, self.expansion * packed_bytes)
        return min(self.unpacked_bytes, by_ratio)

    def require_unpacked(self, unpacked_bytes: int, *, packed_bytes: int, name: str) -> None:
        """Raise UsageError when `name` unpacks to more than it may."""
        most = self.most_unpacked_bytes(packed_bytes)
        if unpacked_bytes > most:
            raise UsageError(
                f"{name} has {packed_bytes} bytes and unpacks to more than {most}: the file is refused. "
                "Send it unpacked if it is really that large."
            )


@dataclass(frozen=True, slots=True)
class CircleKeys:
    """Header keys of a circular field: radius in arcsec, RA as hours in text or degrees as a number, Dec in degrees."""

    radius: str = "RADIUS"
    ra: str = "RA"
    dec: str = "DEC"


@dataclass(frozen=True, slots=True)
class HduSummary:
    """One header and data unit.

    header : every keyword once (the first one counts, as in CFITSIO) with a value fit for JSON; undefined is None;
        all COMMENT, HISTORY and blank cards of one kind are joined by line ends.
    shape : of the image as it is unpacked, (ny, nx) or (n_frames, ny, nx); None where there is no image data.
    """

    header: Mapping[str, Any]
    extname: str
    shape: tuple[int, ...] | None
    is_compressed: bool


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file that has passed, as far as it can be told without its pixels."""

    hdus: tuple[HduSummary, ...]
    footprint: Ring | None

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Inspection":
        """Build it again from parsed JSON. Raises KeyError, TypeError or ValueError if it is not what we sent."""
        ring = plain["footprint"]
        return cls(
            hdus=tuple(_hdu_from_plain(hdu) for hdu in plain["hdus"]),
            footprint=None if ring is None else tuple((float(ra), float(dec)) for ra, dec in ring),
        )


def _hdu_from_plain(plain: Mapping[str, Any]) -> HduSummary:
    shape = plain["shape"]
    return HduSummary(
        header=dict(plain["header"]),
        extname=str(plain["extname"]),
        shape=None if shape is None else tuple(int(length) for length in shape),
        is_compressed=bool(plain["is_compressed"]),
    )
