"""A zip as a stream of blocks, written by the standard library, in constant memory."""

import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, cast

import structlog

from archive.downloads.members import Member, Opened, opened
from archive.errors import FatalError, NotFoundError

logger = structlog.get_logger(__name__)

FILE_MODE = 0o100644 << 16
EARLIEST_YEAR = 1980  # of zip's clock


def zip_blocks(members: Iterable[Member], *, folder: str) -> Iterator[bytes]:
    """Write the members, uncompressed, into `folder` of a zip.

    Whatever goes wrong leaves by an exception: the zip then lacks its directory, and the connection that carries it is
    broken off, so that nobody takes it for whole. Raises NotFoundError when no member has anything to give.
    """
    sink = _Sink()
    with zipfile.ZipFile(cast("BinaryIO", sink), "w", zipfile.ZIP_STORED) as archive:
        for member in members:
            try:
                yield from _member_blocks(archive, sink, member, folder=folder)
            except Exception:
                logger.exception("zip_broken_off", frame_id=member.frame_id)
                raise
        if not archive.filelist:
            raise NotFoundError("none of these frames has a catalogue: ask without catalog_only.")
    yield sink.taken()


def started(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, the first one read already: what is wrong from the start can still get an answer of its own."""
    first = next(blocks, b"")

    def all_of_them() -> Iterator[bytes]:
        yield first
        yield from blocks

    return all_of_them()


def _member_blocks(archive: zipfile.ZipFile, sink: "_Sink", member: Member, *, folder: str) -> Iterator[bytes]:
    source = opened(member)
    if source is None:
        return
    info = _info(f"{folder}/{member.name}", member, source)
    written_bytes = 0
    with archive.open(info, "w") as entry:
        for block in source.blocks:
            entry.write(block)
            written_bytes += len(block)
            yield sink.taken()
    is_other = source.crc32 is not None and source.crc32 != info.CRC
    if is_other or written_bytes != source.size_bytes:
        raise FatalError(f"the stored bytes of {member.name} are not what was taken in: tell the staff.")


def _info(name: str, member: Member, source: Opened) -> zipfile.ZipInfo:
    moment = member.created_at
    info = zipfile.ZipInfo(name, date_time=(max(moment.year, EARLIEST_YEAR), *moment.timetuple()[1:6]))
    info.external_attr = FILE_MODE
    info.file_size = source.size_bytes  # decides whether its header has the wide fields of zip64
    return info


class _Sink:
    """What a ZipFile writes to: it keeps bytes until they are taken, and can not go back."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: Any) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        pass

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
