"""One file copied to another place: whole or not at all, with its checksum and its time. Knows no database."""

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from telemetry.errors import ConflictError

BLOCK_BYTES = 1024 * 1024
OURS = ".xtelemdb-"  # how names begin that are no copies: unfinished ones, and the mark of a location


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds, and what its origin was when it was made. Time in Unix ns."""

    sha256: bytes
    size_bytes: int
    modified_ns: int


def sha256_of(path: Path) -> Copied:
    """The checksum of a file's bytes, with the size and time that it had before they were read."""
    with path.open("rb") as file:
        seen = os.fstat(file.fileno())
        return Copied(hashlib.file_digest(file, "sha256").digest(), seen.st_size, seen.st_mtime_ns)


def copy_file(source: Path, target: Path) -> Copied:
    """Copy `source` to `target`, which others see whole or as it was before. Safe to interrupt and to repeat.

    A target that already has the same size, time and bytes is left as it is.

    Raises ConflictError if the source changed meanwhile, OSError for what a file system refuses. Both leave the target
    as it was.
    """
    if already := _same(source, target):
        return already
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.parent / f"{OURS}{secrets.token_hex(8)}.part"
    try:
        copied = _copy_bytes(source, unfinished)
        os.utime(unfinished, ns=(copied.modified_ns, copied.modified_ns))
        unfinished.replace(target)
        _sync_folder(target.parent)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()
    return copied


def _copy_bytes(source: Path, unfinished: Path) -> Copied:
    digest = hashlib.sha256()
    with source.open("rb") as reads, unfinished.open("xb") as writes:
        seen = os.fstat(reads.fileno())
        while block := reads.read(BLOCK_BYTES):
            digest.update(block)
            writes.write(block)
        writes.flush()
        os.fsync(writes.fileno())
        if not _as_it_was(seen, os.fstat(reads.fileno())) or not _as_it_was(seen, source.stat()):
            raise ConflictError(f"{source} changed while it was copied: the next sync copies it.")
    return Copied(digest.digest(), seen.st_size, seen.st_mtime_ns)


def _as_it_was(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_ino, before.st_size, before.st_mtime_ns) == (after.st_ino, after.st_size, after.st_mtime_ns)


def _same(source: Path, target: Path) -> Copied | None:
    """What both hold, if the target is already a copy: one that rsync made, or one whose row was not written."""
    try:
        there = target.stat()
    except FileNotFoundError:
        return None
    seen = source.stat()
    if (there.st_size, there.st_mtime_ns) != (seen.st_size, seen.st_mtime_ns):
        return None
    ours, copy = sha256_of(source), sha256_of(target)
    return ours if ours == copy else None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
