"""Uncompressed bytes of a file, plain, gzip or Zstandard, from an offset on: in pieces, however large it is."""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import zstandard
from isal import isal_zlib
from isal.igzip_lib import IsalError

PIECE_BYTES = 2**20
# So little at once that what it holds fits in 17 MiB: a byte of gzip may hold 1032, four of Zstandard 128 KiB.
_COMPRESSED_PIECE_BYTES = {"gz": 2**14, "zst": 2**9}
_GZIP = 31  # zlib's word for: with gzip's header
_FAULTS = (cast("type[Exception]", IsalError), zlib.error, zstandard.ZstdError)  # the first is typed as an instance


def compression_of(name: str) -> str:
    """'gz' or 'zst' by a file's name, '' for one that is not compressed."""
    return next((suffix for suffix in ("gz", "zst") if name.endswith(f".{suffix}")), "")


class Stream:
    """Pieces of a file's uncompressed bytes. After the last, `torn` says why a compressed file breaks off, or is ''.

    What lies before a tear is given. Offsets count uncompressed bytes.
    """

    def __init__(self, path: Path, *, offset: int = 0) -> None:
        """Read `path` from `offset` on. Raises OSError only once it is iterated."""
        self.torn = ""
        self._path = path
        self._offset = offset

    def __iter__(self) -> Iterator[bytes]:
        compression = compression_of(self._path.name)
        with self._path.open("rb", buffering=0) as file:
            if not compression:
                file.seek(self._offset)
                while piece := file.read(PIECE_BYTES):
                    yield piece
                return
            yield from self._after_offset(self._uncompressed(file, compression))

    def _after_offset(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        to_skip = self._offset
        for piece in pieces:
            if to_skip < len(piece):
                yield piece[to_skip:]
            to_skip = max(0, to_skip - len(piece))

    def _uncompressed(self, file: BinaryIO, compression: str) -> Iterator[bytes]:
        """What each member or frame of the file holds, one after the other."""
        new: Callable[[], Any] = _new_gzip if compression == "gz" else _new_zstd
        member, n_ended = new(), 0
        is_begun = False
        while data := file.read(_COMPRESSED_PIECE_BYTES[compression]):
            while data := data.lstrip(b"\0") if n_ended and not is_begun else data:  # some writers fill up with zeros
                try:
                    yield member.decompress(data)
                except _FAULTS as error:
                    self.torn = f"the compressed file is damaged: {error}"
                    return
                is_begun = not member.eof
                data = b"" if is_begun else member.unused_data
                if not is_begun:
                    member, n_ended = new(), n_ended + 1
        if is_begun:
            self.torn = "the compressed file breaks off"


def _new_gzip() -> Any:
    return isal_zlib.decompressobj(wbits=_GZIP)


def _new_zstd() -> Any:
    return zstandard.ZstdDecompressor().decompressobj()
