"""Exposures of a night on a line for each instrument: a drawing as numbers, which the template writes as SVG."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.domain.frame_nights import Exposed

WIDTH, LEFT, RIGHT, LANE, TOP = 1000, 110, 24, 30, 22
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
    """One full hour of UTC."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drawing; lengths are in its own units."""

    width: int
    height: int
    lanes: list[tuple[float, str]]  # where the name of each instrument stands
    marks: list[Mark]
    ticks: list[Tick]


def timeline_of(frames: Sequence[Exposed]) -> Timeline | None:
    """The drawing; None without a frame."""
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
    lanes = [(tops[name] + LANE / 2, name) for name in instruments]
    return Timeline(WIDTH, TOP + LANE * len(lanes), lanes, marks, list(_ticks(start, end, x_of)))


def _hour_before(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _ticks(start: datetime, end: datetime, x_of: Callable[[datetime], float]) -> Iterator[Tick]:
    hours = int((end - start) / HOUR)
    step = max(1, -(-hours // MOST_TICKS))
    for hour in range(0, hours + 1, step):
        at = start + hour * HOUR
        yield Tick(x_of(at), f"{at:%H:%M}")
