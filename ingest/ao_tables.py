"""Adaptive-optics tables and headers of one FITS file, typed, without a pixel of its images.

The file is walked from header to header. Data units are passed over, but for the tables that the map asks for, and
what these may take is bounded before they are read. Pure: astropy and C libraries have no part in it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from archive.errors import UsageError
from ingest.ao_maps import AoMap
from ingest.cards import CARD_BYTES, clean_text, parse_cards
from ingest.fits_layout import BLOCK_BYTES, data_bytes, image_header, is_compressed_image, padded

MOST_TABLE_BYTES = 256 << 20  # all tables of one file together; 200 sources of a cube have 36 MB
MOST_HEADER_BYTES = 16 << 20
MOST_HDUS = 10_000
MOST_COLUMNS = 999  # of the FITS standard

_END = b"END".ljust(CARD_BYTES)
_LINES = ("COMMENT", "HISTORY", "")
_FORM = re.compile(r"\s*(\d*)([LBIJKAED])\s*\d*\s*")  # bits, complex numbers and arrays of variable length are told
_WIDTH = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ]).*")
_BYTES = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}
_TYPES = {"L": "u1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}

Header = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: (n_rows,) or (n_rows, n_elements), in the type it was written in.

    A NaN stays one. `masked` says which elements hold the table's null value instead of a number; None: it has none.
    """

    values: npt.NDArray[Any]
    unit: str | None = None
    masked: npt.NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns by name, in their order. `unread`: those of a form that is not read, bits, complex, variable length."""

    columns: Mapping[str, Column]
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AoFile:
    """What was asked of one file, by names of HDUs; of two with one name the first. PRIMARY is always in."""

    headers: Mapping[str, Header]
    tables: Mapping[str, Table]
    names: tuple[str, ...]  # of all HDUs, in their order


def read_ao_file(stream: BinaryIO, layout: AoMap, *, name: str) -> AoFile:
    """Read headers and tables of the FITS file in `stream`, which can seek; `name` is for messages.

    Raises UsageError when it is no whole FITS file, or its tables or headers take more than a file may.
    """
    headers: dict[str, Header] = {}
    tables: dict[str, Table] = {}
    names: list[str] = []
    room = MOST_TABLE_BYTES
    for hdu_name, header, count in _walk(stream, name):
        names.append(hdu_name)
        if hdu_name == "PRIMARY" or layout.headers.fullmatch(hdu_name):
            headers.setdefault(hdu_name, cards_of(header))
        if _is_table(header) and layout.tables.fullmatch(hdu_name) and hdu_name not in tables:
            room -= count
            if room < 0:
                raise UsageError(f"the tables of {name} have more than {MOST_TABLE_BYTES} bytes: split the file.")
            tables[hdu_name] = _table(header, _exactly(stream, count, name), layout, where=f"{hdu_name} of {name}")
    return AoFile(headers, tables, tuple(names))


def cards_of(header: Header) -> dict[str, Any]:
    """Cards by keyword, of an image that is compressed the image's own; commentary cards as lists of their lines."""
    return {
        key: value.split("\n") if key in _LINES and isinstance(value, str) else value
        for key, value in image_header(header).items()
    }


def times_of(table: Table, layout: AoMap) -> npt.NDArray[np.datetime64] | None:
    """When each row was written, UTC to the microsecond; None for a table without such columns. NaT: not readable."""
    for key in layout.time_text:
        if key in table.columns:
            return np.array([_moment(str(text)) for text in table.columns[key].values], "datetime64[us]")
    if layout.time_seconds is None or any(key not in table.columns for key in layout.time_seconds):
        return None
    seconds, micros = (table.columns[key].values.astype(np.int64) for key in layout.time_seconds)
    return (seconds * 1_000_000 + micros).astype("datetime64[us]")


def _moment(text: str) -> np.datetime64:
    try:
        return np.datetime64(text.strip().removesuffix("Z"), "us")
    except ValueError:
        return np.datetime64("NaT", "us")


def _walk(stream: BinaryIO, name: str) -> Iterator[tuple[str, Header, int]]:
    """Name, header and bytes of data of each HDU; the stream stands before its data when it is told."""
    size = stream.seek(0, 2)
    at = header_total = number = 0
    while at < size or not number:
        stream.seek(at)
        raw = _raw_header(stream, name, number, most=MOST_HEADER_BYTES - header_total)
        if raw is None:
            return  # zeros or rubbish behind the last HDU: intake judges that
        header_total += len(raw)
        header = parse_cards(clean_text(raw[: _end_of(raw)]))
        where = f"HDU {number} of {name}"
        count = data_bytes(header, is_primary=number == 0, where=where)
        at += len(raw)
        if at + count > size:
            raise UsageError(f"{where} declares {count} bytes of data and the file ends before: send it whole.")
        yield _name_of(header, number), header, count
        at += padded(count)
        number += 1
        if number > MOST_HDUS:
            raise UsageError(f"{name} has more than {MOST_HDUS} HDUs: split the file.")


def _raw_header(stream: BinaryIO, name: str, number: int, *, most: int) -> bytes | None:
    """Blocks up to the one with END, padded as in the file; None where no further HDU begins."""
    found = bytearray()
    while True:
        block = stream.read(BLOCK_BYTES)
        if not found and not block.startswith(b"XTENSION" if number else b"SIMPLE  ="):
            if number:
                return None
            raise UsageError(f"{name} does not begin as a FITS file does: send FITS.")
        found += block
        if _end_of(block) < len(block):
            return bytes(found)
        if len(block) < BLOCK_BYTES or len(found) > most:
            raise UsageError(f"the header of HDU {number} of {name} has no end: the file is damaged, send it again.")


def _end_of(raw: bytes) -> int:
    """Where the END card starts; the length of `raw` where there is none."""
    starts = range(0, len(raw), CARD_BYTES)
    return next((start for start in starts if raw[start : start + CARD_BYTES] == _END), len(raw))


def _name_of(header: Header, number: int) -> str:
    return str(header.get("EXTNAME") or "").strip() if number else "PRIMARY"


def _is_table(header: Header) -> bool:
    return header.get("XTENSION") == "BINTABLE" and not is_compressed_image(header) and header.get("ZTABLE") is not True


def _exactly(stream: BinaryIO, count: int, name: str) -> bytes:
    found = stream.read(count)
    if len(found) < count:
        raise UsageError(f"{name} grew shorter while it was read: send it again.")
    return found


def _table(header: Header, data: bytes, layout: AoMap, *, where: str) -> Table:
    width, n_rows = int(header.get("NAXIS1") or 0), int(header.get("NAXIS2") or 0)
    n_columns = header.get("TFIELDS")
    if not isinstance(n_columns, int) or not 0 <= n_columns <= MOST_COLUMNS or header.get("BITPIX") != 8:
        raise UsageError(f"{where} is no table as the FITS standard has it: write it again.")
    rows = np.frombuffer(data, np.uint8, count=width * n_rows).reshape(n_rows, width)
    columns: dict[str, Column] = {}
    unread: list[str] = []
    at = 0
    for number in range(1, n_columns + 1):
        written = str(header.get(f"TTYPE{number}") or f"col{number}").strip()
        count = _width(str(header.get(f"TFORM{number}") or ""), where)
        if at + count > width:
            raise UsageError(f"the columns of {where} are wider than its rows: write it again.")
        column = _column(header, number, rows[:, at : at + count])
        at += count
        if column is None:
            unread.append(written)
        else:
            called = layout.renames.get(written, written)
            columns.setdefault(called, Column(column[0], _unit(header, number, written, layout), column[1]))
    return Table(columns, tuple(unread))


def _width(form: str, where: str) -> int:
    found = _WIDTH.fullmatch(form)
    if found is None:
        raise UsageError(f"{where} has a column of the form {form!r}, which FITS does not know: write it again.")
    repeat = int(found[1] or 1)
    return -(-repeat // 8) if found[2] == "X" else repeat * _BYTES[found[2]]


def _column(
    header: Header, number: int, cells: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None] | None:
    """Values, and where they are null; None for a form that is not read."""
    form = _FORM.fullmatch(str(header.get(f"TFORM{number}") or ""))
    if form is None:
        return None
    letter, n_rows = form[2], len(cells)
    if letter == "A":
        return np.array([_text(bytes(cell)) for cell in cells], dtype=np.str_), None
    elements = cells.shape[1] // _BYTES[letter]
    raw = np.frombuffer(cells.tobytes(), _TYPES[letter]).reshape(n_rows, elements)
    raw = raw[:, 0] if elements == 1 else raw
    if letter == "L":
        return raw == ord("T"), _told(~np.isin(raw, (ord("T"), ord("F"))))
    null = header.get(f"TNULL{number}")
    masked = raw == null if letter in "BIJK" and isinstance(null, int) else None
    return _scaled(raw, header, number), None if masked is None else _told(masked)


def _told(masked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    return masked if masked.any() else None


def _text(cell: bytes) -> str:
    """Text up to the first NUL; bytes outside ASCII become question marks, as in headers."""
    return clean_text(cell.split(b"\0", 1)[0]).rstrip()


def _scaled(raw: npt.NDArray[Any], header: Header, number: int) -> npt.NDArray[Any]:
    """Values in the byte order of this machine, by TSCAL and TZERO where the header has them."""
    native = raw.astype(raw.dtype.newbyteorder("="))
    scale, zero = header.get(f"TSCAL{number}", 1), header.get(f"TZERO{number}", 0)
    if not all(isinstance(value, int | float) for value in (scale, zero)) or (scale, zero) == (1, 0):
        return native
    if scale == 1 and native.dtype.kind in "iu" and float(zero).is_integer() and abs(zero) <= 1 << 31:
        wider = native.astype(np.int64)  # the usual way to write unsigned numbers
        return wider + int(zero)
    return native * np.float64(scale) + np.float64(zero)


def _unit(header: Header, number: int, written: str, layout: AoMap) -> str | None:
    stated = str(header.get(f"TUNIT{number}") or "").strip()
    return stated or next((unit for pattern, unit in layout.units.items() if pattern.fullmatch(written)), None)
