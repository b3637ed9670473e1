"""Sheets with axes: dark lines on white paper, all sizes in pixels, colours that any colour vision tells apart."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from pipeline.figures.canvas import sheet

PAPER, LINES, GRID = "#ffffff", "#303030", "#e0e0e0"
# Okabe and Ito 2008, the yellow left out: on white it is not seen.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
NOBODY = "nothing was measured"
MINUTES_OF_HOUR, HOURS_OF_DAY = 60, 24
STEPS_H = (1 / 12, 1 / 6, 1 / 4, 1 / 2, 1.0, 2.0, 3.0, 6.0)
MOST_STEPS = 10


@dataclass(frozen=True, slots=True)
class Look:
    """Sizes of a chart, px."""

    width_px: int
    height_px: int
    letters_px: int


def chart(look: Look, *, title: str, x: str, y: str) -> tuple[Figure, Axes]:
    """An empty sheet with named axes."""
    figure = sheet(look.width_px, look.height_px, colour=PAPER)
    room = look.letters_px
    left, bottom = 5.2 * room / look.width_px, 4.2 * room / look.height_px
    right, top = 1 - 1.5 * room / look.width_px, 1 - 2.6 * room / look.height_px
    axes = figure.add_axes((left, bottom, right - left, top - bottom))
    axes.set_facecolor(PAPER)
    axes.set_axisbelow(True)
    axes.grid(visible=True, color=GRID, linewidth=room / 14)
    axes.tick_params(labelsize=room, width=room / 14, length=room / 3, pad=room / 3, colors=LINES)
    for spine in axes.spines.values():
        spine.set_linewidth(room / 14)
        spine.set_color(LINES)
    axes.set_xlabel(x, fontsize=1.1 * room, labelpad=0.5 * room, color=LINES)
    axes.set_ylabel(y, fontsize=1.1 * room, labelpad=0.5 * room, color=LINES)
    axes.set_title(title, fontsize=1.1 * room, pad=0.6 * room, color=LINES, parse_math=False)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    return figure, axes


def clock_axis(axes: Axes, first_h: float, last_h: float) -> None:
    """Let the horizontal axis go from the first to the last hour, with the time of the clock beside it."""
    room = max(0.03 * (last_h - first_h), 0.05)
    axes.set_xlim(first_h - room, last_h + room)
    span = last_h - first_h + 2 * room
    step = next((step for step in STEPS_H if span / step <= MOST_STEPS), STEPS_H[-1])
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(_clock))


def legend(axes: Axes, look: Look) -> None:
    """What is drawn how, if anything has a name. Letters are as they stand: names hold anything."""
    if not axes.get_legend_handles_labels()[1]:
        return
    made = axes.legend(
        loc="best", fontsize=0.9 * look.letters_px, framealpha=0.85, edgecolor=GRID, labelcolor=LINES, handlelength=1.6
    )
    for text in made.get_texts():
        text.set_parse_math(False)


def say_nothing_is_there(axes: Axes, look: Look) -> None:
    axes.text(
        0.5, 0.5, NOBODY, transform=axes.transAxes, ha="center", va="center", fontsize=look.letters_px, color=LINES
    )


def colours_by_name(names: set[str]) -> dict[str, str]:
    """A colour for each name, the same for the same names."""
    return {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(sorted(names))}


def _clock(hours: float, _place: int | None = None) -> str:
    minutes = round(hours * MINUTES_OF_HOUR)
    return f"{minutes // MINUTES_OF_HOUR % HOURS_OF_DAY:02d}:{minutes % MINUTES_OF_HOUR:02d}"
