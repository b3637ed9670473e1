"""A limit of contrast over the distance from the star, as numbers that the template writes as SVG."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archive.models import Companion, ContrastCurve

WIDTH, HEIGHT = 640, 340
LEFT, RIGHT, TOP, BOTTOM = 46, 16, 14, 46
LEAST_ARCSEC, LEAST_MAG = 1.5, 8.0  # what is shown at least, so that curves can be compared
MOST_TICKS = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """A number beside an axis, and where it stands."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Spot:
    """A companion."""

    x: float
    y: float
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Lengths are in the drawing's own units. A line ends where a limit is not known."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]
    lines: Sequence[str]  # `points` of polylines
    spots: Sequence[Spot]


def drawing_of(curve: ContrastCurve, companions: Sequence[Companion]) -> Drawing:
    """Fainter is further down, as magnitudes are drawn."""
    known = [mag for mag in curve.delta_mags if mag is not None]
    most_arcsec = max([LEAST_ARCSEC, *curve.separations_arcsec, *(each.separation_arcsec for each in companions)])
    most_mag = math.ceil(max([LEAST_MAG, *known, *(each.delta_mag for each in companions)]))
    x_scale = (WIDTH - LEFT - RIGHT) / most_arcsec
    y_scale = (HEIGHT - TOP - BOTTOM) / most_mag

    def place(arcsec: float, mag: float) -> tuple[float, float]:
        return round(LEFT + arcsec * x_scale, 1), round(TOP + max(mag, 0.0) * y_scale, 1)

    pairs = zip(curve.separations_arcsec, curve.delta_mags, strict=True)
    placed = [None if mag is None else place(arcsec, mag) for arcsec, mag in pairs]
    x_step = _step(most_arcsec)
    n_x = math.floor(most_arcsec / x_step + 1e-9)
    y_step = max(1, round(_step(most_mag)))
    return Drawing(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=WIDTH - RIGHT,
        top=TOP,
        bottom=HEIGHT - BOTTOM,
        x_ticks=[Tick(place(n * x_step, 0.0)[0], f"{n * x_step:g}") for n in range(n_x + 1)],
        y_ticks=[Tick(place(0.0, mag)[1], f"{mag}") for mag in range(0, most_mag + 1, y_step)],
        lines=list(_lines(placed)),
        spots=[Spot(*place(each.separation_arcsec, each.delta_mag), each.number, _title(each)) for each in companions],
    )


def _step(most: float) -> float:
    """A step of 1, 2 or 5 of some power of ten that gives few enough ticks."""
    rough = most / MOST_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= rough * (1 - 1e-9))


def _lines(placed: Iterable[tuple[float, float] | None]) -> Iterable[str]:
    line: list[str] = []
    for each in (*placed, None):
        if each is not None:
            line.append(f"{each[0]},{each[1]}")
        elif line:
            yield " ".join(line)
            line = []


def _title(each: Companion) -> str:
    return f"Companion {each.number}: {each.separation_arcsec:.2f} arcsec, {each.delta_mag:.1f} mag fainter"
