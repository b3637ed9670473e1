"""The layout of a zip, against the standard library's writer and reader, and against itself cut at any place."""

import io
import zipfile
import zlib
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.downloads.zip_layout import Layout, Part

STORED_AT = datetime(2026, 3, 9, 1, 8, 31, tzinfo=UTC)
NAMES = st.text(st.characters(exclude_characters="/\\", exclude_categories=("Cc", "Cs")), min_size=1, max_size=40)
FILES = st.dictionaries(NAMES, st.binary(max_size=60), min_size=1, max_size=6)


def layout_of(sizes: dict[str, int], crc32s=None, stored_at: datetime = STORED_AT) -> Layout:
    count = len(sizes)
    return Layout(
        [name.encode() for name in sizes],
        np.array(list(sizes.values()), dtype=np.int64),
        np.array(crc32s or [0] * count, dtype=np.int64),
        np.full(count, int(stored_at.timestamp()), dtype=np.int64),
    )


def layout_with(files: dict[str, bytes], stored_at: datetime = STORED_AT) -> Layout:
    sizes = {name: len(content) for name, content in files.items()}
    return layout_of(sizes, [zlib.crc32(content) for content in files.values()], stored_at)


def read(layout: Layout, files: dict[str, bytes], start: int = 0, stop: int | None = None) -> bytes:
    contents = list(files.values())
    pieces = layout.pieces(start, layout.size_bytes if stop is None else stop)
    return b"".join(
        contents[piece.index][piece.start : piece.stop] if isinstance(piece, Part) else piece for piece in pieces
    )


def by_standard_library(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, date_time=STORED_AT.timetuple()[:6])
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content)
    return target.getvalue()


@given(FILES)
def test_the_bytes_are_those_that_the_standard_library_writes(files):
    layout = layout_with(files)
    assert read(layout, files) == by_standard_library(files)
    assert layout.size_bytes == len(by_standard_library(files))


@given(FILES, st.data())
def test_any_range_is_that_slice_of_the_whole(files, data):
    layout = layout_with(files)
    whole = read(layout, files)
    start = data.draw(st.integers(0, len(whole)))
    stop = data.draw(st.integers(start, len(whole)))
    assert read(layout, files, start, stop) == whole[start:stop]


@given(FILES, st.data())
def test_ranges_with_the_wide_fields_of_zip64_are_slices_too(files, data):
    limit = data.draw(st.integers(0, 200))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zipfile, "ZIP64_LIMIT", limit)
        patch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", data.draw(st.integers(0, 6)))
        layout = layout_with(files)
        whole = read(layout, files)
        start = data.draw(st.integers(0, len(whole)))
        stop = data.draw(st.integers(start, len(whole)))
        assert read(layout, files, start, stop) == whole[start:stop]
    with zipfile.ZipFile(io.BytesIO(whole)) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == files


def test_at_every_single_byte_the_rest_is_the_rest():
    files = {"a": b"one", "empty": b"", "b/ü": b"three four", "last": b""}
    layout = layout_with(files)
    whole = read(layout, files)
    assert [read(layout, files, start) for start in range(len(whole) + 1)] == [
        whole[start:] for start in range(len(whole) + 1)
    ]
    assert [read(layout, files, 0, stop) for stop in range(len(whole))] == [whole[:stop] for stop in range(len(whole))]


def test_every_file_is_asked_for_once_an_empty_one_too():
    layout = layout_of({"empty": 0, "one": 1, "two": 2})
    parts = [piece for piece in layout.pieces(0, layout.size_bytes) if isinstance(piece, Part)]
    assert parts == [Part(0, 0, 0), Part(1, 0, 1), Part(2, 0, 2)]


class Virtual(io.RawIOBase):
    """A zip of zeros that exists only where it is read."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._at = layout, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._layout.size_bytes)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer) -> int:
        stop = min(self._at + len(buffer), self._layout.size_bytes)
        pieces = self._layout.pieces(self._at, stop)
        got = b"".join(bytes(piece.stop - piece.start) if isinstance(piece, Part) else piece for piece in pieces)
        buffer[: len(got)] = got
        self._at += len(got)
        return len(got)


GIB = 1 << 30


@pytest.mark.parametrize(
    "sizes",
    [
        {"large": 5 * GIB, "small": 3, "beyond": 3},
        {"just below": 2 * GIB - 1, "just above": 2 * GIB, "far": 1},
        {f"{number}": GIB for number in range(6)},
        {f"many/{number:06d}": number % 3 for number in range(70_001)},
    ],
    ids=["file of 5 GiB", "around 2 GiB", "offsets beyond 4 GiB", "70,001 files"],
)
def test_zip64_is_read_by_the_standard_library(sizes):
    layout = layout_of(sizes, [zlib.crc32(bytes(size)) if size < 10 else 7 for size in sizes.values()])
    with zipfile.ZipFile(Virtual(layout)) as opened:
        assert {info.filename: info.file_size for info in opened.infolist()} == sizes
        last = opened.infolist()[-1]
        if last.file_size < 10:
            assert opened.read(last) == bytes(last.file_size)


@pytest.mark.parametrize("year", [1970, 1980, 2107, 2200])
def test_a_time_that_zip_does_not_know_becomes_the_nearest_year(year):
    files = {"a": b"one"}
    layout = layout_with(files, datetime(year, 12, 31, 23, 59, 58, tzinfo=UTC))
    with zipfile.ZipFile(io.BytesIO(read(layout, files))) as opened:
        assert opened.infolist()[0].date_time == (min(max(year, 1980), 2107), 12, 31, 23, 59, 58)
