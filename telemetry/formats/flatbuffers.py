"""FlatBuffers tables to JSON text, driven by a schema: exact, bounded by the message, and fast.

A table's layout is its vtable, so what follows from one is worked out once (`Plan`) and kept: which bytes are which
numbers, and the JSON text between them. Of messages of which many are laid out alike, even that is done once: `Layout`.

Format: FlatBuffers documentation, "FlatBuffer Internals".
"""

from collections.abc import Iterator
from struct import Struct, calcsize
from typing import Any

import numpy as np

from telemetry.formats.fbs import Field, Schema
from telemetry.formats.flatbuffer_layouts import LONGEST, Layout, spelt
from telemetry.formats.flatbuffer_plans import MalformedError, Plan, planned
from telemetry.formats.flatbuffer_texts import Texts, json_of

DEEPEST = 8
MOST_PLANS = 4096
MOST_LAYOUTS = 4  # of messages of one length
MOST_LENGTHS = 512
SEEN_BEFORE = 2  # messages of a length, before a layout is noted
LONGEST_REPEATED, MOST_REPEATED = 64, 1024  # bytes of a string that is kept, and how many are
LONGEST_USUAL = 1024  # bytes before a table that are worth comparing
_u16 = Struct("<H").unpack_from
_u32 = Struct("<I").unpack_from
_i32 = Struct("<i").unpack_from
_FLOATS = "fd"
_NO_NUMBERS = {"nan", "inf", "-inf"}


class TableReader:
    """Reads messages of one schema."""

    def __init__(self, schema: Schema) -> None:
        """Read tables of the schema's root type."""
        self.schema = schema
        self._plans: dict[tuple[str, bytes], Plan] = {}
        self._usual: dict[bytes, Plan] = {}  # by the bytes of a message before its table's fields
        self._layouts: dict[int, list[Layout]] = {}  # by length of the messages
        self._seen: dict[int, int] = {}  # messages by their length, of no layout that is noted

    def read(self, message: bytes, texts: Texts) -> None:
        """Add the message's JSON to `texts`, and how far that says all of it (`lossy` or, at the end, `poor`).

        Raises MalformedError, and leaves `texts` as it was, if an offset leads out of the message, or it is no table.
        """
        for layout in self._layouts.get(len(message), ()):
            if layout.fixed(message) == layout.expected:
                texts.lossy, texts.unknown = False, layout.unknown
                texts.add_alike(layout, message)
                return
        self._walk(message, texts)
        self._note_layout(message)

    def _walk(self, message: bytes, texts: Texts) -> None:
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
            base, _ = self._laid_out(plan, message, at, texts)
            texts.ranges.append((base, len(texts.parts)))
            return
        texts.message, texts.budget = message, 8 * len(message) + 1024
        mark = texts.mark()
        try:
            reach = self._whole_table(plan, at, texts, depth=1)
        except MalformedError:
            texts.forget_from(mark)
            raise
        texts.ranges.append(reach)

    def _note_layout(self, message: bytes) -> None:
        """Note how a good message is laid out, if others of its length came before."""
        length = len(message)
        seen = self._seen.get(length, 0)
        if length > LONGEST or (not seen and len(self._seen) >= MOST_LENGTHS):
            return
        self._seen[length] = seen + 1
        known = self._layouts.get(length, [])
        if seen >= SEEN_BEFORE and len(known) < MOST_LAYOUTS:
            layout = Layout(self.schema, message)
            if layout.is_usable:
                self._layouts[length] = [*known, layout]

    def not_finite(self, message: bytes) -> dict[str, str]:
        """Path and name (nan, inf, -inf) of each such number in a message that `read` has read."""
        return dict(self._not_finite(self.schema.root, message, _u32(message)[0], ""))

    def _whole_table(self, plan: Plan, at: int, texts: Texts, *, depth: int) -> tuple[int, int]:
        """Lay out a table and what its offsets lead to; the range of its parts."""
        base, values = self._laid_out(plan, texts.message, at, texts)
        end = len(texts.parts)
        for index, piece, place, what in plan.outside:
            if what.kind == "string" and not what.is_vector:
                texts.parts[base + piece] = _string(at + place + values[index], texts)
            else:
                self._outside(what, at + place + values[index], texts, base + piece, depth=depth)
        return base, end

    @staticmethod
    def _laid_out(plan: Plan, message: bytes, at: int, texts: Texts) -> tuple[int, tuple[Any, ...]]:
        """Put a table's own values behind what is there; where they begin, and the values. Run for each record."""
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
        return base, values

    def _keep_as_usual(self, plan: Plan, message: bytes, at: int) -> None:
        vtable = at - _i32(message, at)[0]
        if vtable + _u16(message, vtable)[0] <= at < LONGEST_USUAL and len(self._usual) < MOST_PLANS:
            self._usual[message[: at + 4]] = plan

    def _outside(self, what: Field, at: int, texts: Texts, place: int, *, depth: int) -> None:
        """The text of what an offset leads to: a vector or a table."""
        if what.is_vector:
            self._vector(what, at, texts, place, depth=depth)
        else:
            self._below(what.kind, at, texts, place, depth=depth)

    def _below(self, kind: str, at: int, texts: Texts, place: int, *, depth: int) -> None:
        if depth >= DEEPEST:
            raise MalformedError(f"tables lie more than {DEEPEST} deep in each other")
        _spend(texts, 16)
        plan = self._plan(kind, texts.message, at)
        texts.unknown += plan.unknown
        start, end = self._whole_table(plan, at, texts, depth=depth + 1)
        texts.nested.append((place, start, end))

    def _vector(self, what: Field, at: int, texts: Texts, place: int, *, depth: int) -> None:
        message = texts.message
        size = calcsize(what.kind) if len(what.kind) == 1 else 4
        count = _count(message, at, size)
        _spend(texts, count * size)
        if len(what.kind) == 1:
            text = json_of(np.frombuffer(message, dtype=f"<{what.kind}", count=count, offset=at + 4))
            texts.parts[place] = text
            if "null" in text:
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
    known = texts.strings.get(data)
    if known is not None:
        return known
    written, is_lossy = spelt(data)
    if is_lossy:
        texts.lossy = True
    elif count <= LONGEST_REPEATED and len(texts.strings) < MOST_REPEATED:
        texts.strings[data] = written
    return written


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
