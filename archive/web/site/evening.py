"""What happens in a night at a site: its times in order, by UTC and by the clocks there, and the drawing of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import Http404

from archive.domain.almanac import TWILIGHTS_DEG, Night
from archive.domain.calendar import calendar_of, remarks_of
from archive.errors import NotFoundError, UsageError
from archive.web.site.band import band_of

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something at a moment of the night."""

    what: str
    at: datetime
    local: str  # what the clocks of the site say
    is_over: bool


def asked_night(text: str) -> date | None:
    """The night that an address asks for: `?date=2026-11-28`; None: the one that it is. Raises Http404."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Http404(f"{text[:20]!r} is no date: write it as 2026-11-28.") from error


def evening_of(code: str, asked: date | None, *, at: datetime) -> dict[str, Any]:
    """A night at a site for the page; nothing without a configuration. Raises Http404 for one too far away."""
    try:
        night, place, times = calendar_of(code, asked, at=at)
    except NotFoundError:
        return {}
    except UsageError as error:
        raise Http404(str(error)) from error
    zone = ZoneInfo(place.timezone)
    return {
        "night": night,
        "before": night - DAY,
        "after": night + DAY,
        "is_tonight": asked is None,
        "place": place,
        "zone": place.timezone,
        "now": at,
        "now_local": _clock(at, zone),
        "moon": times.moon_illumination * 100,
        "band": band_of(times, place, at=at),
        "happenings": [
            Happening(what, moment, _clock(moment, zone), is_over=moment <= at)
            for moment, what in sorted(_happenings(times))
        ],
        "remarks": remarks_of(times),
    }


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def _happenings(night: Night) -> Iterator[tuple[datetime, str]]:
    sunset = night.sun["sunset"].below
    found = [("Sunset", sunset.start), ("Sunrise", sunset.end), ("Middle of the night", night.middle)]
    found += [("Moonrise", night.moonrise), ("Moonset", night.moonset)]
    for name in TWILIGHTS_DEG:
        found.append((f"{name.capitalize()} dusk", night.sun[name].below.start))
        found.append((f"{name.capitalize()} dawn", night.sun[name].below.end))
    for which, span in (("Evening", night.evening_flats), ("Morning", night.morning_flats)):
        if span is not None:
            found += [(f"{which} flats begin", span.start), (f"{which} flats end", span.end)]
    for what, moment in found:
        if moment is not None:
            yield moment, what
