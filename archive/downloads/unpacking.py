"""FITS files unpacked on their way out: `.fits.fz` as `funpack` would do it, and the catalogue of a reduced image.

Images are unpacked a few rows of tiles at a time, and everything else is copied as it stands, so that memory does not
grow with the file.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits
from astropy.io.fits.verify import VerifyError, VerifyWarning
from astropy.utils.exceptions import AstropyUserWarning

from archive.errors import NotFoundError, TransientError, UsageError

FITS_BLOCK_BYTES = 2880
COPY_BYTES = 1 << 20
ROWS_BYTES = 8 << 20  # how much of an image is unpacked at a time; at least one row of tiles
DTYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
# Cards that say how large an image is and how its numbers are coded: a header without image has none of them.
IMAGE_CARDS = ("XTENSION", "BITPIX", "PCOUNT", "GCOUNT", "GROUPS", "BSCALE", "BZERO", "BLANK", "CHECKSUM", "DATASUM")
# What astropy raises for files that are none of its kind, or broken.
DAMAGE = (VerifyError, OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ArithmeticError)


def write_unpacked(source: Path, target: BinaryIO, *, limit_bytes: int) -> None:
    """Write the FITS file at `source` to `target` with its packed images unpacked.

    Raises UsageError when it is no FITS file that can be read, or would come to more than `limit_bytes`.
    """
    with opened_fits(source, as_stored=True) as hdus, source.open("rb") as raw:
        packed = [hdu for hdu in hdus if isinstance(hdu, fits.CompImageHDU)]
        size_bytes = source.stat().st_size + sum(_image_bytes(hdu.header) for hdu in packed)
        if size_bytes > limit_bytes:
            raise UsageError(f"it unpacks to {size_bytes} bytes, more than {limit_bytes}: download it as it is.")
        for number, hdu in enumerate(hdus):
            if isinstance(hdu, fits.CompImageHDU):
                _write_image(hdu, target)
            elif not (number == 0 and _stands_for_packed_primary(hdus)):
                _copy(hdu, raw, target)


def write_catalogue(source: Path, target: BinaryIO) -> None:
    """Write a FITS file of the SCI header without its image, and the CAT table.

    Raises NotFoundError when there is no CAT table, UsageError when `source` is no FITS file that can be read.
    """
    with opened_fits(source, as_stored=True) as hdus, source.open("rb") as raw:
        table = next((hdu for hdu in hdus if hdu.name == "CAT" and isinstance(hdu, fits.BinTableHDU)), None)
        if table is None:
            raise NotFoundError("this file has no catalogue (an extension CAT): take the file itself.")
        science = next((hdu for hdu in hdus if hdu.name == "SCI"), hdus[0])
        target.write(_block_of(_without_image(science.header)))
        _copy(table, raw, target)


@contextmanager
def opened_fits(source: Path, *, as_stored: bool = False) -> Iterator[Any]:
    """The file's parts, with physical numbers or with those that are stored. Raises UsageError if it is broken."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyUserWarning)  # of odd cards, which leave as they came
        warnings.simplefilter("ignore", VerifyWarning)
        try:
            # Numbers that have to be scaled can not be mapped: astropy refuses if it is told to.
            memmap = True if as_stored else None
            with fits.open(source, memmap=memmap, do_not_scale_image_data=as_stored, ignore_blank=as_stored) as hdus:
                _require_whole(hdus, source)
                yield hdus
        except DAMAGE as error:
            if isinstance(error, OSError) and error.errno is not None:  # the disk's fault: astropy's have no number
                raise TransientError(f"it could not be unpacked ({error.strerror}): try again later.") from error
            raise UsageError(f"it can not be read as FITS ({error}): download it as it is.") from error


def _require_whole(hdus: Any, source: Path) -> None:
    """Raise ValueError for a file that is cut short: astropy would only warn."""
    hdus.readall()
    where = hdus[-1].fileinfo()
    if source.stat().st_size < where["datLoc"] + where["datSpan"]:
        raise ValueError("it is cut short")


def _stands_for_packed_primary(hdus: Any) -> bool:
    """Whether the empty first part is there only because the packed image, once the first, became a table."""
    if len(hdus) == 1 or not isinstance(hdus[1], fits.CompImageHDU):
        return False
    return "SIMPLE" in hdus[1].header and hdus[0].header["NAXIS"] == 0


def _write_image(hdu: Any, target: BinaryIO) -> None:
    target.write(_block_of(hdu.header))
    start = target.tell()
    dtype = DTYPES[hdu.header["BITPIX"]]
    for part in _parts_of(hdu):
        target.write(np.ascontiguousarray(part, dtype=dtype).data)
    _fill(target, target.tell() - start, b"\0")


def _parts_of(hdu: Any) -> Iterator[Any]:
    """The image from its first row to its last, in whole rows of tiles."""
    if not hdu.shape:
        return
    yield from _slabs(hdu.section, hdu.shape, hdu.tile_shape, abs(hdu.header["BITPIX"]) // 8, ())


def _slabs(
    section: Any, shape: tuple[int, ...], tiles: tuple[int, ...], pixel_bytes: int, before: tuple[slice, ...]
) -> Iterator[Any]:
    """Slabs along the first axis whose single plane is small enough; an axis of large planes is gone through singly."""
    axis = len(before)
    plane_bytes = int(np.prod(shape[axis + 1 :], dtype=np.int64)) * pixel_bytes
    step = max(ROWS_BYTES // max(plane_bytes, 1) // tiles[axis], 1) * tiles[axis]
    is_deeper = plane_bytes > ROWS_BYTES and axis + 1 < len(shape) and tiles[axis] == 1
    for first in range(0, shape[axis], step):
        here = (*before, slice(first, min(first + step, shape[axis])))
        if is_deeper:
            yield from _slabs(section, shape, tiles, pixel_bytes, here)
        else:
            yield section[here]


def _copy(hdu: Any, raw: BinaryIO, target: BinaryIO) -> None:
    """Copy a part byte for byte."""
    where = hdu.fileinfo()
    raw.seek(where["hdrLoc"])
    left = where["datLoc"] + where["datSpan"] - where["hdrLoc"]
    while left and (block := raw.read(min(left, COPY_BYTES))):
        target.write(block)
        left -= len(block)


def _without_image(header: fits.Header) -> fits.Header:
    """The header as that of a first part that holds no image."""
    kept = header.copy()
    for name in (*IMAGE_CARDS, "SIMPLE", "EXTEND", "NAXIS", *(f"NAXIS{axis}" for axis in range(1, 1000))):
        if name in kept:
            kept.remove(name, remove_all=True)
    first = [
        ("SIMPLE", True, "conforms to FITS standard"),
        ("BITPIX", 8, "array data type"),
        ("NAXIS", 0, "number of array dimensions"),
        ("EXTEND", True, ""),
    ]
    for card in reversed(first):
        kept.insert(0, card)
    return kept


def _image_bytes(header: fits.Header) -> int:
    axes = [int(header[f"NAXIS{axis}"]) for axis in range(1, header["NAXIS"] + 1)]
    return int(np.prod(axes, dtype=object)) * abs(header["BITPIX"]) // 8 if axes else 0


def _block_of(header: fits.Header) -> bytes:
    text: str = header.tostring()
    return text.encode("ascii")


def _fill(target: BinaryIO, size_bytes: int, filler: bytes) -> None:
    target.write(filler * (-size_bytes % FITS_BLOCK_BYTES))
