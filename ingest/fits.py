"""Open and verify a FITS file, trusting no header: structure, sizes and checksums, in constant memory.

What is refused: no FITS structure, a header without END, fewer bytes than declared, damage that a checksum shows,
declared sizes beyond the limits, and bytes behind the last HDU other than zeros. What passes: cards that break the
letter of the standard, a last block without its padding, zeros after the end.

Runs in the child of `ingest.sandbox`; call `Inspector.inspect` for a file that comes from outside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archive.errors import UsageError
from ingest import fits_layout
from ingest.cards import CARD_BYTES, clean_text, parse_cards
from ingest.fits_layout import BLOCK_BYTES
from ingest.footprint import footprint_of
from ingest.inspection import CircleKeys, HduSummary, Inspection, Limits
from ingest.unpack import ForwardBytes, open_fits_bytes, require_end

BEGINNING_BYTES = 64 << 20  # of data that are verified where only the beginning of a file is read
READ_BYTES = 1 << 20  # a multiple of four: checksums are sums of 32-bit words
PRIMARY_START = b"SIMPLE  ="
EXTENSION_START = b"XTENSION"
ALL_ONES = 0xFFFFFFFF

_END_CARD = b"END".ljust(CARD_BYTES)


def inspect_file(path: Path, *, limits: Limits, circle: CircleKeys = CircleKeys()) -> Inspection:  # noqa: B008 - frozen
    """Verify the FITS file in `path`, packed or not, and tell its headers and its outline on the sky.

    Raises UsageError if the file can never pass.
    """
    with open_fits_bytes(path, limits) as source:
        hdus = _Scan(source, path.name, limits, packed_bytes=path.stat().st_size).hdus()
    return _inspection(hdus, circle)


def inspect_beginning(path: Path, *, limits: Limits, circle: CircleKeys = CircleKeys()) -> Inspection:  # noqa: B008 - frozen
    """The same by the first HDU alone: a cube of a thousand frames is not unpacked for it.

    What lies behind is not verified, nor is a first HDU of more than 64 MB of data; but that a file packed by bzip2
    has its end.
    """
    with open_fits_bytes(path, limits) as source:
        hdu = _Scan(source, path.name, limits, packed_bytes=path.stat().st_size).first_hdu()
    require_end(path)
    return _inspection((hdu,), circle)


def _inspection(hdus: tuple[HduSummary, ...], circle: CircleKeys) -> Inspection:
    return Inspection(hdus=hdus, footprint=footprint_of([hdu.header for hdu in hdus], circle=circle))


@dataclass(slots=True)
class _Scan:
    """One pass through a file's HDUs."""

    source: ForwardBytes
    name: str
    limits: Limits
    packed_bytes: int
    header_bytes: int = 0
    unpacked_bytes: int = 0

    def hdus(self) -> tuple[HduSummary, ...]:
        found: list[HduSummary] = []
        block = self._first_block()
        while block.startswith(EXTENSION_START) or not found:
            found.append(self._hdu(block, number=len(found)))
            block = self.source.read(BLOCK_BYTES)
        self._require_zeros(block)
        return tuple(found)

    def first_hdu(self) -> HduSummary:
        return self._hdu(self._first_block(), number=0, most_data_bytes=BEGINNING_BYTES)

    def _first_block(self) -> bytes:
        first = self.source.read(BLOCK_BYTES)
        if not first.startswith(PRIMARY_START):
            raise UsageError(_why_no_fits(self.name, first))
        return first

    def _hdu(self, block: bytes, *, number: int, most_data_bytes: int = fits_layout.MAX_DATA_BYTES) -> HduSummary:
        where = f"HDU {number} of {self.name}"
        raw, end = self._raw_header(block, where)
        header = parse_cards(clean_text(raw[:end]))
        data_bytes = fits_layout.data_bytes(header, is_primary=number == 0, where=where)
        self._require_honest_size(header, data_bytes, where)
        if data_bytes <= most_data_bytes:
            self._verify_data(header, raw, data_bytes, where)
        return HduSummary(
            header=header,
            extname=str(header.get("EXTNAME") or ""),
            shape=fits_layout.image_shape(header, where=where),
            is_compressed=fits_layout.is_compressed_image(header),
        )

    def _raw_header(self, block: bytes, where: str) -> tuple[bytes, int]:
        """Header blocks as they stand, and where in them the END card starts."""
        blocks: list[bytes] = []
        while True:
            self.header_bytes += len(block)
            if self.header_bytes > self.limits.header_bytes:
                raise UsageError(
                    f"the headers of {self.name} have no end within {self.limits.header_bytes} bytes: "
                    "the file is damaged or its header is too long, correct it."
                )
            end = end_of_header(block)
            blocks.append(block)
            if end is not None:
                return b"".join(blocks), (len(blocks) - 1) * BLOCK_BYTES + end
            if len(block) < BLOCK_BYTES:
                raise UsageError(f"the header of {where} has no END card: the file is cut short, send it again.")
            block = self.source.read(BLOCK_BYTES)

    def _require_honest_size(self, header: Mapping[str, Any], data_bytes: int, where: str) -> None:
        unpacked = fits_layout.unpacked_bytes(header, where=where)
        if unpacked is None:
            return
        self.unpacked_bytes += max(unpacked, data_bytes)
        self.limits.require_unpacked(self.unpacked_bytes, packed_bytes=self.packed_bytes, name=self.name)

    def _verify_data(self, header: Mapping[str, Any], raw: bytes, data_bytes: int, where: str) -> None:
        padded_bytes = fits_layout.padded(data_bytes)
        claims = _Claims.of(header)
        if claims.any:
            found_bytes, data_sum = self._sum(padded_bytes)
        else:
            found_bytes, data_sum = self.source.skip(padded_bytes), 0
        if found_bytes < data_bytes:
            raise UsageError(
                f"{where} declares {data_bytes} bytes of data and the file has {found_bytes} of them, "
                f"{data_bytes - found_bytes} are missing: send the whole file again."
            )
        claims.require(header_sum=ones_complement_sum(raw), data_sum=data_sum, where=where)

    def _sum(self, count: int) -> tuple[int, int]:
        left, total = count, 0
        while left and (block := self.source.read(min(left, READ_BYTES))):
            left -= len(block)
            total = ones_complement_sum(block, start=total)
        return count - left, total

    def _require_zeros(self, block: bytes) -> None:
        while block:
            if block.count(0) != len(block):
                raise UsageError(
                    f"{self.name} goes on after its last HDU with bytes that are no FITS: "
                    "the file is damaged, write it again."
                )
            block = self.source.read(READ_BYTES)


@dataclass(frozen=True, slots=True)
class _Claims:
    """What a header says the sums of its bytes are. A blank or unreadable keyword claims nothing."""

    data_sum: int | None
    has_checksum: bool

    @classmethod
    def of(cls, header: Mapping[str, Any]) -> "_Claims":
        data_sum = str(header.get("DATASUM", "")).strip()
        checksum = header.get("CHECKSUM")
        return cls(
            data_sum=int(data_sum) if data_sum.isdecimal() else None,
            has_checksum=isinstance(checksum, str) and bool(checksum.strip()),
        )

    @property
    def any(self) -> bool:
        return self.data_sum is not None or self.has_checksum

    def require(self, *, header_sum: int, data_sum: int, where: str) -> None:
        if self.data_sum is not None and self.data_sum != data_sum:
            raise UsageError(
                f"the data of {where} have the sum {data_sum}, its DATASUM says {self.data_sum}: "
                "the file is damaged, send it again."
            )
        if self.has_checksum and _fold(header_sum + data_sum) not in {0, ALL_ONES}:
            raise UsageError(
                f"{where} does not agree with its CHECKSUM: the file is damaged, or its header was changed without "
                "a new CHECKSUM. Send it again, or write it with a right one."
            )


def ones_complement_sum(block: bytes, *, start: int = 0) -> int:
    """Sum of big-endian 32-bit words with the carry brought round, as DATASUM and CHECKSUM have it."""
    whole = len(block) - len(block) % 4
    total = start + int(np.frombuffer(block, dtype=">u4", count=whole // 4).sum(dtype=np.uint64))
    if rest := block[whole:]:
        total += int.from_bytes(rest.ljust(4, b"\0"), "big")
    return _fold(total)


def _fold(total: int) -> int:
    while total > ALL_ONES:
        total = (total & ALL_ONES) + (total >> 32)
    return total


def end_of_header(block: bytes) -> int | None:
    """Where the END card starts; NULs count as blanks, as in files of careless writers."""
    blank = block.replace(b"\0", b" ")
    start = blank.find(_END_CARD)
    while start >= 0 and start % CARD_BYTES:
        start = blank.find(_END_CARD, start + 1)
    return start if start >= 0 else None


def _why_no_fits(name: str, first: bytes) -> str:
    if not first:
        return f"{name} holds no bytes: send it again."
    if first.startswith((b"\x1f\x8b", b"BZh")):
        return f"{name} is packed once more than its name says: unpack it, or name it .fits.gz or .fits.bz2."
    if first.startswith(b"SIMPLE"):
        return f"{name} begins with a broken SIMPLE card: the file is damaged or no FITS, write it again."
    return f"{name} does not begin as a FITS file does: send FITS, or give the file the extension of what it is."
