"""Times as people and addresses write them, to the nanosecond. Unix times in nanoseconds are ints, everywhere UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from telemetry.errors import UsageError

NS_PER_S = 1_000_000_000
NS_PER_US = 1000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAST_NS, MOST_NS = 0, 2**63 - 1  # 1970 to 2262: what a record can carry
# A plus sign in an address comes as a space.
WRITTEN = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9})\d*)?)?(?:(Z)|([+\- ])(\d\d):?(\d\d))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start_ns` on, up to and without `end_ns`; None: no border."""

    start_ns: int | None = None
    end_ns: int | None = None

    def __post_init__(self) -> None:
        if self.start_ns is not None and self.end_ns is not None and self.start_ns > self.end_ns:
            raise UsageError(f"start ({iso(self.start_ns)}) is after end ({iso(self.end_ns)}): exchange them.")

    @property
    def length_ns(self) -> int:
        """Its length. Raises UsageError when a border is missing."""
        start_ns, end_ns = self.bounds()
        return end_ns - start_ns

    def bounds(self) -> tuple[int, int]:
        """Both borders. Raises UsageError when one is missing."""
        if self.start_ns is None or self.end_ns is None:
            raise UsageError("give start and end, such as start=2024-04-15T22:30:00Z&end=2024-04-15T23:30:00Z.")
        return self.start_ns, self.end_ns


def unix_ns(text: str) -> int:
    """Time as ISO 8601, to nanoseconds; UTC where it names no zone. A date alone is its midnight.

    Raises UsageError.
    """
    fault = f"{text[:60]!r} is no time: give it as 2024-04-15T22:30:50.997960288Z; without a zone it is UTC."
    found = WRITTEN.fullmatch(text.strip())
    if found is None:
        raise UsageError(fault)
    day, minute, second, fraction, _zulu, sign, hours, minutes = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{minute or '00:00'}{second or ':00'}+00:00")
    except ValueError as error:
        raise UsageError(fault) from error
    found_ns = _whole_ns(at - EPOCH) + int((fraction or "").ljust(9, "0"))
    if sign:
        offset_ns = (int(hours) * 3600 + int(minutes) * 60) * NS_PER_S
        found_ns += offset_ns if sign == "-" else -offset_ns
    if not LEAST_NS <= found_ns <= MOST_NS:
        raise UsageError(f"{text[:60]!r} lies outside of 1970 to 2262: records carry no such time.")
    return found_ns


def iso(at_ns: int) -> str:
    """ISO 8601 with nine decimals, UTC."""
    seconds, rest = divmod(at_ns, NS_PER_S)
    return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def iso_of(ts: datetime, ns: int) -> str:
    """The same of a record's two columns."""
    return f"{ts.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{ts.microsecond:06d}{ns:03d}Z"


def ns_of(ts: datetime, ns: int = 0) -> int:
    """Unix time of a record's two columns, ns."""
    return _whole_ns(ts - EPOCH) + ns


def columns_of(at_ns: int) -> tuple[datetime, int]:
    """The two columns of a record that has this time: its microsecond, and the nanoseconds beyond."""
    microseconds, ns = divmod(at_ns, NS_PER_US)
    return EPOCH + timedelta(microseconds=microseconds), ns


def _whole_ns(since: timedelta) -> int:
    return (since.days * 86_400 + since.seconds) * NS_PER_S + since.microseconds * NS_PER_US
