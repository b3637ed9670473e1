"""A night as a band from noon to noon: how dark it is, when the Moon is up, when flats are taken, and what time it is.

The drawing is numbers, which the template writes as SVG.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from archive.domain.almanac import TWILIGHTS_DEG, Night, Place, Span, SunTimes

WIDTH = 1000
TICK = timedelta(hours=2)
# Each lies on the one before: the deeper the Sun, the darker. Names are those of the style sheet.
DEPTHS = ("sunset", *TWILIGHTS_DEG)
NARROWEST = 0.5  # of a part, in the drawing's units


@dataclass(frozen=True, slots=True)
class Part:
    """Something that lasts; lengths are in the drawing's units."""

    kind: str
    x: float
    width: float
    says: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A full hour of UTC, and what the clocks of the site say then."""

    x: float
    utc: str
    local: str


@dataclass(frozen=True, slots=True)
class Band:
    """The drawing of one night."""

    width: int
    sky: list[Part]
    moon: list[Part]
    flats: list[Part]
    ticks: list[Tick]
    now_x: float | None  # None: it is another night
    middle_x: float


def band_of(night: Night, place: Place, *, at: datetime) -> Band:
    """The drawing of a night at a place; `at` is marked where it is within."""
    start, end = _ends(night)
    zone = ZoneInfo(place.timezone)

    def x_of(moment: datetime) -> float:
        return round(WIDTH * ((moment - start) / (end - start)), 2)

    def part(kind: str, begin: datetime, until: datetime, says: str) -> Part:
        x = x_of(begin)
        told = f"{says} {begin:%H:%M} to {until:%H:%M} UTC"
        return Part(kind, x, round(max(NARROWEST, x_of(until) - x), 2), told)

    sky = [
        part(name, *dark, f"Sun below {'the horizon' if name == 'sunset' else f'{TWILIGHTS_DEG[name]:g}°'},")
        for name in DEPTHS
        if (dark := _dark(night.sun[name], start, end)) is not None
    ]
    flats = [
        part("flats", span.start, span.end, f"{which} flats,")
        for which, span in (("Evening", night.evening_flats), ("Morning", night.morning_flats))
        if span is not None and span.start is not None and span.end is not None
    ]
    moon = [part("moon", *up, "Moon up,") for up in moon_up(night)]
    now_x = x_of(at) if start <= at <= end else None
    return Band(WIDTH, sky, moon, flats, list(_ticks(start, end, zone, x_of)), now_x, x_of(night.middle))


def moon_up(night: Night) -> list[tuple[datetime, datetime]]:
    """When the Moon is above the horizon, from noon to noon."""
    begin, end = _ends(night)
    is_up, since = night.moon_is_up, begin
    found = []
    changes = [(night.moonrise, True), (night.moonset, False)]
    for moment, becomes_up in sorted((moment, up) for moment, up in changes if moment is not None):
        if is_up and not becomes_up:
            found.append((since, moment))
        is_up, since = becomes_up, moment
    return [*found, (since, end)] if is_up else found


def _ends(night: Night) -> tuple[datetime, datetime]:
    """The two noons, which each night has."""
    span: Span = night.noon
    if span.start is None or span.end is None:
        raise ValueError("a night has two noons")
    return span.start, span.end


def _dark(sun: SunTimes, start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    """When the Sun is below an altitude; None when it never is."""
    below = sun.below
    if below.start is None and below.end is None:
        return None if sun.is_above else (start, end)
    return below.start or start, below.end or end


def _ticks(start: datetime, end: datetime, zone: ZoneInfo, x_of: Callable[[datetime], float]) -> Iterator[Tick]:
    first = start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    moment = first + timedelta(hours=first.hour % 2)
    while moment <= end:
        yield Tick(x_of(moment), f"{moment:%H}", f"{moment.astimezone(zone):%H:%M}".removesuffix(":00"))
        moment += TICK
