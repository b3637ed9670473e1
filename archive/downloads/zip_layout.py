"""Where each byte of a zip lies, worked out before the first one is sent. Pure: numbers and names in, bytes out.

Files are stored as they are, with name, size and CRC-32 known beforehand, so the layout is fixed: every file's header,
its bytes, then the directory. What the fields hold is in PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3; from which size
on the wide ones of zip64 are used is the standard library's choice, and the tests compare with it byte for byte.
"""

import struct
import zipfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

VERSION = 1  # part of every ETag: raise it with any change that makes other bytes of the same selection

LOCAL = struct.Struct("<4s2B4HL2L2H")
ENTRY = struct.Struct("<4s4B4HL2L5H2L")
END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")
WIDE_ID, WORD = 1, 8
LOCAL_EXTRA = 4 + 2 * WORD
NARROW_32, NARROW_16 = 0xFFFFFFFF, 0xFFFF  # "look into the wide field"
PLAIN, WIDE = 20, 45  # versions of the format that a reader must know
UNIX = 3
UTF_8 = 0x800
FILE_MODE = 0o100644 << 16
FIRST_YEAR, LAST_YEAR = 1980, 2107  # of zip's clock
BATCH = 1000

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes `start` up to, not including, `stop` of a file; an empty file has one that is empty."""

    index: int
    start: int
    stop: int


class Layout:
    """The zip of some files. `size_bytes` is its length."""

    def __init__(self, names: Sequence[bytes], sizes: Numbers, crc32s: Numbers, stored_s: Numbers) -> None:
        self._names = names
        self._sizes: list[int] = sizes.tolist()
        self._crc32s: list[int] = crc32s.tolist()
        self._stored_s: list[int] = stored_s.tolist()
        lengths = np.fromiter(map(len, names), dtype=np.int64, count=len(names))
        is_wide = sizes > zipfile.ZIP64_LIMIT
        headers = LOCAL.size + lengths + LOCAL_EXTRA * is_wide
        starts = _edges(headers + sizes)
        is_far = starts[:-1] > zipfile.ZIP64_LIMIT
        words = 2 * is_wide + is_far
        entries = starts[-1] + _edges(ENTRY.size + lengths + np.where(words > 0, 4 + WORD * words, 0))
        self._headers: list[int] = headers.tolist()
        self._starts: list[int] = starts.tolist()
        self._entries: list[int] = entries.tolist()
        self._end = self._end_records()
        self.size_bytes = self._entries[-1] + len(self._end)

    def pieces(self, start: int, stop: int) -> Iterator[bytes | Part]:
        """What bytes `start` up to, not including, `stop` consist of: bytes of the zip's own, and parts of files."""
        yield from self._files(start, stop)
        yield from self._directory(start, stop)
        if stop > self._entries[-1]:
            yield self._end[max(start - self._entries[-1], 0) : stop - self._entries[-1]]

    def _files(self, start: int, stop: int) -> Iterator[bytes | Part]:
        for index in range(bisect_right(self._starts, start) - 1, len(self._sizes)):
            begins = self._starts[index]
            if begins >= stop:
                return
            header, size = self._headers[index], self._sizes[index]
            if start < begins + header:
                yield self._local_header(index)[max(start - begins, 0) : stop - begins]
            first, last = max(start - begins - header, 0), min(stop - begins - header, size)
            if first < last or (size == 0 and first == last):
                yield Part(index, first, last)

    def _directory(self, start: int, stop: int) -> Iterator[bytes]:
        """A thousand entries at a time: they are short."""
        first = max(bisect_right(self._entries, start) - 1, 0)
        for index in range(first, len(self._sizes), BATCH):
            begins = self._entries[index]
            if begins >= stop:
                return
            batch = range(index, min(index + BATCH, len(self._sizes)))
            yield b"".join(map(self._entry, batch))[max(start - begins, 0) : stop - begins]

    def _local_header(self, index: int) -> bytes:
        name, size = self._names[index], self._sizes[index]
        extra = b""
        if size > zipfile.ZIP64_LIMIT:
            extra, size = struct.pack("<2H2Q", WIDE_ID, 2 * WORD, size, size), NARROW_32
        needs = WIDE if extra else PLAIN
        flags, clock, day = _flags(name), *_moment(self._stored_s[index])
        crc32 = self._crc32s[index]
        fixed = LOCAL.pack(b"PK\3\4", needs, 0, flags, 0, clock, day, crc32, size, size, len(name), len(extra))
        return fixed + name + extra

    def _entry(self, index: int) -> bytes:
        name, size, begins = self._names[index], self._sizes[index], self._starts[index]
        words = []
        if size > zipfile.ZIP64_LIMIT:
            words, size = [size, size], NARROW_32
        if begins > zipfile.ZIP64_LIMIT:
            words, begins = [*words, begins], NARROW_32
        extra = struct.pack(f"<2H{len(words)}Q", WIDE_ID, WORD * len(words), *words) if words else b""
        needs = WIDE if words else PLAIN
        flags, clock, day = _flags(name), *_moment(self._stored_s[index])
        fixed = (b"PK\1\2", needs, UNIX, needs, 0, flags, 0, clock, day, self._crc32s[index], size, size)
        return ENTRY.pack(*fixed, len(name), len(extra), 0, 0, 0, FILE_MODE, begins) + name + extra

    def _end_records(self) -> bytes:
        begins, ends = self._starts[-1], self._entries[-1]
        count, size = len(self._sizes), ends - begins
        is_wide = max(begins, size) > zipfile.ZIP64_LIMIT or count > zipfile.ZIP_FILECOUNT_LIMIT
        wide = b""
        if is_wide:
            rest = END_64.size - 12
            wide = END_64.pack(b"PK\6\6", rest, WIDE, WIDE, 0, 0, count, count, size, begins)
            wide += LOCATOR_64.pack(b"PK\6\7", 0, ends, 1)
        count, size, begins = min(count, NARROW_16), min(size, NARROW_32), min(begins, NARROW_32)
        return wide + END.pack(b"PK\5\6", 0, 0, count, count, size, begins, 0)


def _edges(lengths: Numbers) -> Numbers:
    """Where each of these begins when they follow each other, and where the last one ends."""
    return np.concatenate(([0], np.cumsum(lengths)))


def _flags(name: bytes) -> int:
    return 0 if name.isascii() else UTF_8


def _moment(unix_s: int) -> tuple[int, int]:
    """Time and date as zip writes them: UTC, to two seconds."""
    moment = datetime.fromtimestamp(unix_s, UTC)
    year = min(max(moment.year, FIRST_YEAR), LAST_YEAR) - FIRST_YEAR
    clock = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return clock, year << 9 | moment.month << 5 | moment.day
