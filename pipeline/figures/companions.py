"""A star before and after its light was taken out, with what stands out marked; and the star alone, small."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pipeline.arrays.display import brightness
from pipeline.figures.canvas import (
    DIVERGING,
    WARNING,
    Compass,
    colours_of,
    compass,
    fitted,
    paint,
    png_of,
    scale_bar,
    sheet,
    write,
)

WIDTH_PX, HEIGHT_PX, GAP_PX = 1606, 800, 6
PANEL_PX = (WIDTH_PX - GAP_PX) // 2
LETTERS_PX, MARGIN_PX = 24, 22
GROUND = "#202020"
REACH_T = 10.0  # colours of Student's t reach so far to both sides
MARK_PX = 34.0  # radius of the circle about a companion
SMALL_PX = 402


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that stands out, px from the star, and what is written beside it."""

    offset_yx: tuple[float, float]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subtracted:
    """What there is to show: the star (ny, nx) on the middle pixel, and Student's t of what is left; NaN: not known."""

    star: NDArray[Any]
    signal: NDArray[Any]
    scale_arcsec: float
    points: Compass | None
    caption: str
    remark: str
    marks: tuple[Mark, ...] = ()


def subtraction_picture(shown: Subtracted, *, description: str) -> bytes:
    """PNG of 1606 x 800 pixels: the star, and beside it how far each place stands out once its light is taken out."""
    figure = sheet(WIDTH_PX, HEIGHT_PX, colour=GROUND)
    shape = (HEIGHT_PX, PANEL_PX)
    panels = (
        (colours_of(fitted(brightness(shown.star), shape)), shown.caption),
        (
            colours_of(_about_zero(fitted(shown.signal, shape)), colour_map=DIVERGING),
            f"without the star\n{shown.remark}",
        ),
    )
    factor = PANEL_PX / shown.star.shape[1]
    for number, (rgb, title) in enumerate(panels):
        left = number * (PANEL_PX + GAP_PX) / WIDTH_PX
        axes = paint(figure, rgb, (left, 0.0, PANEL_PX / WIDTH_PX, 1.0))
        write(axes, MARGIN_PX, HEIGHT_PX - MARGIN_PX, title, size_px=LETTERS_PX, at="lt")
        scale_bar(axes, arcsec_per_px=shown.scale_arcsec / factor, size_px=LETTERS_PX)
        if shown.points is not None:
            compass(axes, shown.points, size_px=LETTERS_PX)
    for mark in shown.marks:
        _draw(axes, mark, shape=shown.star.shape, factor=factor)
    text = f"Student's t to ±{REACH_T:g}"
    write(axes, PANEL_PX - MARGIN_PX, HEIGHT_PX - MARGIN_PX, text, size_px=LETTERS_PX, at="rt")
    return png_of(figure, description=description)


def star_picture(star: NDArray[Any], *, description: str) -> bytes:
    """PNG of 402 x 402 pixels: a star alone, for lists."""
    rgb = colours_of(fitted(brightness(star), (SMALL_PX, SMALL_PX)))
    figure = sheet(SMALL_PX, SMALL_PX)
    paint(figure, rgb)
    return png_of(figure, description=description)


def _about_zero(t: NDArray[Any]) -> NDArray[np.float64]:
    """Fractions 0 to 1 of a map's colours, which are symmetric about zero; NaN stays NaN."""
    return np.clip(t / (2 * REACH_T) + 0.5, 0, 1).astype(np.float64)


def _draw(axes: Axes, mark: Mark, *, shape: tuple[int, ...], factor: float) -> None:
    """A circle about a companion, its text on the side of the star, where there is room."""
    y, x = ((length // 2 + offset + 0.5) * factor for length, offset in zip(shape, mark.offset_yx, strict=True))
    turn = np.linspace(0, 2 * np.pi, 73)
    axes.plot(x + MARK_PX * np.cos(turn), y + MARK_PX * np.sin(turn), color=WARNING, linewidth=2)
    side, at = (-1, "rm") if mark.offset_yx[1] > 0 else (1, "lm")
    write(axes, x + side * 1.3 * MARK_PX, y, mark.text, size_px=LETTERS_PX, colour=WARNING, at=at)
