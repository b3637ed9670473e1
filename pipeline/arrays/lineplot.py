"""A spectrum, or any single row of numbers, drawn as a line with axes."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.arrays.planes import Cards, EightBits
from pipeline.arrays.shrink import area_mean

LIMIT_PERCENTILES = (0.5, 99.5)
MARGIN = 0.08  # of the range, kept free above and below the line
HEIGHT_PER_WIDTH = 0.6
NARROWEST_PX, WIDEST_PX = 256, 1600  # drawn; a plot asked for narrower is drawn at this width and made smaller
POINTS_PER_PX = 4
BACKGROUND, GRID, INK, LINE = 0, 60, 190, 255
SPECTRAL_TYPES = ("WAVE", "AWAV", "LINEAR", "LAMBDA", "FREQ", "VELO", "ENER", "WAVN")
NAMES_OF_TYPES = {"FREQ": "frequency", "VELO": "velocity", "ENER": "energy", "WAVN": "wave number"}


@dataclass(frozen=True, slots=True)
class Axis:
    """Range of one axis and how it is drawn: value `low` lies at pixel `start`, `high` at `stop`."""

    low: float
    high: float
    start: float
    stop: float

    def pixel(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.start + (values - self.low) / (self.high - self.low) * (self.stop - self.start)

    def ticks(self, at_most: int) -> list[float]:
        """Round values within the range: steps of 1, 2 or 5 times a power of ten."""
        rough = (self.high - self.low) / at_most
        power = 10.0 ** np.floor(np.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
        first = np.ceil(self.low / step)
        last = np.floor(self.high / step)
        return [float(n * step) for n in np.arange(first, last + 1)]


def draw_line(flux: NDArray[np.float64], cards: Cards, *, width_px: int) -> EightBits:
    """Draw `flux` over its pixel number, or over wavelength if the header's first axis tells it.

    The vertical limits are percentiles: a cosmic ray runs out of the frame, it does not flatten the rest. Values that
    are not finite leave a gap. The first row of the answer is the top of the plot.
    """
    width = min(max(width_px, NARROWEST_PX), WIDEST_PX)
    height = max(1, round(width * HEIGHT_PER_WIDTH))
    font_px = max(9, width // 45)
    positions, name = spectral_axis(flux.size, cards)
    canvas = Image.new("L", (width, height), BACKGROUND)
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(font_px)
    low, high = _limits(flux)
    horizontal = Axis(float(positions.min()), float(positions.max()) or 1.0, 5 * font_px, width - 2 * font_px)
    vertical = Axis(low, high, height - 3.4 * font_px, 1.5 * font_px)
    _draw_axes(pen, horizontal, vertical, font=font, font_px=font_px)
    pen.text(((horizontal.start + horizontal.stop) / 2, height - 2), name, INK, font=font, anchor="mb")
    _draw_curve(pen, horizontal, vertical, *_thinned(positions, flux, int(POINTS_PER_PX * width)))
    if width_px < width:
        canvas = canvas.resize((width_px, max(1, round(width_px * HEIGHT_PER_WIDTH))), Image.Resampling.LANCZOS)
    return np.asarray(canvas)


def spectral_axis(n_pixels: int, cards: Cards) -> tuple[NDArray[np.float64], str]:
    """Value of each pixel along the first axis, and the axis's name with its unit."""
    pixel = np.arange(1, n_pixels + 1, dtype=np.float64)
    start, step = cards.get("CRVAL1"), cards.get("CD1_1", cards.get("CDELT1"))
    kind = str(cards.get("CTYPE1", "")).strip().upper()
    if not (kind.startswith(SPECTRAL_TYPES) and isinstance(start, int | float) and isinstance(step, int | float)):
        return pixel, "pixel"
    if step == 0:
        return pixel, "pixel"
    values = start + (pixel - cards.get("CRPIX1", 1)) * step
    if cards.get("DC-FLAG") == 1:  # IRAF's way to say that the values are logarithms
        values = 10.0**values
    return values, _axis_name(kind, cards)


def _axis_name(kind: str, cards: Cards) -> str:
    words = dict(re.findall(r'(label|units)\s*=\s*"?(\w+)', str(cards.get("WAT1_001", ""))))
    unit = words.get("units") or str(cards.get("CUNIT1", "")).strip()
    label = words.get("label") or {"FREQ": "frequency", "VELO": "velocity", "ENER": "energy"}.get(
        kind[:4], "wavelength"
    )
    return f"{label.lower()}, {unit}" if unit else label.lower()


def _limits(flux: NDArray[np.float64]) -> tuple[float, float]:
    finite = flux[np.isfinite(flux)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = (float(limit) for limit in np.percentile(finite, LIMIT_PERCENTILES))
    room = MARGIN * (high - low) or max(0.5, abs(low) * 1e-6)
    return low - room, high + room


def _thinned(
    positions: NDArray[np.float64], flux: NDArray[np.float64], at_most: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    shape = (1, min(flux.size, at_most))
    return area_mean(positions[None], shape)[0], area_mean(flux[None], shape)[0]


def _draw_curve(
    pen: ImageDraw.ImageDraw,
    horizontal: Axis,
    vertical: Axis,
    positions: NDArray[np.float64],
    flux: NDArray[np.float64],
) -> None:
    x = horizontal.pixel(positions)
    y = np.clip(vertical.pixel(flux), vertical.stop, vertical.start)
    has_value = np.isfinite(y)
    ends = np.flatnonzero(np.diff(has_value)) + 1
    for x_run, y_run in zip(np.split(x, ends), np.split(y, ends), strict=True):
        if np.isfinite(y_run[0]):
            pen.line(list(zip(x_run.tolist(), y_run.tolist(), strict=True)), fill=LINE, width=1)


def _draw_axes(
    pen: ImageDraw.ImageDraw,
    horizontal: Axis,
    vertical: Axis,
    *,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    font_px: int,
) -> None:
    for value in horizontal.ticks(max(2, int(horizontal.stop - horizontal.start) // (8 * font_px))):
        x = float(horizontal.pixel(np.array(value)))
        pen.line([(x, vertical.start), (x, vertical.stop)], fill=GRID)
        pen.text((x, vertical.start + 2), f"{value:.6g}", INK, font=font, anchor="mt")
    for value in vertical.ticks(max(2, int(vertical.start - vertical.stop) // (4 * font_px))):
        y = float(vertical.pixel(np.array(value)))
        pen.line([(horizontal.start, y), (horizontal.stop, y)], fill=GRID)
        pen.text((horizontal.start - 3, y), f"{value:.4g}", INK, font=font, anchor="rm")
    corners = [(horizontal.start, vertical.stop), (horizontal.stop, vertical.start)]
    pen.rectangle(corners, outline=INK)
