"""Messages that are laid out alike, byte by byte but for their values: those are read together, column by column.

Where a message's values lie follows from the bytes that are no values: offsets, vtables, counts, the zeros that end
strings. Of a message that was walked through and found good, they are noted; another one of the same length and with
the same such bytes is as good, and its values lie in the same places. So most records cost one comparison, and numpy
and orjson write their numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from struct import Struct, calcsize
from typing import Any

import numpy as np
import orjson

from telemetry.formats.fbs import Field, Schema
from telemetry.formats.flatbuffer_plans import default_text

LONGEST = 2**16  # bytes of a message whose layout is noted
MOST_COLUMNS = 256
_u16 = Struct("<H").unpack_from
_u32 = Struct("<I").unpack_from
_i32 = Struct("<i").unpack_from
_STRING = "s"


@dataclass(frozen=True, slots=True)
class Column:
    """One value of each message of a layout: a number, so many of them, or a string."""

    kind: str  # a code of Python's struct; 's' for a string, whose count is that of its bytes
    at: int
    count: int
    is_vector: bool

    @property
    def end(self) -> int:
        return self.at + self.count * (1 if self.kind == _STRING else calcsize(f"<{self.kind}"))


@dataclass(slots=True)
class Written:
    """JSON of messages; which of them hold more than that says."""

    texts: list[str]
    odd: list[int] = field(default_factory=list)  # by their numbers that are none
    lossy: list[int] = field(default_factory=list)  # by their strings


class Layout:
    """What messages that are laid out as `message` have in common. `message` was found good by `TableReader`."""

    def __init__(self, schema: Schema, message: bytes) -> None:
        """Note it. `is_usable` tells whether values lie apart from what leads to them, as all writers have it."""
        traced = _Trace(schema, message)
        self.length = len(message)
        self.unknown = traced.unknown
        self.is_usable = traced.is_usable
        self.fixed = Struct(traced.form).unpack
        self.expected = self.fixed(message)
        self._columns = traced.columns
        self._text = "".join(traced.text)

    def written(self, messages: Sequence[bytes]) -> Written:
        """The JSON of messages for which `fixed` gives `expected`."""
        found = Written([])
        if not self._columns:
            found.texts = [self._text % ()] * len(messages)
            return found
        data = b"".join(messages)
        columns = [
            self._strings(each, messages, found) if each.kind == _STRING else self._numbers(each, data, found)
            for each in self._columns
        ]
        found.texts = [*map(self._text.__mod__, zip(*columns, strict=True))]
        return found

    def _numbers(self, column: Column, data: bytes, found: Written) -> list[str]:
        """A text for each message. A vector's is that of all its numbers."""
        width = calcsize(f"<{column.kind}")
        shape = (len(data) // self.length, column.count)
        view: Any = np.ndarray(shape, f"<{column.kind}", data, column.at, (self.length, width))
        values = view.copy()
        if column.kind in "fd" and not (finite := np.isfinite(values).all(axis=1)).all():
            found.odd += np.flatnonzero(~finite).tolist()
        parts = values if column.is_vector else values.ravel()
        text = orjson.dumps(parts, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        return text[2:-2].split("],[") if column.is_vector else text[1:-1].split(",")

    @staticmethod
    def _strings(column: Column, messages: Sequence[bytes], found: Written) -> list[str]:
        start, end = column.at, column.end
        data = [message[start:end] for message in messages]
        spelled = {each: spelt(each) for each in set(data)}
        if any(is_lossy for _, is_lossy in spelled.values()):
            found.lossy += [number for number, each in enumerate(data) if spelled[each][1]]
        return [spelled[each][0] for each in data]


def spelt(data: bytes) -> tuple[str, bool]:
    """A string as JSON, and whether that says less: what JSON or jsonb can not hold of it is U+FFFD there."""
    is_lossy = False
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        is_lossy = True
        text = data.decode("utf-8", "replace")
    if "\0" in text:
        is_lossy = True
        text = text.replace("\0", "\ufffd")
    return orjson.dumps(text).decode(), is_lossy


class _Trace:
    """Walks once more through a message that is known to be good, and notes where everything lies."""

    def __init__(self, schema: Schema, message: bytes) -> None:
        self.columns: list[Column] = []
        self.text: list[str] = []
        self.unknown = 0
        self._tables = schema.tables
        self._message = message
        self._is_fixed = bytearray(len(message))
        self._table(schema.root, self._follow(0))

    @property
    def is_usable(self) -> bool:
        return len(self.columns) <= MOST_COLUMNS and not any(
            any(self._is_fixed[column.at : column.end]) for column in self.columns
        )

    @property
    def form(self) -> str:
        """The fixed bytes, for struct."""
        runs = [f"{end - start}{'s' if is_fixed else 'x'}" for start, end, is_fixed in self._runs()]
        return f"<{''.join(runs)}"

    def _runs(self) -> Iterator[tuple[int, int, int]]:
        start = 0
        while start < len(self._is_fixed):
            is_fixed = self._is_fixed[start]
            end = self._is_fixed.find(1 - is_fixed, start)
            end = len(self._is_fixed) if end < 0 else end
            yield start, end, is_fixed
            start = end

    def _fix(self, at: int, count: int) -> None:
        self._is_fixed[at : at + count] = b"\1" * count

    def _follow(self, at: int) -> int:
        self._fix(at, 4)
        return at + int(_u32(self._message, at)[0])

    def _table(self, name: str, at: int) -> None:
        vtable = at - _i32(self._message, at)[0]
        length = _u16(self._message, vtable)[0]
        self._fix(at, 4)
        self._fix(vtable, length)
        slots = Struct(f"<{length // 2}H").unpack_from(self._message, vtable)[2:]
        fields = self._tables[name]
        self.unknown += sum(slot > 0 for slot in slots[len(fields) :])
        comma = "{"
        for each in fields:
            place = slots[each.slot] if each.slot < len(slots) else 0
            if place or each.is_scalar:
                self.text.append(f"{comma}{orjson.dumps(each.name).decode()}:".replace("%", "%%"))
                self._value(each, at + place if place else 0)
                comma = ","
        self.text.append("{}" if comma == "{" else "}")

    def _value(self, each: Field, at: int) -> None:
        if each.is_scalar and not at:
            self.text.append(default_text(each))
        elif each.is_scalar:
            self._column(each.kind, at, 1)
        elif each.is_vector:
            self._vector(each, self._follow(at))
        else:
            self._part(each.kind, self._follow(at))

    def _part(self, kind: str, at: int) -> None:
        """A string or a table."""
        if kind != "string":
            self._table(kind, at)
            return
        count = _u32(self._message, at)[0]
        self._fix(at, 4)
        self._fix(at + 4 + count, 1)
        self._column(_STRING, at + 4, count)

    def _vector(self, each: Field, at: int) -> None:
        count = _u32(self._message, at)[0]
        self._fix(at, 4)
        self.text.append("[")
        if len(each.kind) == 1 and count:
            self._column(each.kind, at + 4, count, is_vector=True)
        elif len(each.kind) > 1:
            for number in range(count):
                self.text.append("," if number else "")
                self._part(each.kind, self._follow(at + 4 + 4 * number))
        self.text.append("]")

    def _column(self, kind: str, at: int, count: int, *, is_vector: bool = False) -> None:
        self.columns.append(Column(kind, at, count, is_vector))
        self.text.append("%s")
