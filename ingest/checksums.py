"""Four facts about a run of bytes, found in one pass."""

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Digest:
    """Checksums of one set of bytes. Hex is lower case; CRC-32 is the unsigned one of zip and gzip."""

    size_bytes: int
    crc32: int
    md5: str
    sha256: str


class Digester:
    """Takes blocks as they pass by and gives their digest at the end."""

    def __init__(self) -> None:
        self._size_bytes = 0
        self._crc32 = 0
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def update(self, block: bytes) -> None:
        self._size_bytes += len(block)
        self._crc32 = zlib.crc32(block, self._crc32)
        self._md5.update(block)
        self._sha256.update(block)

    def digest(self) -> Digest:
        return Digest(
            size_bytes=self._size_bytes,
            crc32=self._crc32,
            md5=self._md5.hexdigest(),
            sha256=self._sha256.hexdigest(),
        )


def digest_stream(stream: BinaryIO) -> Digest:
    """Read `stream` to its end."""
    digester = Digester()
    while block := stream.read(BLOCK_BYTES):
        digester.update(block)
    return digester.digest()


def digest_of(path: Path) -> Digest:
    """Read the whole file at `path`."""
    with path.open("rb") as stream:
        return digest_stream(stream)
