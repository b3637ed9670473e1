"""Times as instruments write them, to Unix nanoseconds. Without a zone they are UTC."""

import re
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEYOND_NS = 2**63 - 1_000_000_000  # in the year 2262: what follows would not fit in 64 bits
# `22:30:50000` is what Python wrote where a time of whole seconds got a literal 000 appended.
_ISO = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d)(?:\.(\d{1,18})|000)?(?:(Z)|([+-])(\d\d):?(\d\d))?", re.ASCII)


def unix_ns(text: str) -> int | None:
    """ISO 8601 with up to nanoseconds, as Unix ns; None for what is no time, or one that 64 bits do not hold."""
    found = _ISO.fullmatch(text.strip().replace(" ", "T", 1))
    if not found:
        return None
    minute, second, fraction, _utc, sign, hours, minutes = found.groups()
    try:
        moment = datetime.fromisoformat(f"{minute}:00+00:00")
    except ValueError:
        return None
    if int(second) > 60:  # 60: a leap second
        return None
    ns = ((moment - _EPOCH) // timedelta(seconds=1) + int(second)) * 1_000_000_000 + int(
        (fraction or "0").ljust(9, "0")[:9]
    )
    if sign:
        ahead = (int(hours) * 60 + int(minutes)) * 60_000_000_000
        ns += -ahead if sign == "+" else ahead
    return ns if abs(ns) < _BEYOND_NS else None
