"""The stack of a star or a planet as people see it: the whole field, the star from near, and a small picture of it."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.arrays.cutout import Cutout, cut_around
from pipeline.arrays.display import Curve, brightness
from pipeline.arrays.shrink import fitted_shape
from pipeline.figures.canvas import (
    COLOUR_MAP,
    WARNING,
    Compass,
    box,
    colours_of,
    compass,
    fitted,
    paint,
    png_of,
    scale_bar,
    sheet,
    write,
)

FULL_PX, NEAR_PX, SMALL_PX = 1200, 900, 240
FULL_LETTERS_PX, NEAR_LETTERS_PX = 26, 28
MARGIN_PX = 24
WEBP_QUALITY = 85


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How counts become colours."""

    curve: Curve = "asinh"
    percentiles: tuple[float, float] = (20.0, 99.999)
    colour_map: str = COLOUR_MAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What there is to show.

    pixels : (ny, nx). scale_arcsec : side of a pixel. lock_yx : the star, px from zero. half_px : how much of the image
    around it is shown from near; None shows all of it. points : None where nobody knows where north is.
    caption : what it is, a line or two. remark : what was measured, over the near picture. warning : what speaks
    against it, empty if nothing.
    """

    pixels: NDArray[Any]
    scale_arcsec: float
    lock_yx: tuple[float, float]
    half_px: int | None
    points: Compass | None
    caption: str
    remark: str = ""
    warning: str = ""


def full_picture(sight: Sight, look: Look, *, description: str) -> bytes:
    """PNG, 1200 pixels along the longer side: the whole field, a dotted square around what `near_picture` shows."""
    shape = _shape(sight.pixels, FULL_PX)
    image = fitted(_brightness(sight.pixels, shape, look), shape)
    figure = sheet(shape[1], shape[0])
    axes = paint(figure, colours_of(image, colour_map=look.colour_map))
    factor = shape[1] / sight.pixels.shape[1]
    if sight.half_px is not None:
        cut = _near(sight)
        bottom, left = (place * factor for place in cut.origin_yx)
        box(axes, left=left, bottom=bottom, side=len(cut.pixels) * factor, size_px=FULL_LETTERS_PX)
    write(axes, MARGIN_PX, shape[0] - MARGIN_PX, sight.caption, size_px=FULL_LETTERS_PX, at="lt")
    if sight.points is not None:
        compass(axes, sight.points, size_px=FULL_LETTERS_PX)
    scale_bar(axes, arcsec_per_px=sight.scale_arcsec / factor, size_px=FULL_LETTERS_PX)
    return png_of(figure, description=description)


def near_picture(sight: Sight, look: Look, *, description: str) -> bytes:
    """PNG, 900 pixels along the longer side: the star, or the whole planet, with what was measured."""
    pixels = _near(sight).pixels
    shape = _shape(pixels, NEAR_PX)
    figure = sheet(shape[1], shape[0])
    axes = paint(figure, colours_of(fitted(_brightness(pixels, shape, look), shape), colour_map=look.colour_map))
    line = shape[0] - MARGIN_PX - NEAR_LETTERS_PX
    write(axes, MARGIN_PX, line, sight.remark, size_px=NEAR_LETTERS_PX)
    write(axes, shape[1] - MARGIN_PX, line, sight.warning, size_px=NEAR_LETTERS_PX, colour=WARNING, at="rb")
    if sight.points is not None:
        compass(axes, sight.points, size_px=NEAR_LETTERS_PX)
    scale_bar(axes, arcsec_per_px=sight.scale_arcsec * pixels.shape[1] / shape[1], size_px=NEAR_LETTERS_PX)
    return png_of(figure, description=description)


def small_picture(sight: Sight, look: Look) -> bytes:
    """WebP, 240 pixels along the longer side: what `near_picture` shows, without words."""
    pixels = _near(sight).pixels
    shape = _shape(pixels, SMALL_PX)
    rgb = colours_of(fitted(_brightness(pixels, shape, look), shape), colour_map=look.colour_map)
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgb[::-1])).save(stream, "WEBP", quality=WEBP_QUALITY, method=6)
    return stream.getvalue()


def _near(sight: Sight) -> Cutout:
    if sight.half_px is None:
        return Cutout(sight.pixels, (0, 0), sight.lock_yx, min(sight.pixels.shape) // 2)
    return cut_around(sight.pixels, centre_yx=sight.lock_yx, half_px=sight.half_px)


def _brightness(pixels: NDArray[Any], shape: tuple[int, int], look: Look) -> NDArray[np.float64]:
    """Of the smaller of image and picture: means of counts are taken before any curve."""
    is_smaller = shape[0] < pixels.shape[0]
    image = fitted(pixels.astype(np.float64), shape) if is_smaller else pixels
    return brightness(image, curve=look.curve, percentiles=look.percentiles)


def _shape(pixels: NDArray[Any], longest_px: int) -> tuple[int, int]:
    """Of a picture: enlarged too, where the image is small."""
    if max(pixels.shape) >= longest_px:
        return fitted_shape((pixels.shape[0], pixels.shape[1]), longest_px)
    factor = longest_px / max(pixels.shape)
    return max(1, round(pixels.shape[0] * factor)), max(1, round(pixels.shape[1] * factor))
