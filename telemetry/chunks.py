"""What senders hand in and get back: bytes of a file, and how far its recording was read. Pure."""

from dataclasses import dataclass, field

from telemetry.continuity import Edges


@dataclass(frozen=True, slots=True)
class Stat:
    """Size and time of a file, taken before it was read."""

    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of a file, as they lie in it when it is not compressed."""

    host: str
    path: str  # of the file, with .gz or .zst if it has it
    offset: int  # of the data's first byte in the uncompressed file
    data: bytes
    end: Stat | None = None  # given with the file's last bytes: what it was like before it was read
    torn: str = ""  # with `end`: why a compressed file breaks off
    anew_after: int | None = None  # generation that these bytes do not go on with, for the file was written anew


@dataclass(frozen=True, slots=True)
class Position:
    """How far a recording was read, and what tells whether a file goes on with it."""

    generation: int = 1
    edges: Edges = field(default_factory=lambda: Edges(consumed=0))


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file that was not read as it now is, and how far it was."""

    path: str
    raw_path: bytes | None  # its bytes, where `path` does not say them
    position: Position


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a chunk. Reading goes on at `position`, which another taker may have brought further."""

    position: Position
    n_records: int = 0
    n_bad: int = 0
    replaced: bool = False  # records of an earlier generation were put aside


def recording_path(path: str) -> str:
    """Path of the recording that a file holds: compression is no part of it."""
    return path.removesuffix(".gz").removesuffix(".zst")
