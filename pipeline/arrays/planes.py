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
FEWEST_FRAMES = 3  # two images alike may be a science image and its errors
MOST_FRAMES = 9  # read of a file of frames: enough to see the star, however many there are
AMPLIFIER_KEYS = ("DETSEC", "EXTNAME")  # HDUs with these are parts of one image, not frames


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
    """Every HDU that holds an image, with the primary header's cards beneath its own.

    A file with one frame of a fast camera in each HDU, the primary included, gives its first nine frames as one cube:
    a thousand more behind them are neither read nor unpacked.
    """
    shared = dict(hdus[0].header)
    frames = _first_frames(hdus)
    if frames:
        yield ImagePlane(np.stack(frames), shared)
        return
    for hdu in hdus:
        if hdu.is_image and hdu.data is not None:
            yield ImagePlane(hdu.data, shared if hdu is hdus[0] else {**shared, **dict(hdu.header)})


def _first_frames(hdus: fits.HDUList) -> list[Pixels]:
    """Up to nine frames (ny, nx); none if the file is not made of frames."""
    frames: list[Pixels] = []
    shape = hdus[0].shape
    # One after the other, pixels before the next header: in a packed file each step back unpacks it anew.
    while len(frames) < MOST_FRAMES and (hdu := _hdu_at(hdus, len(frames))) is not None:
        is_named = any(key in hdu.header for key in AMPLIFIER_KEYS)
        if is_named or not hdu.is_image or len(hdu.shape) != 2 or hdu.shape != shape:
            break
        frames.append(hdu.data)
    return frames if len(frames) >= FEWEST_FRAMES else []


def _hdu_at(hdus: fits.HDUList, number: int) -> Any:
    """An HDU; None behind the last. Its number is not compared with their count, which would read all headers."""
    try:
        return hdus[number]
    except IndexError:
        return None


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
