"""Random messages of any shape of the bundle, exact in what they hold."""

import random
import struct
from typing import Any

from tests.telemetry.encoding import default_of
from tests.telemetry.shapes import Shape

_WORDS = ("", "dark", "open", "LOCKED", "H-alpha", "nvme0n1", "π Pup", 'a "quoted" \\ word', "tab\tnew\nline", "雪")
_BITS = {"i8": 8, "u8": 8, "i16": 16, "u16": 16, "i32": 32, "u32": 32, "i64": 64, "u64": 64}
PRESENT = 0.8  # of fields, so that vtables of all kinds come


def random_message(rng: random.Random, shape: Shape) -> dict[str, Any]:
    """Values for each field that this message has; some are left out, some are equal to their default."""
    return {name: _value(rng, kind) for name, kind in shape.items() if rng.random() < PRESENT}


def whole(shape: Shape, values: dict[str, Any]) -> dict[str, Any]:
    """What a reader must find: numbers that were left out have their default, strings, tables and vectors are missing."""
    found = {}
    for name, kind in shape.items():
        if isinstance(kind, str) and kind != "str":
            found[name] = values.get(name, default_of(kind))
        elif name in values:
            found[name] = _whole_part(kind, values[name])
    return found


def _whole_part(kind: Any, value: Any) -> Any:
    if isinstance(kind, dict):
        return whole(kind, value)
    if isinstance(kind, list) and isinstance(kind[0], dict):
        return [whole(kind[0], each) for each in value]
    return value


def _value(rng: random.Random, kind: Any) -> Any:
    if isinstance(kind, dict):
        return random_message(rng, kind)
    if isinstance(kind, list):
        return [_value(rng, kind[0]) for _ in range(rng.choice((0, 1, 2, 3, 17)))]
    if kind == "str":
        return rng.choice(_WORDS)
    base = kind.partition("=")[0]
    if rng.random() < 0.1:
        return default_of(kind)
    if base == "bool":
        return rng.random() < 0.5
    return _float(rng, base) if base[0] == "f" else _integer(rng, base)


def _float(rng: random.Random, base: str) -> float:
    """A number of any size that a float of 32 bits keeps, or one of 64 bits."""
    number = rng.choice((rng.uniform(-400, 400), rng.lognormvariate(0, 12), -1.5e-7, 273.15, 0.1, 1e5))
    return float(struct.unpack("<f", struct.pack("<f", number))[0]) if base == "f32" else number


def _integer(rng: random.Random, base: str) -> int:
    bits = _BITS[base]
    low = -(2 ** (bits - 1)) if base[0] == "i" else 0
    return rng.choice((low, low + 2**bits - 1, rng.randrange(low, low + 2**bits), rng.randrange(100)))
