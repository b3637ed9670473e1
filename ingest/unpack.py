"""The FITS bytes inside packed files, as a forward stream: nothing is ever written to a disk."""

import bz2
import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from archive.errors import UsageError
from ingest.inspection import Limits

TAR_ENDINGS = (".tar.gz", ".tgz")
PREFERRED_MEMBERS = ("e00", "e90", "e91")  # LCO's names of exposures: raw, quick-look, reduced
SKIP_BYTES = 1 << 20
BZIP2_END = 0x177245385090  # ends a stream, followed by a checksum of 32 bits and filled up to a whole byte
BZIP2_END_BITS, BZIP2_SUM_BITS = 48, 32
BZIP2_LAST_BYTES = 11

BinarySource = IO[bytes] | io.BufferedIOBase


class ForwardBytes(Protocol):
    """Bytes that are read once, from front to end."""

    def read(self, count: int, /) -> bytes:
        """The next `count` bytes; fewer only at the end."""

    def skip(self, count: int) -> int:
        """Pass over up to `count` bytes; answers how many there were."""


class PlainBytes:
    """A file on the disk; what is skipped is not read."""

    def __init__(self, stream: BinaryIO, *, size_bytes: int) -> None:
        self._stream = stream
        self._size_bytes = size_bytes

    def read(self, count: int) -> bytes:
        return self._stream.read(count)

    def skip(self, count: int) -> int:
        here = self._stream.tell()
        there = min(here + count, self._size_bytes)
        self._stream.seek(there)
        return there - here


class PackedBytes(io.BufferedIOBase):
    """What a packed stream gives, up to a limit.

    Raises UsageError when the packing is broken or more than the limit comes out of it.
    """

    def __init__(self, stream: BinarySource, *, name: str, packed_bytes: int, limits: Limits) -> None:
        super().__init__()
        self._stream = stream
        self._name = name
        self._packed_bytes = packed_bytes
        self._limits = limits
        self._taken_bytes = 0

    def readable(self) -> bool:
        return True

    def read(self, count: int | None = -1) -> bytes:
        try:
            block = self._stream.read(-1 if count is None else count)
        except (EOFError, zlib.error, tarfile.TarError, gzip.BadGzipFile) as error:
            raise self._broken(error) from error
        except OSError as error:
            if error.errno is not None:  # the disk's fault; bz2 reports bad data as an OSError without a number
                raise
            raise self._broken(error) from error
        self._taken_bytes += len(block)
        self._limits.require_unpacked(self._taken_bytes, packed_bytes=self._packed_bytes, name=self._name)
        return block

    def skip(self, count: int) -> int:
        left = count
        while left and (block := self.read(min(left, SKIP_BYTES))):
            left -= len(block)
        return count - left

    def _broken(self, error: Exception) -> UsageError:
        return UsageError(f"{self._name} can not be unpacked ({error}): it is damaged or cut short, send it again.")


@contextmanager
def open_fits_bytes(path: Path, limits: Limits) -> Iterator[ForwardBytes]:
    """Open the FITS bytes in `path`, unpacked as its name says. `.fits.fz` is FITS by itself and comes as it is.

    Raises UsageError if the file is empty, is not what its name says, or unpacks to too much.
    """
    name = path.name.lower()
    with path.open("rb") as stream:
        size_bytes = path.stat().st_size
        if size_bytes == 0:
            raise UsageError(f"{path.name} is empty: send the file again.")
        if name.endswith(TAR_ENDINGS):
            with _tar_member(stream, path.name, size_bytes, limits) as member:
                yield member
        elif name.endswith((".gz", ".bz2")):
            yield _unpacked(stream, name=path.name, packed_bytes=size_bytes, limits=limits)
        else:
            yield PlainBytes(stream, size_bytes=size_bytes)


def require_end(path: Path) -> None:
    """Raise UsageError for a file packed by bzip2 that lacks its end: what tells a cut one without unpacking it."""
    if not path.name.lower().endswith(".bz2"):
        return
    with path.open("rb") as stream:
        size_bytes = path.stat().st_size
        stream.seek(max(0, size_bytes - BZIP2_LAST_BYTES))
        last = int.from_bytes(stream.read(BZIP2_LAST_BYTES), "big")
    mask = (1 << BZIP2_END_BITS) - 1
    if all((last >> (BZIP2_SUM_BITS + padding)) & mask != BZIP2_END for padding in range(8)):
        raise UsageError(f"{path.name} does not end as bzip2 ends its files: it is cut short, send it again.")


def _unpacked(stream: BinarySource, *, name: str, packed_bytes: int, limits: Limits) -> PackedBytes:
    opened = gzip.GzipFile(fileobj=stream) if name.lower().endswith("gz") else bz2.BZ2File(stream)
    return PackedBytes(opened, name=name, packed_bytes=packed_bytes, limits=limits)


@contextmanager
def _tar_member(stream: BinaryIO, name: str, size_bytes: int, limits: Limits) -> Iterator[ForwardBytes]:
    """The FITS file in a tar. Members are only read, never extracted: their paths and links reach nothing."""
    try:
        wanted = _choose_member(stream, name, size_bytes, limits)
        stream.seek(0)
        with _open_tar(stream, name, size_bytes, limits) as archive:
            member = next(member for index, member in enumerate(archive) if index == wanted)
            content = archive.extractfile(member)
            if content is None:
                raise UsageError(f"{member.name!r} in {name} is no plain file: pack the file itself.")
            yield _member_bytes(content, member.name, size_bytes, limits)
    except (tarfile.TarError, RecursionError) as error:
        raise UsageError(f"{name} is no readable tar ({error}): it is damaged, pack it again.") from error


def _member_bytes(content: IO[bytes], name: str, size_bytes: int, limits: Limits) -> ForwardBytes:
    # A sparse member grows without the outer stream growing: so it has a limit of its own.
    bounded = PackedBytes(content, name=name, packed_bytes=size_bytes, limits=limits)
    if name.lower().endswith((".gz", ".bz2")):
        return _unpacked(bounded, name=name, packed_bytes=size_bytes, limits=limits)
    return bounded


def _open_tar(stream: BinaryIO, name: str, size_bytes: int, limits: Limits) -> tarfile.TarFile:
    outer = _unpacked(stream, name=name, packed_bytes=size_bytes, limits=limits)
    return tarfile.open(fileobj=outer, mode="r|")


def _choose_member(stream: BinaryIO, name: str, size_bytes: int, limits: Limits) -> int:
    """Index of the first member with `.fits` in its name, an exposure before all others."""
    first: int | None = None
    with _open_tar(stream, name, size_bytes, limits) as archive:
        for index, member in enumerate(archive):
            if not member.isreg() or ".fits" not in member.name:
                continue
            if any(part in member.name for part in PREFERRED_MEMBERS):
                return index
            first = index if first is None else first
    if first is None:
        raise UsageError(f"{name} holds no file with .fits in its name: pack one.")
    return first
