"""Limits of contrast as a curve: how much fainter than its star a companion could be and still be found."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.figures.canvas import png_of
from pipeline.figures.chart import COLOURS, LINES, Look, chart, legend, say_nothing_is_there

LOOK = Look(1600, 700, 22)  # 8 by 3.5 inches at 200 dots an inch
SEPARATIONS_ARCSEC, LIMITS_MAG = (0.2, 1.45), (8.0, 0.0)  # shown: those of the original's plots

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
    figure, axes = chart(LOOK, title=title, x="distance from the star, ″", y="limit, mag fainter")
    axes.set_xlim(*SEPARATIONS_ARCSEC)
    axes.set_ylim(*LIMITS_MAG)
    if np.isfinite(delta_mags).any():
        axes.plot(separations_arcsec, delta_mags, color=LINES, linewidth=2.5)
    else:
        say_nothing_is_there(axes, LOOK)
    if companions:
        arcsec, mags = zip(*companions, strict=True)
        axes.plot(arcsec, mags, "o", color=COLOURS[1], markersize=12, label="found")
    legend(axes, LOOK)
    return png_of(figure, description=description)
