"""The pixels around a place, also where the place lies near an edge."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from archive.errors import UsageError

Edge = Literal["shrink", "fill"]


@dataclass(frozen=True, slots=True)
class Cutout:
    """Pixels (2 * half_px + 1, 2 * half_px + 1) and where the first of them lies in the image, px from zero.

    `centre_yx` is the place they were cut around, in the cutout's own pixels; it lies within half a pixel of the
    middle. To carry a WCS over, take `origin_yx` from its reference pixel.
    """

    pixels: NDArray[Any]
    origin_yx: tuple[int, int]
    centre_yx: tuple[float, float]
    half_px: int


def cut_around(image: NDArray[Any], *, centre_yx: tuple[float, float], half_px: int, edge: Edge = "shrink") -> Cutout:
    """Cut a square of 2 * half_px + 1 pixels a side out of an image (ny, nx), around the pixel nearest to a place.

    At an edge, "shrink" makes the square smaller, so that the place stays in its middle; "fill" keeps its size and
    gives pixels outside the image no value: NaN, and integers become float for that.

    Raises UsageError if the place lies outside the image, or is no number.
    """
    ny, nx = image.shape
    if not all(np.isfinite(centre_yx)):
        raise UsageError("The place to cut around is no number: give a row and a column.")
    y, x = (int(np.floor(place + 0.5)) for place in centre_yx)
    if not (0 <= y < ny and 0 <= x < nx):
        raise UsageError(f"The place y = {y}, x = {x} lies outside an image of {ny} rows and {nx} columns.")
    half = min(half_px, y, x, ny - 1 - y, nx - 1 - x) if edge == "shrink" else half_px
    origin = (y - half, x - half)
    centre = (centre_yx[0] - origin[0], centre_yx[1] - origin[1])
    return Cutout(_pixels(image, origin, 2 * half + 1), origin, centre, half)


def _pixels(image: NDArray[Any], origin_yx: tuple[int, int], side: int) -> NDArray[Any]:
    top, left = origin_yx
    inside = image[max(top, 0) : top + side, max(left, 0) : left + side]
    if inside.shape == (side, side):
        return inside.copy()
    dtype = image.dtype if image.dtype.kind == "f" else np.float64
    pixels = np.full((side, side), np.nan, dtype=dtype)
    first_y, first_x = max(-top, 0), max(-left, 0)
    pixels[first_y : first_y + inside.shape[0], first_x : first_x + inside.shape[1]] = inside
    return pixels
