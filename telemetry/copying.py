"""Records in the form that PostgreSQL's COPY takes fastest: binary, so nothing is escaped, parsed or rounded. Pure.

Format: PostgreSQL documentation, "COPY", section "Binary Format".
"""

from collections.abc import Mapping, Sequence
from struct import Struct

from telemetry.formats.records import Record

COLUMNS = ("ts", "channel_id", "ns", "priority", "recording_id", "seq", "msg", "nonfinite", "raw")
STATEMENT = f"COPY telemetry.record ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"

_POSTGRES_EPOCH_US = 946_684_800_000_000  # 2000-01-01 in Unix microseconds
_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TAIL = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_fixed = Struct(">hiqiiihihiqiq").pack  # number of columns, then length and value of the six that have a fixed size
_length = Struct(">i").pack
_JSONB_VERSION = b"\x01"


def as_binary_copy(
    records: Sequence[Record], *, recording_id: int, device: str, channels: Mapping[tuple[str, str], int]
) -> bytes:
    """Rows of `records` without head and tail: pieces of several recordings are joined by `whole`.

    `channels` has an id for each (device, event) among them.
    """
    parts: list[bytes] = []
    add = parts.append
    of_device = {event: channel for (owner, event), channel in channels.items() if owner == device}
    for record in records:
        microseconds, ns = divmod(record.ns, 1000)
        channel = of_device[record.event] if record.device is None else channels[record.device, record.event]
        moment = microseconds - _POSTGRES_EPOCH_US
        add(_fixed(9, 8, moment, 4, channel, 2, ns, 2, record.priority, 8, recording_id, 8, record.offset))
        add(_jsonb(record.msg))
        add(_jsonb(record.nonfinite))
        add(_NULL if record.raw is None else _length(len(record.raw)) + record.raw)
    return b"".join(parts)


def whole(pieces: Sequence[bytes]) -> bytes:
    """One stream for COPY out of several recordings' rows."""
    return b"".join((_HEAD, *pieces, _TAIL))


def _jsonb(value: bytes | None) -> bytes:
    return _NULL if value is None else _length(len(value) + 1) + _JSONB_VERSION + value
