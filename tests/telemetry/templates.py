"""Messages as `encoding.message` writes them, byte by byte, and many times as fast: a night has more than a million.

Messages whose strings, lengths and stored fields are alike differ in their numbers only. The first of a kind is built, and the
places of its numbers are looked up; those after it are packed in one go.
"""

import struct
from typing import Any

from tests.telemetry.encoding import TELEM, default_of, header, message
from tests.telemetry.shapes import EVENTS, SHAPES, Shape

CODES = {
    "bool": "?", "i8": "b", "u8": "B", "i16": "h", "u16": "H", "i32": "i", "u32": "I", "i64": "q", "u64": "Q",
    "f32": "f", "f64": "d",
}  # fmt: skip


class Encoder:
    """Records of one event type."""

    def __init__(self, event: str) -> None:
        self._code, schema = EVENTS[event]
        self._shape: Shape = SHAPES.get(schema, {})
        self._is_empty = schema not in SHAPES
        self._templates: dict[tuple[Any, ...], _Template] = {}

    def record(self, ns: int, values: dict[str, Any], *, priority: int = TELEM) -> bytes:
        if self._is_empty:
            return header(self._code, ns, 0, priority=priority)
        form: list[Any] = []
        numbers: list[Any] = []
        _flatten(self._shape, values, form, numbers)
        key = tuple(form)
        template = self._templates.get(key)
        if template is None:
            template = self._templates[key] = _Template(self._shape, values)
        packed = template.pack(numbers)
        return header(self._code, ns, len(packed), priority=priority) + packed


class _Template:
    """One layout of a message: constant bytes with numbers between them."""

    def __init__(self, shape: Shape, values: dict[str, Any]) -> None:
        first = message(shape, values)
        places: list[tuple[int, str]] = []  # in the order of _flatten
        _locate(first, struct.unpack_from("<I", first, 0)[0], shape, places)
        layout = "<"
        self._parts: list[Any] = []
        self._slots = [0] * len(places)
        at = 0
        for number in sorted(range(len(places)), key=lambda each: places[each][0]):
            offset, code = places[number]
            layout += f"{offset - at}s{code}"
            self._parts += [first[at:offset], None]
            self._slots[number] = len(self._parts) - 1
            at = offset + struct.calcsize(code)
        self._parts.append(first[at:])
        self._packer = struct.Struct(f"{layout}{len(first) - at}s")

    def pack(self, numbers: list[Any]) -> bytes:
        parts = self._parts
        for slot, number in zip(self._slots, numbers, strict=True):
            parts[slot] = number
        return self._packer.pack(*parts)


def _flatten(shape: Shape, values: dict[str, Any], form: list[Any], numbers: list[Any]) -> None:
    """The numbers that are stored, and all else that the layout of the message hangs on."""
    for name, kind in shape.items():
        value = values.get(name)
        if isinstance(kind, str) and kind != "str":
            default = default_of(kind)
            is_stored = value is not None and value != default
            form.append(is_stored)
            if is_stored:
                numbers.append(value)
        elif value is None or kind == "str":
            form.append(value)
        elif isinstance(kind, dict):
            form.append(True)
            _flatten(kind, value, form, numbers)
        else:
            _flatten_vector(kind[0], value, form, numbers)


def _flatten_vector(element: Any, values: Any, form: list[Any], numbers: list[Any]) -> None:
    form.append(len(values))
    if isinstance(element, dict):
        for each in values:
            _flatten(element, each, form, numbers)
    elif element == "str":
        form.extend(values)
    else:
        numbers.extend(values)


def _locate(data: bytes, at: int, shape: Shape, places: list[tuple[int, str]]) -> None:
    """Offset and struct code of each number that is stored in the table at `at`."""
    vtable = at - struct.unpack_from("<i", data, at)[0]
    size = struct.unpack_from("<H", data, vtable)[0]
    for slot, kind in enumerate(shape.values()):
        entry = vtable + 4 + 2 * slot
        offset = struct.unpack_from("<H", data, entry)[0] if entry < vtable + size else 0
        if offset == 0 or kind == "str":
            continue
        field = at + offset
        if isinstance(kind, str):
            places.append((field, CODES[kind.partition("=")[0]]))
        elif isinstance(kind, dict):
            _locate(data, _follow(data, field), kind, places)
        else:
            _locate_vector(data, _follow(data, field), kind[0], places)


def _locate_vector(data: bytes, at: int, element: Any, places: list[tuple[int, str]]) -> None:
    count = struct.unpack_from("<I", data, at)[0]
    if isinstance(element, dict):
        for place in range(at + 4, at + 4 + 4 * count, 4):
            _locate(data, _follow(data, place), element, places)
    elif element != "str":
        width = struct.calcsize(CODES[element])
        places += [(at + 4 + width * each, CODES[element]) for each in range(count)]


def _follow(data: bytes, at: int) -> int:
    return at + int(struct.unpack_from("<I", data, at)[0])
