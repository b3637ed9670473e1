"""From pixels to the sixteen bits of a TIFF, for programs that stretch an image themselves."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.arrays.planes import Pixels

SixteenBits = NDArray[np.uint16]  # (ny, nx)

WHITE = 65535
BAND_PIXELS = 1 << 20  # worked on at a time, in 64 bits


def linear_sixteen_bits(image: Pixels) -> SixteenBits:
    """Pixel values of (ny, nx) as they are, rounded to whole numbers and cut off at 0 and 65535.

    What is not finite becomes 0.
    """
    counts = np.zeros(image.shape, dtype=np.uint16)
    for rows, band in _bands(image):
        has_value = np.isfinite(band)
        np.rint(np.clip(band, 0, WHITE), out=counts[rows], where=has_value, casting="unsafe")
    return counts


def asinh_sixteen_bits(image: Pixels) -> SixteenBits:
    """Inverse hyperbolic sine of the pixel values of (ny, nx), its least shifted to 0 and its greatest scaled to 65535.

    What is not finite becomes 0, and so does all of an image whose finite pixels are equal.
    """
    counts = np.zeros(image.shape, dtype=np.uint16)
    least, greatest = _asinh_range(image)
    if not least < greatest:
        return counts
    for rows, band in _bands(image):
        has_value = np.isfinite(band)
        scaled = (np.arcsinh(band) - least) * (WHITE / (greatest - least))
        # One ulp beyond the end would come round to 0.
        np.rint(np.clip(scaled, 0, WHITE), out=counts[rows], where=has_value, casting="unsafe")
    return counts


def write_tiff(counts: SixteenBits, target: BinaryIO) -> None:
    """Write (ny, nx) as a TIFF of one grey channel, 0 black, not packed; row 0 becomes the bottom, as FITS has it."""
    Image.fromarray(np.ascontiguousarray(counts[::-1])).save(target, "TIFF")


def _asinh_range(image: Pixels) -> tuple[float, float]:
    """Least and greatest asinh of the finite pixels; the least is infinite if there are none."""
    least, greatest = np.inf, -np.inf
    for _rows, band in _bands(image):
        has_value = np.isfinite(band)
        least = min(least, float(np.min(band, where=has_value, initial=np.inf)))
        greatest = max(greatest, float(np.max(band, where=has_value, initial=-np.inf)))
    return float(np.arcsinh(least)), float(np.arcsinh(greatest))


def _bands(image: Pixels) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    rows_per_band = max(1, BAND_PIXELS // image.shape[1])
    for start in range(0, image.shape[0], rows_per_band):
        rows = slice(start, start + rows_per_band)
        yield rows, image[rows].astype(np.float64)
