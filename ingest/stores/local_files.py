"""Files that are there whole or not at all, also when the process is killed or the power fails."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from archive.errors import ArchiveError, ConflictError, FatalError, TransientError, UsageError

FILE_MODE = 0o640  # an embargoed frame is nobody else's on this computer; the umask may take more away
PLACE_ATTEMPTS = 100

_FULL = (TransientError, "the disk is full or its quota used up: free some space and try again")
_BUSY = (TransientError, "the disk or its server does not answer just now: try again")
_CLOSED = (FatalError, "the archive may not write or read there: give its user the folder and mount it writable")
_NAME_IN_USE = (ConflictError, "this name is already that of a folder, or of a version in its folder: choose another")

_ANSWERS: dict[int | None, tuple[type[ArchiveError], str]] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EAGAIN: _BUSY,
    errno.EBUSY: _BUSY,
    errno.EMFILE: _BUSY,
    errno.ENFILE: _BUSY,
    errno.ENOMEM: _BUSY,
    errno.ESTALE: _BUSY,
    errno.ETIMEDOUT: _BUSY,
    errno.EACCES: _CLOSED,
    errno.EPERM: _CLOSED,
    errno.EROFS: _CLOSED,
    errno.ENOTDIR: _NAME_IN_USE,
    errno.EISDIR: _NAME_IN_USE,
    errno.EEXIST: _NAME_IN_USE,
    errno.ENAMETOOLONG: (UsageError, "the name is too long for the disk: choose a shorter one"),
    errno.ENOENT: (FatalError, "the store's folder is not there: make it or mount its disk"),
    errno.EIO: (FatalError, "the disk reports damage: check it before anything else is written"),
}
_OTHER = (FatalError, "the file system refuses it: look at the folder and its disk")


@contextmanager
def answering_os_errors(path: str) -> Iterator[None]:
    """Turn what the file system says into one of the archive's errors."""
    try:
        yield
    except OSError as error:
        kind, advice = _ANSWERS.get(error.errno, _OTHER)
        raise kind(f"Local store, {path!r}: {advice} ({error.strerror}).") from error


@contextmanager
def arriving_file(folder: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a new file in `folder` under a name of its own; what the caller has not moved away by the end is removed."""
    path = folder / secrets.token_hex(16)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, FILE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield path, stream
    finally:
        path.unlink(missing_ok=True)


def place(arrived: Path, target: Path, *, above: Path) -> None:
    """Move a file to its final name and make that durable, with all folders below `above`."""
    for _attempt in range(PLACE_ATTEMPTS):
        # Another process may delete the last version here, and with it the folder, between any two of these steps.
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            arrived.rename(target)
            break
        except FileNotFoundError:
            continue
        except FileExistsError:  # mkdir found the folder, and then found it gone; or the name is a file's
            if target.parent.is_file():
                raise
    else:
        raise TransientError(f"The folder of {target} disappears again and again: try again when deletions are done.")
    for folder in target.parents:
        with contextlib.suppress(FileNotFoundError):  # whoever deleted the version meanwhile removed its folder
            sync_folder(folder)
        if folder == above:
            return


def sync_folder(folder: Path) -> None:
    """Make names that were added to or taken from `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_empty_folders(folder: Path, *, above: Path) -> None:
    """Remove `folder` and its parents below `above` as far as they are empty; a file that just arrived keeps them."""
    while folder != above:
        try:
            folder.rmdir()
        except FileNotFoundError:
            pass  # another process removed it first
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            break
        folder = folder.parent
    with contextlib.suppress(FileNotFoundError):
        sync_folder(folder)


def remove_older_than(folder: Path, *, before_s: float) -> int:
    """Remove the files in `folder` that nobody wrote to since `before_s` (Unix time). Says how many."""
    removed = 0
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if file.stat().st_mtime < before_s:
                file.unlink()
                removed += 1
    return removed
