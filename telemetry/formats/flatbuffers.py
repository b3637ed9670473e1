"""FlatBuffers tables to JSON text, driven by a schema: exact, bounded by the message, and fast.

A table's layout is its vtable, so what follows from one is worked out once (`Plan`) and kept: which bytes are which
numbers, and the JSON text between them. Numbers of a whole batch of messages become text together (`Texts`), because
orjson writes an array of floats some twenty times faster than Python writes them one by one, and single precision in
its own shortest form.

Format: FlatBuffers documentation, "FlatBuffer Internals".
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct, calcsize
from typing import Any

import numpy as np
import orjson

from telemetry.formats.fbs import Field, Schema
from telemetry.formats.flatbuffer_plans import MalformedError, Plan, planned

DEEPEST = 8
MOST_PLANS = 4096
LONGEST_USUAL = 1024  # bytes before a table that are worth comparing
_u16 = Struct("<H").unpack_from
_u32 = Struct("<I").unpack_from
_i32 = Struct("<i").unpack_from
_FLOATS = "fd"
_NO_NUMBERS = {"nan", "inf", "-inf"}


@dataclass(slots=True)
class Texts:
    """JSON of many messages in the making: pieces of text, and numbers whose text comes at the end."""

    parts: list[Any] = field(default_factory=list)
    singles: list[float] = field(default_factory=list)
    singles_at: list[int] = field(default_factory=list)  # index in `parts` of each
    doubles: list[float] = field(default_factory=list)
    doubles_at: list[int] = field(default_factory=list)
    nested: list[tuple[int, int, int]] = field(
        default_factory=list
    )  # a part that is the text of others, inner ones first
    ranges: list[tuple[int, int]] = field(default_factory=list)  # of each message in `parts`
    odd: set[int] = field(default_factory=set)  # messages with numbers that are none, found so far
    message: bytes = b""  # the last one
    lossy: bool = False  # the last message has more than its text says
    unknown: int = 0  # fields of the last message that are newer than its schema
    budget: int = 0  # bytes of strings and tables that the last message may still spell out

    def forget_from(self, mark: tuple[int, int, int, int]) -> None:
        """Go back to `mark`: a message turned out to be malformed."""
        parts, singles, doubles, nested = mark
        del self.parts[parts:], self.nested[nested:]
        del self.singles[singles:], self.singles_at[singles:]
        del self.doubles[doubles:], self.doubles_at[doubles:]
        self.odd.discard(len(self.ranges))

    def add_plain(self, text: str) -> None:
        """Add a message that is this JSON."""
        self.parts.append(text)
        self.ranges.append((len(self.parts) - 1, len(self.parts)))

    def mark(self) -> tuple[int, int, int, int]:
        """How much there is."""
        return len(self.parts), len(self.singles), len(self.doubles), len(self.nested)

    def finished(self) -> list[bytes]:
        """The JSON of each message. Numbers that JSON can not say are null there, and their messages are in `odd`."""
        parts = self.parts
        for values, places, kind in (
            (self.singles, self.singles_at, np.float32),
            (self.doubles, self.doubles_at, np.float64),
        ):
            if values:
                self._write(np.array(values, dtype=kind), places)
        for place, start, end in self.nested:
            parts[place] = "".join(parts[start:end])
        return ["".join(parts[start:end]).encode() for start, end in self.ranges]

    def _write(self, values: Any, places: list[int]) -> None:
        parts = self.parts
        for place, text in zip(places, _json(values)[1:-1].split(","), strict=True):
            parts[place] = text
        if not np.isfinite(values).all():
            starts = [start for start, _ in self.ranges]
            for index in np.flatnonzero(~np.isfinite(values)):
                self.odd.add(bisect_right(starts, places[index]) - 1)


class TableReader:
    """Reads messages of one schema."""

    def __init__(self, schema: Schema) -> None:
        """Read tables of the schema's root type."""
        self.schema = schema
        self._plans: dict[tuple[str, bytes], Plan] = {}
        self._usual: dict[bytes, Plan] = {}  # by the bytes of a message before its table's fields

    def read(self, message: bytes, texts: Texts) -> None:
        """Add the message's JSON to `texts`, and how far that says all of it.

        Raises MalformedError, and leaves `texts` as it was, if an offset leads out of the message, or it is no table.
        """
        if len(message) < 4:
            raise MalformedError("the message is too short for a table")
        at = _u32(message)[0]
        # Writers put a table's vtable right before it: where all bytes up to the table are known, so is its plan.
        plan = self._usual.get(message[: at + 4])
        if plan is None:
            plan = self._plan(self.schema.root, message, at)
            self._keep_as_usual(plan, message, at)
        texts.lossy, texts.unknown = False, plan.unknown
        if not plan.outside:
            texts.ranges.append(self._laid_out(plan, message, at, texts))
            return
        texts.message, texts.budget = message, 8 * len(message) + 1024
        mark = texts.mark()
        try:
            reach = self._laid_out(plan, message, at, texts)
            self._add_outside(plan, message, at, texts, reach[0], depth=1)
        except MalformedError:
            texts.forget_from(mark)
            raise
        texts.ranges.append(reach)

    def not_finite(self, message: bytes) -> dict[str, str]:
        """Path and name (nan, inf, -inf) of each such number in a message that `read` has read."""
        return dict(self._not_finite(self.schema.root, message, _u32(message)[0], ""))

    def _table(self, name: str, at: int, texts: Texts, *, depth: int) -> tuple[int, int]:
        """Lay out a table in another one; the range of its parts."""
        plan = self._plan(name, texts.message, at)
        texts.unknown += plan.unknown
        reach = self._laid_out(plan, texts.message, at, texts)
        self._add_outside(plan, texts.message, at, texts, reach[0], depth=depth)
        return reach

    @staticmethod
    def _laid_out(plan: Plan, message: bytes, at: int, texts: Texts) -> tuple[int, int]:
        """Put a table's own values behind what is there; the range of its parts. This is run for each record."""
        if at + plan.size > len(message):
            raise MalformedError("a table ends outside the message")
        values = plan.unpack(message, at)
        parts = texts.parts
        base = len(parts)
        parts += plan.pieces
        if plan.doubles:
            texts.doubles += [values[index] for index, _ in plan.doubles]
            texts.doubles_at += [base + piece for _, piece in plan.doubles]
        if plan.singles:
            texts.singles += [values[index] for index, _ in plan.singles]
            texts.singles_at += [base + piece for _, piece in plan.singles]
        for index, piece in plan.integers:
            parts[base + piece] = str(values[index])
        for index, piece in plan.booleans:
            parts[base + piece] = "true" if values[index] else "false"
        return base, len(parts)

    def _add_outside(self, plan: Plan, message: bytes, at: int, texts: Texts, base: int, *, depth: int) -> None:
        values = plan.unpack(message, at)
        for index, piece, place, what in plan.outside:
            self._outside(what, at + place + values[index], texts, base + piece, depth=depth)

    def _keep_as_usual(self, plan: Plan, message: bytes, at: int) -> None:
        vtable = at - _i32(message, at)[0]
        if vtable + _u16(message, vtable)[0] <= at < LONGEST_USUAL and len(self._usual) < MOST_PLANS:
            self._usual[message[: at + 4]] = plan

    def _outside(self, what: Field, at: int, texts: Texts, place: int, *, depth: int) -> None:
        """The text of what an offset leads to: a vector, a string or a table."""
        if what.is_vector:
            self._vector(what, at, texts, place, depth=depth)
        elif what.kind == "string":
            texts.parts[place] = _string(at, texts)
        else:
            self._below(what.kind, at, texts, place, depth=depth)

    def _below(self, kind: str, at: int, texts: Texts, place: int, *, depth: int) -> None:
        if depth >= DEEPEST:
            raise MalformedError(f"tables lie more than {DEEPEST} deep in each other")
        _spend(texts, 16)
        start, end = self._table(kind, at, texts, depth=depth + 1)
        texts.nested.append((place, start, end))

    def _vector(self, what: Field, at: int, texts: Texts, place: int, *, depth: int) -> None:
        message = texts.message
        size = calcsize(what.kind) if len(what.kind) == 1 else 4
        count = _count(message, at, size)
        if len(what.kind) == 1:
            values = np.frombuffer(message, dtype=f"<{what.kind}", count=count, offset=at + 4)
            texts.parts[place] = _json(values)
            if what.kind in _FLOATS and not np.isfinite(values).all():
                texts.odd.add(len(texts.ranges))
            return
        items = [at + 4 + 4 * i + _u32(message, at + 4 + 4 * i)[0] for i in range(count)]
        if what.kind == "string":
            texts.parts[place] = f"[{','.join([_string(item, texts) for item in items])}]"
            return
        start = len(texts.parts)
        texts.parts += ["[", *[None, ","] * count]
        texts.parts[-1] = "]" if count else "[]"
        for i, item in enumerate(items):
            self._below(what.kind, item, texts, start + 1 + 2 * i, depth=depth)
        texts.nested.append((place, start, start + 1 + 2 * count))

    def _plan(self, name: str, message: bytes, at: int) -> Plan:
        """The plan of the vtable that the table at `at` names."""
        if at + 4 > len(message) or at < 4:
            raise MalformedError(f"table {name} begins outside the message")
        vtable = at - _i32(message, at)[0]
        if vtable < 0 or vtable + 4 > len(message):
            raise MalformedError(f"the vtable of {name} lies outside the message")
        length = _u16(message, vtable)[0]
        if length < 4 or length % 2 or vtable + length > len(message):
            raise MalformedError(f"the vtable of {name} has an impossible length")
        layout = message[vtable : vtable + length]
        plan = self._plans.get((name, layout))
        if plan is None:
            plan = planned(name, self.schema.tables[name], layout)
            if len(self._plans) < MOST_PLANS:  # real writers have a few; what damage makes up is not worth keeping
                self._plans[name, layout] = plan
        return plan

    def _not_finite(self, name: str, message: bytes, at: int, path: str) -> Iterator[tuple[str, str]]:
        plan = self._plan(name, message, at)
        values = plan.unpack(message, at)
        for index, piece in plan.singles + plan.doubles:
            if (spelled := repr(values[index])) in _NO_NUMBERS:
                yield path + plan.keys[piece], spelled
        for index, piece, place, what in plan.outside:
            yield from self._not_finite_outside(what, message, at + place + values[index], path + plan.keys[piece])

    def _not_finite_outside(self, what: Field, message: bytes, at: int, path: str) -> Iterator[tuple[str, str]]:
        if not what.is_vector:
            if what.kind != "string":
                yield from self._not_finite(what.kind, message, at, f"{path}.")
            return
        count = _u32(message, at)[0]
        if what.kind in _FLOATS:
            values = np.frombuffer(message, dtype=f"<{what.kind}", count=count, offset=at + 4)
            yield from ((f"{path}[{i}]", repr(float(values[i]))) for i in np.flatnonzero(~np.isfinite(values)))
        elif len(what.kind) > 1 and what.kind != "string":
            for i in range(count):
                item = at + 4 + 4 * i
                yield from self._not_finite(what.kind, message, item + _u32(message, item)[0], f"{path}[{i}].")


def _string(at: int, texts: Texts) -> str:
    """A string as JSON. What JSON or jsonb can not hold of it is replaced by U+FFFD, and the message marked."""
    message = texts.message
    count = _count(message, at, 1)
    start = at + 4
    if start + count >= len(message) or message[start + count] != 0:
        raise MalformedError("a string has no end")
    _spend(texts, count)
    data = message[start : start + count]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        texts.lossy = True
        text = data.decode("utf-8", "replace")
    if "\0" in text:
        texts.lossy = True
        text = text.replace("\0", "\ufffd")
    return orjson.dumps(text).decode()


def _count(message: bytes, at: int, size: int) -> int:
    """Number of elements of the string or vector at `at`, which all lie in the message."""
    if at + 4 > len(message):
        raise MalformedError("an offset leads out of the message")
    count: int = _u32(message, at)[0]
    if at + 4 + count * size > len(message):
        raise MalformedError("a string or vector ends outside the message")
    return count


def _spend(texts: Texts, count: int) -> None:
    """Offsets may lead to the same bytes many times: what they spell out together is bounded."""
    texts.budget -= count
    if texts.budget < 0:
        raise MalformedError("its parts lie in each other too often")


def _json(values: Any) -> str:
    if not values.flags.aligned:  # only what damage makes up
        values = values.copy()
    return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode()
