"""What follows from a vtable: which bytes of its tables are which numbers, and the JSON text between them."""

from dataclasses import dataclass, field
from operator import itemgetter
from struct import Struct, calcsize
from typing import Any

import orjson

from telemetry.formats.fbs import Field


class MalformedError(ValueError):
    """A message is no table of its schema."""


@dataclass(slots=True)
class Plan:
    """What one vtable says of one table."""

    unpack: Any  # all numbers and offsets that lie in the table
    size: int  # bytes of the table
    pieces: list[str | None]  # JSON, None where a value comes
    keys: dict[int, str]  # of each such piece
    singles: list[tuple[int, int]] = field(default_factory=list)  # (index of the value, index of its piece)
    doubles: list[tuple[int, int]] = field(default_factory=list)
    integers: list[tuple[int, int]] = field(default_factory=list)
    booleans: list[tuple[int, int]] = field(default_factory=list)
    outside: list[tuple[int, int, int, Field]] = field(default_factory=list)  # and the offset's own place; the field
    unknown: int = 0  # slots in use that the schema does not know


def planned(name: str, fields: tuple[Field, ...], layout: bytes) -> Plan:
    """The plan of table `name` whose vtable is `layout`.

    Raises MalformedError if fields lie outside the table or over each other.
    """
    words = Struct(f"<{len(layout) // 2}H").unpack(layout)
    size, slots = words[1], words[2:]
    present = sorted(
        ((slots[each.slot], each) for each in fields if each.slot < len(slots) and slots[each.slot]), key=itemgetter(0)
    )
    order: dict[str, tuple[int, int]] = {}  # index and place of the value of each field that is there
    form, at = "<", 0
    for place, each in present:
        if place < max(at, 4):
            raise MalformedError(f"field {each.name} of {name} lies over another")
        code = each.kind if each.is_scalar else "I"
        form += f"{place - at}x{code}"
        order[each.name] = (len(order), place)
        at = place + calcsize(f"<{code}")
    if size < max(at, 4):
        raise MalformedError(f"fields of {name} lie outside it")
    pieces, keys = _pieces(fields, order)
    plan = Plan(Struct(form).unpack_from, size, pieces, keys, unknown=sum(slot > 0 for slot in slots[len(fields) :]))
    piece_of = {key: piece for piece, key in keys.items()}
    for each in fields:
        if each.name in order:
            _sort_in(plan, each, *order[each.name], piece_of[each.name])
    return plan


def _sort_in(plan: Plan, each: Field, index: int, place: int, piece: int) -> None:
    if not each.is_scalar:
        plan.outside.append((index, piece, place, each))
    else:
        kind = {"f": plan.singles, "d": plan.doubles, "?": plan.booleans}.get(each.kind, plan.integers)
        kind.append((index, piece))


def _pieces(fields: tuple[Field, ...], order: dict[str, tuple[int, int]]) -> tuple[list[str | None], dict[int, str]]:
    """JSON around the values of fields that are there. Scalars that are not have their default; other fields no key."""
    pieces: list[str | None] = []
    keys: dict[int, str] = {}
    text = "{"
    for each in fields:
        if not each.is_scalar and each.name not in order:
            continue
        text += f"{'' if text.endswith('{') and not pieces else ','}{orjson.dumps(each.name).decode()}:"
        if each.name in order:
            pieces += [text, None]
            keys[len(pieces) - 1] = each.name
            text = ""
        else:
            text += default_text(each)
    pieces.append(text + "}")
    return pieces, keys


def default_text(each: Field) -> str:
    """JSON of a scalar that is not in a table."""
    if each.kind == "?":
        return "true" if each.default else "false"
    return orjson.dumps(float(each.default) if each.kind in "fd" else int(each.default)).decode()
