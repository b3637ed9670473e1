"""Pictures read back."""

import io
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

PNG_SIGNATURE_BYTES = 8


def opened(picture: bytes) -> np.ndarray:
    """(ny, nx, 3), row 0 at the bottom as FITS has it."""
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))[::-1]


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each part of a PNG file."""
    place = PNG_SIGNATURE_BYTES
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        yield png[place + 4 : place + 8], png[place + 8 : place + 8 + length]
        place += 12 + length
