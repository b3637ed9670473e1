"""A night at one look: its seeing, its Strehl ratios, its limits of contrast."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from pipeline.arrays.nightly import CONTRAST_GRID_ARCSEC, Curve, median_curve, spread_of, trend
from pipeline.figures.canvas import png_of
from pipeline.figures.chart import (
    COLOURS,
    LINES,
    Look,
    chart,
    clock_axis,
    colours_by_name,
    legend,
    say_nothing_is_there,
)

SEEING = Look(2400, 900, 28)  # 8 by 3 inches at 300 dots an inch
STREHL = Look(2100, 954, 28)  # 7 by 3.18 inches
CONTRAST = Look(1600, 700, 22)  # 8 by 3.5 inches at 200 dots an inch
SHORT_S = 15.0  # exposures up to this have small dots
SMALL_AREA, RING_AREA, LARGE_AREA = 110.0, 300.0, 420.0  # px²
TREND_POINTS = 400
LEAST_AXIS, MOST_AXIS = 0.9, 1.1  # of the least and the most value
MAGS = (8.0, 0.0)
PALE, BLUE, BLACK = "#9a9a9a", COLOURS[0], "#000000"


@dataclass(frozen=True, slots=True)
class SeeingPoint:
    """One measurement: hours since the beginning of the UTC day, full width at half maximum, exposure."""

    at_h: float
    fwhm_arcsec: float
    filter_name: str
    exposure_s: float | None


@dataclass(frozen=True, slots=True)
class StrehlPoint:
    """One Strehl ratio, 0 to 1: hours since the beginning of the UTC day, and of which stack."""

    at_h: float
    ratio: float
    is_ok: bool
    is_faint: bool


@dataclass(frozen=True, slots=True)
class ContrastLine:
    """Limits around one star, and of which stack."""

    curve: Curve
    is_faint: bool


def night_seeing_figure(points: Sequence[SeeingPoint], *, title: str, description: str) -> bytes:
    """PNG of 2400 x 900 pixels: each measurement over the time, in a colour for each filter, and their trend dashed.

    Dots of exposures longer than 15 s are large, others small.
    """
    figure, axes = chart(SEEING, title=title, x="time, UTC", y="seeing, full width, ″")
    colours = colours_by_name({point.filter_name for point in points})
    for name, colour in colours.items():
        of_filter = [point for point in points if point.filter_name == name]
        axes.scatter(
            [point.at_h for point in of_filter],
            [point.fwhm_arcsec for point in of_filter],
            s=[LARGE_AREA if (point.exposure_s or 0.0) > SHORT_S else SMALL_AREA for point in of_filter],
            color=colour,
            edgecolors="none",
            label=name or "no filter stated",
            zorder=3,
        )
    if points:
        times, widths = np.array([[point.at_h, point.fwhm_arcsec] for point in points]).T
        _draw_trend(axes, times, widths)
        clock_axis(axes, float(times.min()), float(times.max()))
        axes.set_ylim(LEAST_AXIS * widths.min(), MOST_AXIS * widths.max())
    else:
        say_nothing_is_there(axes, SEEING)
    legend(axes, SEEING)
    return png_of(figure, description=description)


def night_strehl_figure(points: Sequence[StrehlPoint], *, title: str, description: str) -> bytes:
    """PNG of 2100 x 954 pixels: each Strehl ratio over the time, in four colours for OK or not and bright or faint.

    Of those that are OK lines show the mean and, dashed, one standard deviation to either side.
    """
    figure, axes = chart(STREHL, title=title, x="time, UTC", y="Strehl ratio, %")
    for is_faint, way, good, bad in (
        (False, "bright", COLOURS[0], COLOURS[1]),
        (True, "faint", COLOURS[2], COLOURS[3]),
    ):
        of_way = [point for point in points if point.is_faint == is_faint]
        for is_ok, flag, colour, marker in ((True, "OK", good, "o"), (False, "BAD?", bad, "X")):
            shown = [point for point in of_way if point.is_ok == is_ok]
            if shown:
                axes.scatter(
                    [point.at_h for point in shown],
                    [100 * point.ratio for point in shown],
                    s=RING_AREA if is_faint else SMALL_AREA,  # about the dot of the same star's bright stack
                    facecolors="none" if is_faint and is_ok else colour,
                    edgecolors=colour,
                    linewidths=3,
                    marker=marker,
                    label=f"{way}, {flag}: {len(shown)}",
                    zorder=3,
                )
        _draw_spread(axes, [100 * point.ratio for point in of_way if point.is_ok], way=way, colour=good)
    if points:
        times = [point.at_h for point in points]
        clock_axis(axes, min(times), max(times))
        axes.set_ylim(bottom=0)
    else:
        say_nothing_is_there(axes, STREHL)
    legend(axes, STREHL)
    return png_of(figure, description=description)


def night_contrast_figure(lines: Sequence[ContrastLine], *, title: str, description: str) -> bytes:
    """PNG of 1600 x 700 pixels: limits around each bright star thin and grey, around faint ones dashed and blue.

    Thick lines are the medians of each, from 0.2 to 1.45″.
    """
    figure, axes = chart(CONTRAST, title=title, x="distance from the star, ″", y="limit, mag fainter")
    for is_faint, way, colour, style in ((False, "bright", PALE, "-"), (True, "faint", BLUE, (0, (4, 3)))):
        curves = [line.curve for line in lines if line.is_faint == is_faint]
        for curve in curves:
            axes.plot(
                curve.separations_arcsec, curve.delta_mags, color=colour, linestyle=style, linewidth=1.5, alpha=0.7
            )
        if curves:
            axes.plot(
                CONTRAST_GRID_ARCSEC,
                median_curve(curves),
                color=BLUE if is_faint else BLACK,
                linestyle=style,
                linewidth=5,
                label=f"{way}: median of {sum(curve.is_whole for curve in curves)}",
                zorder=3,
            )
    if not lines:
        say_nothing_is_there(axes, CONTRAST)
    axes.set_xlim(CONTRAST_GRID_ARCSEC[0], CONTRAST_GRID_ARCSEC[-1])
    axes.set_ylim(*MAGS)
    legend(axes, CONTRAST)
    return png_of(figure, description=description)


def _draw_trend(axes: Axes, times: np.ndarray, widths: np.ndarray) -> None:
    at = np.linspace(times.min(), times.max(), TREND_POINTS)
    found = trend(times, widths, at)
    if found is not None:
        axes.plot(at, found, color=LINES, linestyle=(0, (5, 4)), linewidth=3, label="trend")


def _draw_spread(axes: Axes, values: Sequence[float], *, way: str, colour: str) -> None:
    spread = spread_of(values)
    if spread.mean is None:
        return
    told = "" if spread.sigma is None else f" ± {spread.sigma:.1f}"
    axes.axhline(spread.mean, color=colour, linewidth=3, label=f"{way}, OK: mean {spread.mean:.1f}{told} %")
    for sign in (-1, 1) if spread.sigma is not None else ():
        axes.axhline(spread.mean + sign * (spread.sigma or 0.0), color=colour, linewidth=2, linestyle=(0, (6, 4)))
