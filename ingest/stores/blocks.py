"""Reading, copying and checking runs of bytes: what the stores have in common."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from archive.errors import UsageError
from ingest.checksums import BLOCK_BYTES, Digest, Digester
from ingest.stores.base import STREAM_BLOCK_BYTES


def open_source(source: Path) -> BinaryIO:
    """Open a file that shall be stored. Raises UsageError if it can not be read."""
    try:
        return source.open("rb")
    except OSError as error:
        raise UsageError(
            f"The file {source} can not be read ({error.strerror}): check its name and its mode."
        ) from error


def copy_digesting(source: BinaryIO, target: BinaryIO) -> Digest:
    """Copy to the end of `source`, and say what passed by."""
    digester = Digester()
    while block := source.read(BLOCK_BYTES):
        digester.update(block)
        target.write(block)
    return digester.digest()


def require_digest(found: Digest, wanted: Digest, *, path: str) -> None:
    """Raise UsageError unless the bytes that arrived are those that were announced."""
    if found != wanted:
        raise UsageError(
            f"The bytes for {path} are not those announced ({found.size_bytes} bytes with MD5 {found.md5}, "
            f"announced {wanted.size_bytes} with {wanted.md5}): take the checksums again and send the file again."
        )


def check_range(start: int, stop: int | None) -> None:
    if start < 0 or (stop is not None and stop < start):
        raise UsageError(f"Bytes {start} to {stop} are no range: begin at 0 or later and end after the beginning.")


def read_range(stream: BinaryIO, start: int, stop: int | None) -> Iterator[bytes]:
    """Blocks of a seekable stream from `start` up to, not including, `stop` or its end."""
    stream.seek(start)
    left = None if stop is None else stop - start
    while block := stream.read(STREAM_BLOCK_BYTES if left is None else min(left, STREAM_BLOCK_BYTES)):
        yield block
        if left is not None:
            left -= len(block)
