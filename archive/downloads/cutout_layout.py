"""Where the images of a plain FITS file lie, found by a few short ranged reads; no claim of a header is trusted."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from django.core.cache import cache

from archive.domain import access
from archive.errors import NotFoundError, TransientError, UsageError
from archive.models import StoredObject
from ingest import fits_layout
from ingest.cards import clean_text, parse_cards
from ingest.fits import EXTENSION_START, PRIMARY_START, end_of_header
from ingest.fits_layout import BLOCK_BYTES

MOST_PARTS = 100  # looked at; a file of the adaptive-optics camera may have thousands, all alike
MOST_HEADER_BYTES = 1 << 20
FIRST_READ_BYTES = 10 * BLOCK_BYTES  # 360 cards: most headers in one read
KEPT_S = 24 * 3600
KEPT_CARDS_BYTES = 256 << 10
CODE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One HDU: where its header and its numbers lie, bytes from the start of the file, and how they are coded."""

    number: int
    name: str
    header_start: int
    header_bytes: int
    data_start: int
    axes: tuple[int, ...]  # in the order of FITS, the fastest first
    bitpix: int
    scale: float
    zero: float
    blank: int | None
    is_packed: bool

    @property
    def is_image(self) -> bool:
        return len(self.axes) > 1 and prod(self.axes) > 0

    @property
    def width(self) -> int:
        return self.axes[0]

    @property
    def height(self) -> int:
        return self.axes[1]

    @property
    def planes(self) -> int:
        """How many images of the first two axes the further axes hold."""
        return prod(self.axes[2:])


def parts_of(stored: StoredObject) -> list[Part]:
    """The first parts of a FITS file in the store; remembered, for the bytes of an object never change.

    Raises UsageError when it can not be read as FITS.
    """
    key = _key("parts", stored)
    held: list[Part] | None = cache.get(key)
    if held is None:
        held = _walk(stored)
        cache.set(key, held, KEPT_S)
    return held


def chosen(parts: Sequence[Part], asked: str) -> Part:
    """The image that was asked for by its number from zero or its EXTNAME; the first one when nothing was.

    Raises NotFoundError when there is no such image.
    """
    images = [part for part in parts if part.is_image]
    if not images:
        raise NotFoundError(f"the first {len(parts)} parts of this file hold no image: download it as it is.")
    wanted = [part for part in images if asked in {str(part.number), part.name}] if asked else images
    if not wanted:
        there = ", ".join(f"{part.number} {part.name}".strip() for part in images[:20])
        raise NotFoundError(f"there is no image {asked[:40]!r} among the first {len(parts)} parts: there is {there}.")
    return wanted[0]


def header_text(stored: StoredObject, part: Part) -> str:
    """Its cards up to END as printable ASCII, 80 characters each; remembered as well, if they are not many."""
    key = _key(f"cards-{part.number}", stored)
    held: str | None = cache.get(key)
    if held is None:
        held = clean_text(exactly(stored, part.header_start, part.header_start + part.header_bytes))
        if len(held) <= KEPT_CARDS_BYTES:
            cache.set(key, held, KEPT_S)
    return held


def _key(what: str, stored: StoredObject) -> str:
    name = hashlib.sha256(f"{stored.store}:{stored.path}:{stored.version_id}".encode()).hexdigest()
    return f"fits-{what}:{CODE_VERSION}:{name}"


def exactly(stored: StoredObject, start: int, stop: int) -> bytes:
    """These bytes of an object. Raises TransientError when the store gives fewer."""
    found = b"".join(access.stream_of(stored, start=start, stop=stop))
    if len(found) != stop - start:
        raise TransientError("the store gave fewer bytes than it has: try again.")
    return found


def _walk(stored: StoredObject) -> list[Part]:
    size_bytes = access.size_of(stored)
    found: list[Part] = []
    start = 0
    while len(found) < MOST_PARTS and start < size_bytes:
        raw = _header_at(stored, start, size_bytes, is_first=not found)
        if raw is None:
            break
        header = parse_cards(clean_text(raw))
        where = f"part {len(found)} of this file"
        data_start = start + fits_layout.padded(len(raw) + 1)  # the END card follows
        data_bytes = fits_layout.data_bytes(header, is_primary=not found, where=where)
        if data_start + data_bytes > size_bytes:
            raise UsageError(f"{where} declares more bytes than there are: download the file as it is.")
        found.append(_part(header, number=len(found), header_start=start, header_bytes=len(raw), data_start=data_start))
        start = data_start + fits_layout.padded(data_bytes)
    return found


def _header_at(stored: StoredObject, start: int, size_bytes: int, *, is_first: bool) -> bytes | None:
    """Cards up to END of the header that begins there; None behind the last one."""
    count, raw = FIRST_READ_BYTES, b""
    while True:
        stop = min(start + count, size_bytes)
        raw += exactly(stored, start + len(raw), stop)
        if not raw.startswith(PRIMARY_START if is_first else EXTENSION_START):
            if is_first:
                raise UsageError("this frame's file does not begin as a FITS file does: download it as it is.")
            return None
        if (end := end_of_header(raw)) is not None:
            return raw[:end]
        if stop == size_bytes or count >= MOST_HEADER_BYTES:
            raise UsageError(f"a header of this file has no end within {len(raw)} bytes: download it as it is.")
        count *= 2


def _part(header: Mapping[str, Any], *, number: int, header_start: int, header_bytes: int, data_start: int) -> Part:
    where = f"part {number} of this file"
    is_packed = fits_layout.is_compressed_image(header)
    shape = fits_layout.image_shape(header, where=where) or ()
    blank = header.get("BLANK")
    return Part(
        number=number,
        name=str(header.get("EXTNAME") or "")[:80],
        header_start=header_start,
        header_bytes=header_bytes,
        data_start=data_start,
        axes=shape[::-1],
        bitpix=header["BITPIX"],
        scale=_number(header.get("BSCALE"), 1.0),
        zero=_number(header.get("BZERO"), 0.0),
        blank=blank if isinstance(blank, int) and not isinstance(blank, bool) else None,
        is_packed=is_packed,
    )


def _number(value: object, default: float) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return default
