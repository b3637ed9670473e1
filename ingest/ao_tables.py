"""Adaptive-optics tables and headers of one FITS file, typed, without a pixel of its images.

`ingest.ao_layout` tells where the rows lie; here their bytes become arrays, in plain numpy.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from archive.errors import UsageError
from ingest.ao_layout import ColumnLayout, Header, TableLayout, layout_of
from ingest.ao_maps import AoMap
from ingest.cards import clean_text

_TYPES = {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}


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
class ReadFile:
    """What was asked of one file, by names of HDUs; of two with one name the first. PRIMARY is always in."""

    headers: Mapping[str, Header]
    tables: Mapping[str, Table]


def read_ao_file(stream: BinaryIO, wanted: AoMap, *, name: str) -> ReadFile:
    """Read headers and tables of the FITS file in `stream`, which can seek; `name` is for messages.

    Raises UsageError when it is no whole FITS file, or its tables or headers take more than a file may.
    """
    layout = layout_of(stream, wanted, name=name)
    tables: dict[str, Table] = {}
    for table in layout.tables.values():
        stream.seek(table.start)
        rows = stream.read(table.stop - table.start)
        if table.start + len(rows) < table.stop:
            raise UsageError(f"{name} grew shorter while it was read: send it again.")
        tables[table.name] = decoded(table, rows)
    return ReadFile(layout.headers, tables)


def decoded(table: TableLayout, rows: bytes, *, only: Collection[str] | None = None) -> Table:
    """Columns of all rows of a table, or those of these names, out of the bytes of its rows."""
    cells = np.frombuffer(rows, np.uint8, count=table.row_bytes * table.n_rows).reshape(table.n_rows, table.row_bytes)
    chosen = (column for column in table.columns if only is None or column.name in only)
    return Table({column.name: _column(column, cells) for column in chosen}, table.unread)


def times_of(table: Table, wanted: AoMap) -> npt.NDArray[np.datetime64] | None:
    """When each row was written, UTC to the microsecond; None for a table without such columns. NaT: not readable."""
    for key in wanted.time_text:
        if key in table.columns:
            return np.array([_moment(str(text)) for text in table.columns[key].values], "datetime64[us]")
    if wanted.time_seconds is None or any(key not in table.columns for key in wanted.time_seconds):
        return None
    seconds, micros = (table.columns[key].values.astype(np.int64) for key in wanted.time_seconds)
    return (seconds * 1_000_000 + micros).astype("datetime64[us]")


def _moment(text: str) -> np.datetime64:
    try:
        return np.datetime64(text.strip().removesuffix("Z"), "us")
    except ValueError:
        return np.datetime64("NaT", "us")


def _column(layout: ColumnLayout, rows: npt.NDArray[np.uint8]) -> Column:
    cells = rows[:, layout.start : layout.start + layout.width]
    if layout.letter == "A":
        return Column(np.array([_text(bytes(cell)) for cell in cells], dtype=np.str_), layout.unit)
    if layout.letter == "L":
        raw = _elements(cells, "u1")
        return Column(raw == ord("T"), layout.unit, _told(~np.isin(raw, (ord("T"), ord("F")))))
    raw = _elements(cells, _TYPES[layout.letter])
    masked = None if layout.null is None else _told(raw == layout.null)
    return Column(_scaled(raw, layout), layout.unit, masked)


def _elements(cells: npt.NDArray[np.uint8], kind: str) -> npt.NDArray[Any]:
    """Numbers of a column, a row each, or of each row as many as it holds."""
    count = cells.shape[1] // np.dtype(kind).itemsize
    raw = np.frombuffer(cells.tobytes(), kind).reshape(len(cells), count)
    return raw[:, 0] if count == 1 else raw


def _told(masked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_] | None:
    return masked if masked.any() else None


def _text(cell: bytes) -> str:
    """Text up to the first NUL; bytes outside ASCII become question marks, as in headers."""
    return clean_text(cell.split(b"\0", 1)[0]).rstrip()


def _scaled(raw: npt.NDArray[Any], layout: ColumnLayout) -> npt.NDArray[Any]:
    """Values in the byte order of this machine, by TSCAL and TZERO where the header has them."""
    native = raw.astype(raw.dtype.newbyteorder("="))
    scale, zero = layout.scale, layout.zero
    if (scale, zero) == (1, 0):
        return native
    if scale == 1 and native.dtype.kind in "iu" and float(zero).is_integer() and abs(zero) <= 1 << 31:
        wider = native.astype(np.int64)  # the usual way to write unsigned numbers
        return wider + int(zero)
    return native * np.float64(scale) + np.float64(zero)
