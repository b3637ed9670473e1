"""What all figures are drawn with: a sheet of exact pixels, colours, letters with a rim, scale bars, compasses.

matplotlib by its objects alone: pyplot would keep every figure that a worker ever drew.
"""

import io
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from pipeline.arrays.shrink import area_mean

Rgb = NDArray[np.uint8]  # (ny, nx, 3), row 0 at the bottom as FITS has it

POINTS_PER_INCH = 72  # and pixels: a letter of 20 points is 20 pixels high
COLOUR_MAP = "magma"  # ever lighter: it can be told without seeing colours, and in print
DIVERGING = "berlin"  # for differences: blue and red, which are told apart with any colour vision, dark at zero
BLANK = (0.35, 0.35, 0.35)  # a pixel without a value: in none of the maps
INK, RIM = "#f4f4f4", "#000000"
WARNING = "#ffb000"
RIM_PX = 3.0
LINE_SPACING = 1.4
FEWEST_PIXELS_EACH = 3.0  # of the picture for one of the image, from which on pixels are shown as squares
BARS_ARCSEC = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
BAR_SHARE = 0.22  # of the picture's width, at most

mpl.rcdefaults()  # letters and lines are matplotlib's own, whatever a file of this machine says


@dataclass(frozen=True, slots=True)
class Compass:
    """Unit vectors (y, x) in the image that point north and east."""

    north_yx: tuple[float, float]
    east_yx: tuple[float, float]


def sheet(width_px: int, height_px: int, *, colour: str = RIM) -> Figure:
    """An empty figure of exactly so many pixels."""
    figure = Figure(figsize=(width_px / POINTS_PER_INCH, height_px / POINTS_PER_INCH), dpi=POINTS_PER_INCH)
    figure.set_facecolor(colour)
    FigureCanvasAgg(figure)
    return figure


def png_of(figure: Figure, *, description: str) -> bytes:
    """Encode, without date or program in the file. The description is for who can not see the picture."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=POINTS_PER_INCH, metadata={"Software": None, "Description": description})
    figure.clear()
    return stream.getvalue()


def colours_of(fractions: NDArray[np.float64], *, colour_map: str = COLOUR_MAP) -> Rgb:
    """Colours of brightness 0 to 1 (ny, nx); NaN is grey."""
    coloured = mpl.colormaps[colour_map](np.nan_to_num(fractions))[..., :3]
    coloured[~np.isfinite(fractions)] = BLANK
    return np.round(coloured * 255).astype(np.uint8)


def fitted(image: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """The image with another number of pixels: means of areas where they become fewer.

    Where they become more, they stay squares if each becomes three pixels or more, else they are interpolated. NaN
    stays NaN.
    """
    ny, nx = image.shape
    if shape[0] <= ny and shape[1] <= nx:
        return area_mean(image, shape)
    is_coarse = shape[0] >= FEWEST_PIXELS_EACH * ny
    method = Image.Resampling.NEAREST if is_coarse else Image.Resampling.BICUBIC
    has_value = np.isfinite(image)
    low, high = (float(limit) for limit in (np.nanmin(image), np.nanmax(image))) if has_value.any() else (0.0, 0.0)
    larger = _resized(np.where(has_value, image, low), shape, method)
    covered = _resized(has_value.astype(np.float64), shape, Image.Resampling.NEAREST)
    return np.where(covered > 0, np.clip(larger, low, high), np.nan)


def paint(figure: Figure, rgb: Rgb, place: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)) -> Axes:
    """Put an image on the sheet, pixel by pixel; the axes count its pixels from its lower left corner."""
    ny, nx, _ = rgb.shape
    axes = figure.add_axes(place)
    axes.set_axis_off()
    axes.imshow(rgb, origin="lower", extent=(0, nx, 0, ny), interpolation="none", aspect="auto")
    axes.set_xlim(0, nx)
    axes.set_ylim(0, ny)
    return axes


def write(axes: Axes, x: float, y: float, text: str, *, size_px: float, colour: str = INK, at: str = "lb") -> None:
    """Write one or more lines with a dark rim. `at` says which place of the text lies at x, y.

    l, c or r across; up b, the line that the first letters stand on, m, the middle of its capitals, or t, its top.
    """
    across = {"l": "left", "c": "center", "r": "right"}[at[0]]
    if at[1] == "t":
        y -= size_px
    up = "center_baseline" if at[1] == "m" else "baseline"
    for number, line in enumerate(text.splitlines()):
        below = number * LINE_SPACING * size_px
        axes.text(
            x, y - below, line, color=colour, fontsize=size_px, ha=across, va=up, path_effects=_rim(), parse_math=False
        )


def scale_bar(axes: Axes, *, arcsec_per_px: float, size_px: float) -> float:
    """Draw a bar of a round length into the lower right corner; answers its length, arcsec."""
    width_px = axes.get_xlim()[1]
    fitting = [bar for bar in BARS_ARCSEC if bar / arcsec_per_px <= BAR_SHARE * width_px]
    length_arcsec = fitting[-1] if fitting else BARS_ARCSEC[0]
    right, y = width_px - 1.5 * size_px, 1.5 * size_px
    left = right - length_arcsec / arcsec_per_px
    axes.plot([left, right], [y, y], color=INK, linewidth=size_px / 6, solid_capstyle="butt", path_effects=_rim())
    write(axes, (left + right) / 2, y + 0.5 * size_px, f"{length_arcsec:g}″", size_px=size_px, at="cb")
    return length_arcsec


def compass(axes: Axes, points: Compass, *, size_px: float) -> None:
    """Draw arrows to north and east into the lower left corner, whichever way they point."""
    length = 2.6 * size_px
    ends = [(vector[0] * length, vector[1] * length) for vector in (points.north_yx, points.east_yx)]
    room = 1.9 * size_px  # for the letters
    y, x = (room - min(0.0, *(end[axis] for end in ends)) for axis in (0, 1))
    for (up, across), letter in zip(ends, "NE", strict=True):
        axes.annotate(
            "",
            xy=(x + across, y + up),
            xytext=(x, y),
            arrowprops={
                "arrowstyle": f"-|>,head_length={size_px / 45:.3f},head_width={size_px / 110:.3f}",
                "color": INK,
                "linewidth": size_px / 10,
                "shrinkA": 0,
                "shrinkB": 0,
                "mutation_scale": 20,
                "path_effects": _rim(),
            },
        )
        write(axes, x + 1.32 * across, y + 1.32 * up, letter, size_px=size_px, at="cm")


def box(axes: Axes, *, left: float, bottom: float, side: float, size_px: float) -> None:
    """Draw a dotted square."""
    x = [left, left + side, left + side, left, left]
    y = [bottom, bottom, bottom + side, bottom + side, bottom]
    axes.plot(x, y, color=INK, alpha=0.8, linewidth=size_px / 12, linestyle=(0, (1, 2)), solid_joinstyle="miter")


def _rim() -> list[patheffects.AbstractPathEffect]:
    return [patheffects.withStroke(linewidth=RIM_PX, foreground=RIM)]


def _resized(image: NDArray[np.float64], shape: tuple[int, int], method: Image.Resampling) -> NDArray[np.float64]:
    picture = Image.fromarray(image.astype(np.float32))
    return np.asarray(picture.resize((shape[1], shape[0]), method), dtype=np.float64)
