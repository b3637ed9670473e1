"""Whether two messages say the same, number by number, by the types that a shape names."""

import struct
from typing import Any

import numpy as np

from tests.telemetry.shapes import Shape

DECIMALS = {"f32": 6, "f64": 12}  # of flatc's JSON


def same(shape: Shape, found: Any, expected: Any, number: Any) -> bool:
    """Whether both have the same keys and values; `number(kind, found, expected)` judges floats."""
    if not isinstance(found, dict) or set(found) != set(expected):
        return False
    return all(_same(shape[name], found[name], expected[name], number) for name in expected)


def exact(kind: str, found: Any, expected: float) -> bool:
    """Whether a float is the very number, and of 32 bits in the shortest text that says so."""
    if not isinstance(found, float):
        return False
    if kind == "f64":
        return found == expected
    single = np.float32(expected)
    return struct.pack("<f", found) == struct.pack("<f", expected) and found == float(
        np.format_float_scientific(single)
    )


def as_flatc(kind: str, found: Any, expected: float) -> bool:
    """Whether flatc's text is the number rounded to its decimals. Its text is read as a double, hence the last term."""
    value = float(np.float32(found)) if kind == "f32" else float(found)
    return abs(value - expected) <= 0.5 * 10.0 ** -DECIMALS[kind] + 2.0**-52 * abs(value)


def _same(kind: Any, found: Any, expected: Any, number: Any) -> bool:
    if isinstance(kind, dict):
        return same(kind, found, expected, number)
    if isinstance(kind, list):
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(_same(kind[0], mine, theirs, number) for mine, theirs in pairs)
    if kind[0] == "f":
        return bool(number(kind.partition("=")[0], found, expected))
    return type(found) is type(expected) and bool(found == expected)
