"""A file as a series of chunks: what a command on the archive's computer and an agent on an instrument's do alike.

The taker of the chunks says how far it read. What it left, the piece of a record that is not whole yet, comes first in
the next chunk. A file that does not begin with what was read of it before is begun anew, and says so. No Django.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from telemetry.chunks import Chunk, Position, Stat, Taken
from telemetry.continuity import still_fits
from telemetry.errors import UsageError
from telemetry.formats.opening import Stream, compression_of

CHUNK_BYTES = 4 * 2**20
LONGEST_RECORD_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file is called where it was made, which its copies are called too."""

    host: str
    path: str


class FileReader:
    """Chunks of one file from a position on, until its end."""

    def __init__(
        self, identity: Identity, source: Path, position: Position, *, chunk_bytes: int = 0, stat_as: Stat | None = None
    ) -> None:
        """Begin to read `source`, the file itself, or a copy of it when that was as `stat_as` tells.

        Raises OSError if it can not be opened.
        """
        self.identity = identity
        self.source = source
        self.chunk_bytes = chunk_bytes or CHUNK_BYTES
        self.finished = False
        found = source.stat()
        self._stat = stat_as or Stat(found.st_size, found.st_mtime_ns)
        self._generation = position.generation
        self._anew_after: int | None = None
        self._offset = 0
        self._waiting = bytearray()
        self._begin(position)

    def next_chunk(self) -> Chunk:
        """The bytes that come next. Ask only while not `finished`."""
        while len(self._waiting) < self._wanted and (piece := next(self._pieces, b"")):
            self._waiting += piece
        at_end = len(self._waiting) < self._wanted
        return Chunk(
            self.identity.host,
            self.identity.path,
            self._offset,
            bytes(self._waiting),
            end=self._stat if at_end else None,
            torn=self._stream.torn if at_end else "",
            anew_after=self._anew_after,
        )

    def went_on(self, chunk: Chunk, taken: Taken) -> None:
        """Go on from where the taker came to."""
        expected = chunk.anew_after + 1 if chunk.anew_after is not None else self._generation
        consumed = taken.position.edges.consumed
        if taken.position.generation != expected or not self._offset <= consumed <= self._offset + len(self._waiting):
            self._begin(taken.position)  # someone else took it further, or anew
            return
        self._generation, self._anew_after = expected, None
        moved = consumed - self._offset
        del self._waiting[:moved]
        self._offset = consumed
        self.finished = chunk.end is not None
        self._wanted = self.chunk_bytes if moved else self._more()

    def _begin(self, position: Position) -> None:
        fits = still_fits(position.edges, self._read_at)
        self._generation = position.generation
        self._anew_after = None if fits else position.generation
        self._offset = position.edges.consumed if fits else 0
        self._waiting = bytearray()
        self._wanted = self.chunk_bytes
        self._stream = Stream(self.source, offset=self._offset)
        self._pieces: Iterator[bytes] = iter(self._stream)

    def _read_at(self, offset: int, length: int) -> bytes:
        if compression_of(self.source.name) == "":
            with self.source.open("rb", buffering=0) as file:
                file.seek(offset)
                return file.read(length)
        found = bytearray()
        for piece in Stream(self.source, offset=offset):
            found += piece
            if len(found) >= length:
                break
        return bytes(found[:length])

    def _more(self) -> int:
        if self.finished:
            return self.chunk_bytes
        if self._wanted >= LONGEST_RECORD_BYTES:
            raise UsageError(
                f"{self.source}: at byte {self._offset}, {self._wanted} bytes hold no whole record. "
                "Look at the file there: it holds no telemetry, or is damaged beyond what can be skipped."
            )
        return self._wanted * 2
