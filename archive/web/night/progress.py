"""How far the reductions of a night are: a part of its page that follows them until there is no more to come."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from archive.domain.progress import progress_of, running_of
from archive.enums import ProductState
from archive.models import Reader
from archive.web.stream import live_part

# A night has the local date of its evening: it begins the earlier by UTC the further east it is.
EARLIEST_DUSK, LONGEST_NIGHT = time(5), timedelta(hours=43)
NAMED = 3  # products that are being made


def span_of(night: date) -> tuple[datetime, datetime]:
    """From when to when it may be that night anywhere."""
    first = datetime.combine(night, EARLIEST_DUSK, UTC)
    return first, first + LONGEST_NIGHT


def progress_part(night: date, reader: Reader, *, at: datetime) -> dict[str, Any]:
    """Numbers of products by state, and what is being made now. It is followed while one waits or the night goes on."""
    found = progress_of(night=night, user=reader, at=at)
    first, end = span_of(night)
    n_running = found.number_of(ProductState.RUNNING)
    return {
        "night": night,
        "n_products": found.total,
        "n_ended": found.total - found.open,
        "n_running": n_running,
        "n_waiting": found.open - n_running,
        "n_failed": found.number_of(ProductState.FAILED),
        "running": running_of(night=night, user=reader, at=at, most=NAMED) if n_running else [],
        "is_busy": found.open > 0,
        "is_followed": found.open > 0 or first <= at < end,
        **live_part(urlencode({"dayobs": night.isoformat()})),
    }
