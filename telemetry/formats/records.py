"""What all readers give."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Record(NamedTuple):
    """One record of a device."""

    offset: int  # of its first byte in the uncompressed bytes of its file, which is its sequence number
    ns: int  # Unix time, UTC
    priority: int  # as in the file: 0 to 8, 64, 126, 127
    event: str  # type name; "code_65000" where no name is known
    msg: bytes | None  # one JSON value that jsonb takes; None where the message is not decoded
    nonfinite: bytes | None = None  # JSON {"temps[3]": "nan"} of numbers that msg has as null
    raw: bytes | None = None  # the message's bytes where msg does not say all of them
    device: str | None = None  # where the record itself names one


class Damage(NamedTuple):
    """Bytes that gave no record, or one whose message can not be read."""

    offset: int
    length: int
    reason: str  # goes on from "at byte …: "


@dataclass(slots=True)
class Batch:
    """What was read in some bytes of a file."""

    records: list[Record]
    damages: list[Damage]
    consumed: int  # offset after the last whole record or damage
    unknown_fields: int = 0  # fields that are newer than the schema
    incomplete: str = field(default="")  # why the bytes after `consumed` wait for more
