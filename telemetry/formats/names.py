"""Names of instrument files: `<device>_<stamp>.<suffix>`, where the device may itself have underscores.

Grammar: the device ends at the last underscore, the stamp at the first dot after it. A stamp is the UTC time of the
first record to the nanosecond (23 digits), or of the start of the process (`2024-04-15T223050`).
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TELEMETRY = ("bintel", "binlog", "ndjson")  # kinds whose records are read
KINDS = (*TELEMETRY, "log", "xrif")  # all others are `other`
_COMPRESSIONS = {"gz", "zst"}
_DIGITS = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{9})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):?(\d\d):?(\d\d)", re.ASCII)


class FileName(NamedTuple):
    """What a file's name tells."""

    device: str  # '' where the name has none, or neither its stamp nor its kind is known
    stamp_ns: int | None  # Unix time
    kind: str  # bintel, binlog, ndjson, log, xrif or other
    compression: str  # '', gz or zst


def parse_name(name: str) -> FileName:
    """Device, time, kind and compression by a file's name, without its folder. No name is an error."""
    base, *suffixes = _split(name)
    compression = suffixes.pop() if suffixes and suffixes[-1] in _COMPRESSIONS else ""
    kind = suffixes[-1] if suffixes and suffixes[-1] in KINDS else "other"
    device, underscore, stamp = base.rpartition("_")
    stamp_ns = _stamp_ns(stamp) if underscore else None
    is_named = underscore and (stamp_ns is not None or kind != "other")
    return FileName(device if is_named else "", stamp_ns, kind, compression)


def _split(name: str) -> list[str]:
    """The part before the first dot that follows the last underscore, and what the dots after it part."""
    device, underscore, rest = name.rpartition("_")
    first, *others = rest.split(".")
    return [device + underscore + first, *others]


def _stamp_ns(text: str) -> int | None:
    found = _DIGITS.fullmatch(text) or _ISO.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, *fraction = map(int, found.groups())
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return (moment - EPOCH) // timedelta(seconds=1) * 1_000_000_000 + (fraction[0] if fraction else 0)
