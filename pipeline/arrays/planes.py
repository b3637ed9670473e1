"""What the picture functions take and give."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

Pixels = NDArray[Any]  # any FITS number type and byte order, physical values
EightBits = NDArray[np.uint8]  # (ny, nx)
Cards = Mapping[str, Any]

SHORT_BYTES = 2
FLOAT_BYTES = 4


@dataclass(frozen=True, slots=True)
class ImagePlane:
    """The pixels of one HDU, any number of axes, and its header, completed from the primary header."""

    pixels: Pixels
    cards: Cards


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG and its size."""

    jpeg: bytes
    width_px: int
    height_px: int


def planes_of(hdus: fits.HDUList) -> Iterator[ImagePlane]:
    """Every HDU that holds an image, with the primary header's cards beneath its own."""
    shared = dict(hdus[0].header)
    for hdu in hdus:
        if hdu.is_image and hdu.data is not None:
            yield ImagePlane(hdu.data, shared if hdu is hdus[0] else {**shared, **dict(hdu.header)})


def working_dtype(pixels: Pixels) -> type[np.floating[Any]]:
    """Float type that loses nothing a picture shows: 32 bits hold 16-bit integers exactly."""
    narrow = pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= SHORT_BYTES
    narrow = narrow or (pixels.dtype.kind == "f" and pixels.dtype.itemsize <= FLOAT_BYTES)
    return np.float32 if narrow else np.float64


def without_infinities(values: NDArray[Any]) -> NDArray[Any]:
    """Floats with every infinity as NaN: both are pixels without a value."""
    return np.where(np.isfinite(values), values, np.nan).astype(values.dtype, copy=False)


def finite_median(values: Pixels) -> float:
    """Median of the finite values; NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")
