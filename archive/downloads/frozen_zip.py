"""The zip of a frozen selection, or any run of its bytes, in constant memory.

Each block leaves only after the checks that it has to pass: the last one of a file waits until its CRC-32 is right. So
whatever goes wrong ends the stream before the file is whole, and nobody who counts the bytes takes it for that.
"""

from collections.abc import Iterator

import structlog
from isal import isal_zlib

from archive.domain import access, selections
from archive.downloads import zip_layout
from archive.downloads.checks import Checks
from archive.downloads.members import Form
from archive.downloads.zip_layout import Layout, Part
from archive.errors import FatalError
from archive.models import FrozenSelection, Reader, StoredObject

logger = structlog.get_logger(__name__)

SMALL_BYTES = 64 << 10  # shorter blocks leave together with the header before them
HEAD_READ_BYTES = 64 << 20  # of a file that is taken up again in its middle, so much is read once more for its CRC-32


class FrozenZip:
    """One selection whose files all go out as they are stored, with size and CRC-32 known."""

    def __init__(self, selection: FrozenSelection) -> None:
        self._selection = selection
        self._table = selections.table_of(selection)
        folder = selection.folder.encode()
        names = [b"%b/%b" % (folder, name) for name in selections.names_of(selection)]
        self._layout = Layout(names, self._table["size_bytes"], self._table["crc32"], self._table["stored_s"])
        self.size_bytes = self._layout.size_bytes

    @property
    def etag(self) -> str:
        """Strong: the same selection and layout are the same bytes."""
        return f'"{self._selection.pk.hex}-{zip_layout.VERSION}"'

    def blocks(self, reader: Reader, *, start: int, stop: int) -> Iterator[bytes]:
        """Bytes `start` up to, not including, `stop`, as far as `reader` may have them when each file is reached."""
        checks = Checks(self._table, reader)
        own = b""  # bytes of the zip itself: a file's header leaves with its first bytes, not before they are there
        for piece in self._layout.pieces(start, stop):
            if isinstance(piece, bytes):
                own += piece
                if len(own) >= SMALL_BYTES:  # the directory, whose end no file follows
                    yield own
                    own = b""
                continue
            for block in self._part(checks, piece):
                yield from _with_header(own, block)
                own = b""
        yield own

    def _part(self, checks: Checks, part: Part) -> Iterator[bytes]:
        row = self._table[part.index]
        try:
            stored = checks.version(part.index).object
            yield from file_blocks(stored, part, size_bytes=int(row["size_bytes"]), crc32=int(row["crc32"]))
        except Exception:
            logger.exception("zip_broken_off", frame_id=int(row["frame_id"]), selection=str(self._selection.pk))
            raise


def is_fixed(selection: FrozenSelection) -> bool:
    """Whether the layout of its zip is known before a byte is read."""
    table = selections.table_of(selection)
    all_known = ((table["size_bytes"] >= 0) & (table["crc32"] >= 0)).all()
    return bool(all_known and (table["form"] == Form.AS_STORED).all())


def file_blocks(stored: StoredObject, part: Part, *, size_bytes: int, crc32: int) -> Iterator[bytes]:
    """Part of a file, checked as far as what is sent allows: up to its end, the CRC-32 of the whole."""
    to_the_end = part.stop == size_bytes
    is_checked = to_the_end and part.start <= HEAD_READ_BYTES
    found = 0
    if is_checked and part.start:
        for block in access.stream_of(stored, stop=part.start):
            found = isal_zlib.crc32(block, found)
    read_bytes, last = part.start, b""
    for block in access.stream_of(stored, start=part.start, stop=part.stop):
        if is_checked:
            found = isal_zlib.crc32(block, found)
        if last:
            yield last
        read_bytes, last = read_bytes + len(block), block
    if read_bytes != part.stop or (is_checked and found != crc32):
        raise FatalError(f"the stored bytes of {stored} are not what was taken in: tell the staff.")
    yield last


def _with_header(header: bytes, block: bytes) -> Iterator[bytes]:
    """One call to the socket for a small file, and no copy of a large block."""
    if len(block) < SMALL_BYTES:
        yield header + block
        return
    if header:
        yield header
    yield block
