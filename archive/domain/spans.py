"""Windows of time, made up of the whole years, months and days of tallies."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db.models import Q

from archive.domain.listing import Window
from archive.models.tally import BEGINNING, Span

END_OF_DAYS = date(9999, 1, 1)  # a whole year, and no frame lies behind it
DAY = timedelta(days=1)
EVERYTHING = Q(span=Span.ALL, starts_on=BEGINNING)


@dataclass(frozen=True, slots=True)
class Cover:
    """A window as whole days, from `first` up to, not including, `end`, and the windows of what is left at its ends."""

    days: Q
    rests: tuple[Window, ...]


def cover_of(window: Window) -> Cover | None:
    """Take a window apart; None when it holds no whole day, or ends at the end of the calendar."""
    if window.is_open:
        return Cover(EVERYTHING, ())
    days = _whole_days(window)
    if days is None:
        return None
    return Cover(_spans_of(*days), _rests_of(window, *days))


def cover_by(window: Window, span: Span) -> Cover | None:
    """The same by spans of one length, as far as they are whole, and days before and after them."""
    days = _whole_days(window)
    if days is None:
        return None
    first, end = days
    if span == Span.DAY:
        found = _of(Span.DAY, first, end)
    else:
        begins, ends = _first_of(span, first), _last_of(span, end)
        if begins < ends:
            found = _of(Span.DAY, first, begins) | _of(span, begins, ends) | _of(Span.DAY, ends, end)
        else:
            found = _of(Span.DAY, first, end)
    return Cover(found, _rests_of(window, first, end))


def _first_of(span: Span, day: date) -> date:
    """First day, this or later, on which such a span begins."""
    month = _month_from(day)
    return month if span == Span.MONTH else _year_from(month)


def _last_of(span: Span, day: date) -> date:
    return day.replace(day=1) if span == Span.MONTH else day.replace(month=1, day=1)


def _whole_days(window: Window) -> tuple[date, date] | None:
    """First whole day of a window, and the day after its last; None where there is none."""
    first = BEGINNING if window.start is None else _next_midnight(window.start)
    end = END_OF_DAYS if window.end is None else window.end.astimezone(UTC).date()
    return None if first is None or end > END_OF_DAYS or first >= end else (first, end)


def _rests_of(window: Window, first: date, end: date) -> tuple[Window, ...]:
    rests = []
    if window.start is not None and window.start < _midnight(first):
        rests.append(Window(window.start, _midnight(first) - timedelta(microseconds=1)))
    if window.end is not None:
        rests.append(Window(_midnight(end), window.end))
    return tuple(rests)


def _next_midnight(instant: datetime) -> date | None:
    day = instant.astimezone(UTC).date()
    if _midnight(day) == instant:
        return day
    return day + DAY if day < END_OF_DAYS else None


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _spans_of(first: date, end: date) -> Q:
    found = Q(pk__in=[])
    for span, start, stop in _ranges(first, end):
        found |= _of(span, start, stop)
    return found


def _of(span: Span, start: date, stop: date) -> Q:
    return Q(span=span, starts_on__gte=start, starts_on__lt=stop) if start < stop else Q(pk__in=[])


def _ranges(first: date, end: date) -> Iterator[tuple[Span, date, date]]:
    """The longest spans that make up the days: days to the first month, months to the first year, years, and back."""
    month, last_month = _month_from(first), end.replace(day=1)
    if month >= last_month:
        yield Span.DAY, first, end
        return
    yield Span.DAY, first, month
    yield Span.DAY, last_month, end
    year, last_year = _year_from(month), last_month.replace(month=1)
    if year >= last_year:
        yield Span.MONTH, month, last_month
        return
    yield Span.MONTH, month, year
    yield Span.MONTH, last_year, last_month
    yield Span.YEAR, year, last_year


def _month_from(day: date) -> date:
    """First month that begins on this day or later."""
    if day.day == 1:
        return day
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _year_from(day: date) -> date:
    return day if (day.month, day.day) == (1, 1) else date(day.year + 1, 1, 1)
