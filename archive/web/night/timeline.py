"""Exposures of a night on a line for each instrument: a drawing as numbers, which the template writes as SVG."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from archive.domain.frame_nights import Exposed, Gap

WIDTH, LEFT, RIGHT, LANE, TOP, BOTTOM = 1000, 110, 24, 30, 22, 20
MARK = 12  # height of an exposure
NARROWEST = 1.5  # of a mark, in the drawing's units
HOUR = timedelta(hours=1)
MOST_TICKS = 14


@dataclass(frozen=True, slots=True)
class Mark:
    """One exposure."""

    x: float
    y: float
    width: float
    title: str
    is_raw: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """One full hour of UTC, and what a site's clock says then; empty where none is asked for."""

    x: float
    label: str
    local: str


@dataclass(frozen=True, slots=True)
class Pause:
    """A gap between two exposures of an instrument."""

    start: float
    end: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drawing; lengths are in its own units."""

    width: int
    height: int
    floor: int  # where the lanes end
    lanes: list[tuple[float, str]]  # where the name of each instrument stands
    marks: list[Mark]
    pauses: list[Pause]
    ticks: list[Tick]


def timeline_of(frames: Sequence[Exposed], gaps: Sequence[Gap] = (), *, zone: tzinfo | None = None) -> Timeline | None:
    """The drawing; None without a frame. `zone` is that of a clock whose hours stand below those of UTC."""
    if not frames:
        return None
    start, end = min(each.begun_at for each in frames), max(each.ended_at for each in frames)
    start, end = _hour_before(start), _hour_before(end) + HOUR
    scale = (WIDTH - LEFT - RIGHT) / (end - start).total_seconds()

    def x_of(at: datetime) -> float:
        return round(LEFT + (at - start).total_seconds() * scale, 2)

    instruments = sorted({each.instrument_id for each in frames})
    tops = {name: TOP + number * LANE for number, name in enumerate(instruments)}
    marks = [
        Mark(
            x_of(each.begun_at),
            tops[each.instrument_id] + (0 if each.reduction_level == 0 else LANE / 2),
            round(max(NARROWEST, x_of(each.ended_at) - x_of(each.begun_at)), 2),
            f"{each.basename}, {each.begun_at:%H:%M:%S}",
            each.reduction_level == 0,
        )
        for each in frames
    ]
    pauses = [
        Pause(x_of(each.begun_at), x_of(each.ended_at), tops[each.instrument_id] + MARK / 2, _told(each))
        for each in gaps
    ]
    lanes = [(tops[name] + LANE / 2, name) for name in instruments]
    floor = TOP + LANE * len(lanes)
    height = floor + (BOTTOM if zone else 0)
    return Timeline(WIDTH, height, floor, lanes, marks, pauses, list(_ticks(start, end, x_of, zone)))


def _told(gap: Gap) -> str:
    return f"{gap.instrument_id}: nothing from {gap.begun_at:%H:%M:%S} to {gap.ended_at:%H:%M:%S} UTC"


def _hour_before(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _ticks(start: datetime, end: datetime, x_of: Callable[[datetime], float], zone: tzinfo | None) -> Iterator[Tick]:
    hours = int((end - start) / HOUR)
    step = max(1, -(-hours // MOST_TICKS))
    for hour in range(0, hours + 1, step):
        at = start + hour * HOUR
        yield Tick(x_of(at), f"{at:%H:%M}", f"{at.astimezone(zone):%H:%M}" if zone else "")
