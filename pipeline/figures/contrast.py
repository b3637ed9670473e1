"""Limits of contrast as a curve: how much fainter than its star a companion could be and still be found."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pipeline.figures.canvas import png_of, sheet

WIDTH_PX, HEIGHT_PX = 1600, 700  # 8 by 3.5 inches at 200 dots an inch
PLACE = (0.06, 0.14, 0.92, 0.76)  # of the axes on the sheet
SEPARATIONS_ARCSEC, LIMITS_MAG = (0.2, 1.45), (8.0, 0.0)  # shown: those of the original's plots
LETTERS_PX = 22
PAPER, INK_ON_PAPER, GRID = "#ffffff", "#202020", "#d0d0d0"
FOUND = "#d55e00"  # vermilion: told from black with any colour vision

Floats = NDArray[np.float64]


def contrast_plot(
    separations_arcsec: Floats,
    delta_mags: Floats,
    *,
    companions: Sequence[tuple[float, float]] = (),
    title: str,
    description: str,
) -> bytes:
    """PNG of 1600 x 700 pixels: limits (n,) as a line, NaN left out, and companions as points (arcsec, mag)."""
    figure = sheet(WIDTH_PX, HEIGHT_PX, colour=PAPER)
    axes = contrast_axes(figure.add_axes(PLACE), title=title)
    axes.plot(separations_arcsec, delta_mags, color=INK_ON_PAPER, linewidth=2.5)
    if companions:
        axes.plot(*zip(*companions, strict=True), "o", color=FOUND, markersize=12, label="found")
        axes.legend(fontsize=LETTERS_PX, frameon=False, loc="lower left")
    return png_of(figure, description=description)


def contrast_axes(axes: Axes, *, title: str) -> Axes:
    """Axes of limits: distance to the right, fainter below."""
    axes.set_xlim(*SEPARATIONS_ARCSEC)
    axes.set_ylim(*LIMITS_MAG)
    axes.set_xlabel("distance from the star, arcsec", fontsize=LETTERS_PX, color=INK_ON_PAPER)
    axes.set_ylabel("limit, mag", fontsize=LETTERS_PX, color=INK_ON_PAPER)
    axes.set_title(title, fontsize=LETTERS_PX, color=INK_ON_PAPER, parse_math=False)
    axes.tick_params(labelsize=LETTERS_PX, colors=INK_ON_PAPER)
    axes.grid(color=GRID, linewidth=1)
    return axes
