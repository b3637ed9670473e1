"""Where the tables of a FITS file lie, and how their rows are built: what a reader of one column needs to know.

The file is walked from header to header; data units are passed over. Pure: astropy and C libraries have no part in it.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from archive.errors import UsageError
from ingest.ao_maps import AoMap
from ingest.cards import CARD_BYTES, clean_text, parse_cards
from ingest.fits_layout import BLOCK_BYTES, data_bytes, image_header, is_compressed_image, padded

MOST_TABLE_BYTES = 256 << 20  # all tables of one file together; 200 sources of a cube have 36 MB
MOST_HEADER_BYTES = 16 << 20
MOST_HDUS = 10_000
MOST_COLUMNS = 999  # of the FITS standard
COMMENTARY = ("COMMENT", "HISTORY", "")

_END = b"END".ljust(CARD_BYTES)
_FORM = re.compile(r"\s*(\d*)([LBIJKAED])\s*\d*\s*")  # bits, complex numbers and arrays of variable length are told
_WIDTH = re.compile(r"\s*(\d*)([LXBIJKAEDCMPQ]).*")
_BYTES = {"L": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16, "P": 8, "Q": 16}

Header = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnLayout:
    """One column within the rows of its table. `letter` is the type, as TFORM has it."""

    name: str
    start: int  # bytes from the beginning of a row
    width: int  # bytes
    letter: str
    unit: str | None = None
    scale: float = 1
    zero: float = 0
    null: int | None = None  # the whole number that stands for no value


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLayout:
    """One table. `unread`: columns of a form that is not read, bits, complex, variable length."""

    name: str
    start: int  # bytes from the beginning of the file to the first row
    row_bytes: int
    n_rows: int
    columns: tuple[ColumnLayout, ...]
    unread: tuple[str, ...] = ()

    @property
    def stop(self) -> int:
        """Bytes from the beginning of the file to the end of the last row."""
        return self.start + self.row_bytes * self.n_rows

    def to_plain(self) -> dict[str, Any]:
        """The same as JSON has it. What is not said of a column is as `ColumnLayout` has it by itself."""
        usual = {"unit": None, "scale": 1, "zero": 0, "null": None}
        plain = asdict(self)
        plain["columns"] = [
            {key: value for key, value in asdict(column).items() if key not in usual or value != usual[key]}
            for column in self.columns
        ]
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "TableLayout":
        columns = tuple(ColumnLayout(**column) for column in plain["columns"])
        return cls(**{**plain, "columns": columns, "unread": tuple(plain["unread"])})


@dataclass(frozen=True, slots=True)
class FileLayout:
    """What was asked of one file; of two HDUs with one name the first. The header of PRIMARY is always in."""

    headers: Mapping[str, Header]
    tables: Mapping[str, TableLayout]
    names: tuple[str, ...]  # of all HDUs, in their order


def layout_of(stream: BinaryIO, wanted: AoMap, *, name: str) -> FileLayout:
    """Walk the FITS file in `stream`, which can seek; `name` is for messages.

    Raises UsageError when it is no whole FITS file, or its tables or headers take more than a file may.
    """
    headers: dict[str, Header] = {}
    tables: dict[str, TableLayout] = {}
    names: list[str] = []
    room = MOST_TABLE_BYTES
    for hdu_name, header, start, count in _walk(stream, name):
        names.append(hdu_name)
        if hdu_name == "PRIMARY" or wanted.headers.fullmatch(hdu_name):
            headers.setdefault(hdu_name, cards_of(header))
        if _is_table(header) and wanted.tables.fullmatch(hdu_name) and hdu_name not in tables:
            room -= count
            if room < 0:
                raise UsageError(f"the tables of {name} have more than {MOST_TABLE_BYTES} bytes: split the file.")
            tables[hdu_name] = _table(hdu_name, header, start, wanted, where=f"{hdu_name} of {name}")
    return FileLayout(headers, tables, tuple(names))


def cards_of(header: Header) -> dict[str, Any]:
    """Cards by keyword, of an image that is compressed the image's own; commentary cards as lists of their lines."""
    return {
        key: value.split("\n") if key in COMMENTARY and isinstance(value, str) else value
        for key, value in image_header(header).items()
    }


def _walk(stream: BinaryIO, name: str) -> Iterator[tuple[str, Header, int, int]]:
    """Name and header of each HDU, where its data begin, and how many bytes these are."""
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
        yield _name_of(header, number), header, at, count
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


def _table(name: str, header: Header, start: int, wanted: AoMap, *, where: str) -> TableLayout:
    row_bytes, n_rows = int(header.get("NAXIS1") or 0), int(header.get("NAXIS2") or 0)
    n_columns = header.get("TFIELDS")
    if not isinstance(n_columns, int) or not 0 <= n_columns <= MOST_COLUMNS or header.get("BITPIX") != 8:
        raise UsageError(f"{where} is no table as the FITS standard has it: write it again.")
    columns: dict[str, ColumnLayout] = {}
    unread: list[str] = []
    at = 0
    for number in range(1, n_columns + 1):
        written = str(header.get(f"TTYPE{number}") or f"col{number}").strip()
        width = _width(str(header.get(f"TFORM{number}") or ""), where)
        if at + width > row_bytes:
            raise UsageError(f"the columns of {where} are wider than its rows: write it again.")
        form = _FORM.fullmatch(str(header.get(f"TFORM{number}") or ""))
        if form is None:
            unread.append(written)
        else:
            called = wanted.renames.get(written, written)
            stored = {"start": at, "width": width, "letter": form[2], **_numbers(header, number, form[2])}
            columns.setdefault(called, ColumnLayout(name=called, unit=_unit(header, number, written, wanted), **stored))
        at += width
    return TableLayout(
        name=name,
        start=start,
        row_bytes=row_bytes,
        n_rows=n_rows,
        columns=tuple(columns.values()),
        unread=tuple(unread),
    )


def _width(form: str, where: str) -> int:
    found = _WIDTH.fullmatch(form)
    if found is None:
        raise UsageError(f"{where} has a column of the form {form!r}, which FITS does not know: write it again.")
    repeat = int(found[1] or 1)
    return -(-repeat // 8) if found[2] == "X" else repeat * _BYTES[found[2]]


def _numbers(header: Header, number: int, letter: str) -> dict[str, Any]:
    """Scale, zero and null of a column, where the header has them and they make sense."""
    scale, zero, null = (header.get(f"{key}{number}") for key in ("TSCAL", "TZERO", "TNULL"))
    found: dict[str, Any] = {}
    if letter not in "AL" and all(value is None or _is_number(value) for value in (scale, zero)):
        found |= {"scale": 1 if scale is None else scale, "zero": 0 if zero is None else zero}
    if letter in "BIJK" and isinstance(null, int) and not isinstance(null, bool):
        found["null"] = null
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _unit(header: Header, number: int, written: str, wanted: AoMap) -> str | None:
    stated = str(header.get(f"TUNIT{number}") or "").strip()
    return stated or next((unit for pattern, unit in wanted.units.items() if pattern.fullmatch(written)), None)
