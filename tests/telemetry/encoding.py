"""Writes what readers read: flatlogs records and FlatBuffers messages. Knows `shapes` and nothing of the code under test.

Messages come from the `flatbuffers` package; only the record around them is our own, after the table of the specification.
"""

import struct
from typing import Any

import flatbuffers
from flatbuffers import number_types as types

from tests.telemetry.shapes import EMPTY, EVENTS, SHAPES, WITHOUT_SCHEMA, Shape

TELEM, INFO = 64, 6

_FLAGS = {
    "bool": types.BoolFlags, "i8": types.Int8Flags, "u8": types.Uint8Flags, "i16": types.Int16Flags, "u16": types.Uint16Flags,
    "i32": types.Int32Flags, "u32": types.Uint32Flags, "i64": types.Int64Flags, "u64": types.Uint64Flags,
    "f32": types.Float32Flags, "f64": types.Float64Flags,
}  # fmt: skip


def header(code: int, ns: int, length: int, *, priority: int = TELEM) -> bytes:
    """Priority, code, time and length, packed: 12, 14 or 20 bytes."""
    seconds, nanoseconds = divmod(ns, 1_000_000_000)
    return raw_header(code, seconds, nanoseconds, length, priority=priority)


def raw_header(code: int, seconds: int, nanoseconds: int, length: int, *, priority: int = TELEM) -> bytes:
    """A header whose nanoseconds may be more than there are in a second."""
    start = struct.pack("<bHII", priority, code, seconds, nanoseconds)
    if length < 254:
        return start + struct.pack("<B", length)
    if length < 65_535:
        return start + struct.pack("<BH", 254, length)
    return start + struct.pack("<BQ", 255, length)


def record(code: int, ns: int, message: bytes = b"", *, priority: int = TELEM) -> bytes:
    return header(code, ns, len(message), priority=priority) + message


def event_record(event: str, ns: int, values: dict[str, Any] | None = None, *, priority: int = TELEM) -> bytes:
    """A record of an event type of the bundle; what `values` leaves out is left out of the message."""
    code, schema = (EVENTS | WITHOUT_SCHEMA)[event]
    return record(code, ns, b"" if schema == EMPTY else message(SHAPES[schema], values or {}), priority=priority)


def message(shape: Shape, values: dict[str, Any], *, force_defaults: bool = False) -> bytes:
    """One FlatBuffers table, finished without identifier or size, as the telemetry's writers do.

    Numbers equal to their default are not stored unless `force_defaults`; so it is for those that are not in `values`.
    """
    builder = flatbuffers.Builder(256)
    builder.ForceDefaults(force_defaults)
    builder.Finish(_table(builder, shape, values))
    return bytes(builder.Output())


def default_of(kind: str) -> float | int | bool:
    base, _, default = kind.partition("=")
    if base == "bool":
        return default == "true"
    return float(default or 0) if base[0] == "f" else int(default or 0)


def _table(builder: flatbuffers.Builder, shape: Shape, values: dict[str, Any]) -> Any:
    assert set(values) <= set(shape), set(values) - set(shape)
    parts = {
        name: _part(builder, kind, values[name])
        for name, kind in shape.items()
        if name in values and (isinstance(kind, dict | list) or kind == "str")
    }
    builder.StartObject(len(shape))
    for slot, (name, kind) in enumerate(shape.items()):
        if name in parts:
            builder.PrependUOffsetTRelativeSlot(slot, parts[name], 0)
        elif isinstance(kind, str) and kind != "str":
            default = default_of(kind)
            builder.PrependSlot(_FLAGS[kind.partition("=")[0]], slot, values.get(name, default), default)
    return builder.EndObject()


def _part(builder: flatbuffers.Builder, kind: Any, value: Any) -> Any:
    """A string, table or vector, which stands outside of the table that names it."""
    if kind == "str":
        return builder.CreateString(value)
    if isinstance(kind, dict):
        return _table(builder, kind, value)
    [element] = kind
    if element == "str" or isinstance(element, dict):
        offsets = [_part(builder, element, each) for each in value]
        builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
    else:
        flags = _FLAGS[element]
        builder.StartVector(flags.bytewidth, len(value), flags.bytewidth)
        for each in reversed(value):
            builder.Prepend(flags, each)
    return builder.EndVector()
