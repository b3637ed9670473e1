"""Numbers of a region, read from the store by ranges; means of blocks. Memory does not grow with the file."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archive.domain import access
from archive.downloads.cutout_layout import Part
from archive.downloads.cutout_region import Region
from archive.errors import TransientError, UsageError
from archive.models import StoredObject

MOST_READ_BYTES = 256 << 20  # for one answer
MOST_ASKED = 512  # ranges for one answer
GAP_BYTES = 1 << 20  # read and thrown away rather than asked for anew, which costs some milliseconds
CHUNK_PIXELS = 1 << 20
DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
UNSIGNED_64 = float(1 << 63)  # BZERO by which 64 bits hold numbers without a sign

Floats = NDArray[np.floating[Any]]


def pixels_of(stored: StoredObject, part: Part, region: Region) -> NDArray[np.float32]:
    """The region's values, (ny, nx): each the mean of a block, without pixels that have no value; NaN where none has.

    Raises UsageError when more would have to be read than one answer may cost.
    """
    rows = _rows(stored, part, region)
    if region.bin == 1:
        made = np.empty((region.ny, region.nx), dtype=np.float32)
        at = 0
        for chunk in rows:
            with np.errstate(over="ignore"):  # beyond the largest number of 32 bits lies infinity
                made[at : at + len(chunk)] = physical(chunk, part)
            at += len(chunk)
        return made
    return _means(rows, part, region)


def physical(stored: NDArray[Any], part: Part) -> Floats:
    """What stored numbers stand for. Integers are exact up to 53 bits; floats keep their width unless scaled."""
    is_whole = stored.dtype.kind in "iu"
    is_plain = part.scale == 1.0 and part.zero == 0.0
    if not is_whole and is_plain:
        return stored.astype(stored.dtype.newbyteorder("="))
    if is_whole and stored.dtype.itemsize == 8 and (part.scale, part.zero) == (1.0, UNSIGNED_64):
        values = (stored.astype(np.int64).view(np.uint64) ^ np.uint64(1 << 63)).astype(np.float64)
    else:
        values = stored.astype(np.float64)
        if not is_plain:
            values = values * part.scale + part.zero
    if is_whole and part.blank is not None:
        values[stored == part.blank] = np.nan
    return values


def _means(rows: Iterator[NDArray[Any]], part: Part, region: Region) -> NDArray[np.float32]:
    sums = np.zeros((region.ny, region.nx))
    counts = np.zeros((region.ny, region.nx), dtype=np.uint32)
    columns = np.arange(0, region.width, region.bin)
    at = 0
    for chunk in rows:
        values = physical(chunk, part)
        has_value = ~np.isnan(values)
        starts = np.unique(np.maximum((at + np.arange(len(chunk))) // region.bin * region.bin - at, 0))
        into = slice(at // region.bin, at // region.bin + len(starts))
        with np.errstate(over="ignore", invalid="ignore"):  # infinities of both signs have no mean
            across = np.add.reduceat(np.where(has_value, values, 0.0), columns, axis=1, dtype=np.float64)
            sums[into] += np.add.reduceat(across, starts, axis=0)
        counts[into] += np.add.reduceat(np.add.reduceat(has_value, columns, axis=1, dtype=np.uint32), starts, axis=0)
        at += len(chunk)
    with np.errstate(over="ignore", invalid="ignore"):
        return (sums / np.where(counts, counts, np.nan)).astype(np.float32)


def _rows(stored: StoredObject, part: Part, region: Region) -> Iterator[NDArray[Any]]:
    """The region's stored numbers, (n, width), some rows at a time."""
    dtype = np.dtype(DTYPES[part.bitpix])
    stride = part.width * dtype.itemsize
    wanted = region.width * dtype.itemsize
    row = region.plane * part.height + region.y0
    start = part.data_start + row * stride + region.x0 * dtype.itemsize
    if stride - wanted > GAP_BYTES:
        _require(region.height * wanted, n_asked=region.height)
        for number in range(region.height):
            begin = start + number * stride
            found = _Bytes(access.stream_of(stored, start=begin, stop=begin + wanted)).take(wanted)
            yield np.frombuffer(found, dtype).reshape(1, region.width)
        return
    span = (region.height - 1) * stride + wanted
    _require(span, n_asked=1)
    stream = _Bytes(access.stream_of(stored, start=start, stop=start + span))
    at_once = max(CHUNK_PIXELS // part.width, 1)
    for first in range(0, region.height, at_once):
        n_rows = min(at_once, region.height - first)
        is_last = first + n_rows == region.height
        found = stream.take((n_rows - 1) * stride + wanted if is_last else n_rows * stride)
        yield np.frombuffer(found.ljust(n_rows * stride, b"\0"), dtype).reshape(n_rows, part.width)[:, : region.width]


def _require(size_bytes: int, *, n_asked: int) -> None:
    if size_bytes > MOST_READ_BYTES or n_asked > MOST_ASKED:
        raise UsageError(
            f"{size_bytes} bytes in {n_asked} pieces would have to be read for that, more than {MOST_READ_BYTES} bytes "
            f"or {MOST_ASKED} pieces: ask for fewer rows."
        )


class _Bytes:
    """Bytes that come in blocks, taken in other lengths."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._held = bytearray()

    def take(self, count: int) -> bytes:
        """The next `count` bytes. Raises TransientError when the store gives fewer."""
        while len(self._held) < count:
            block = next(self._blocks, None)
            if block is None:
                raise TransientError("the store gave fewer bytes than it has: try again.")
            self._held += block
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken
