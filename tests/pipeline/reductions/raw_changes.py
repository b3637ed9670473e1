"""Raw files with something wrong in them."""

import bz2
import io
from collections.abc import Callable

import numpy as np
from astropy.io import fits


def with_cards(packed: bytes, **cards: object) -> bytes:
    """Other cards in the first header."""
    return _changed(packed, lambda hdus: hdus[0].header.update(cards))


def with_unknown_pointing(packed: bytes) -> bytes:
    return with_cards(packed, TELRA="9999", TELDEC="9999", OBJRA="9999", OBJDEC="9999")


def with_saturated_frame(packed: bytes, *, number: int) -> bytes:
    """The brightest pixels of one frame are full."""

    def change(hdus: fits.HDUList) -> None:
        pixels = hdus[number].data
        pixels[pixels >= np.sort(pixels.ravel())[-30]] = 65535

    return _changed(packed, change)


def _changed(packed: bytes, change: Callable[[fits.HDUList], None]) -> bytes:
    written = io.BytesIO()
    with fits.open(io.BytesIO(bz2.decompress(packed))) as hdus:
        change(hdus)
        hdus.writeto(written)
    return bz2.compress(written.getvalue())
