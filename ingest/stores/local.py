"""A store on a file system: every version is a file of its own. docs/decisions/0003 says why it lies as it does."""

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO, cast

import structlog

from archive.errors import NotFoundError, UsageError
from ingest.checksums import digest_of
from ingest.stores import local_files
from ingest.stores.base import StoredVersion, Upload
from ingest.stores.blocks import check_range, copy_digesting, open_source, read_range, require_digest
from ingest.stores.keys import check_path
from ingest.stores.links import LinkSigner
from ingest.stores.local_walk import walk

logger = structlog.get_logger(__name__)

# Paths have no part with a leading dot, so neither of these can ever be taken for one.
VERSIONS = ".versions"
INCOMING = ".incoming"
LEFTOVER_AGE = timedelta(days=1)  # no writer pauses that long: its process is gone
LITTLE_SPACE = 0.05

TIME_FORMAT = "%Y%m%dT%H%M%S%fZ"
OWN_VERSION_ID = re.compile(r"(\d{8}T\d{12}Z)-[0-9a-f]{8}", re.ASCII)
ADOPTED_VERSION_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
OPENING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe put there must not hold us up
NO_FILE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)  # the last: it is a symbolic link itself
CLOCK_STEP = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LocalStore:
    """Versions at `<root>/.versions/<path>/<version id>`. Safe with many threads and processes on one root."""

    name = "local"

    def __init__(self, *, root: Path, base_url: str, signing_key: str) -> None:
        self._root = root
        self._versions_root = root / VERSIONS
        self._incoming = self._versions_root / INCOMING
        self._links = LinkSigner(base_url=base_url, signing_key=signing_key)
        self._leftovers_removed = False

    def put(self, source: Path, upload: Upload) -> StoredVersion:
        folder = self._folder_of(upload.path)
        with open_source(source) as stream, self._arriving(upload.path) as (arrived, target):
            require_digest(copy_digesting(stream, target), upload.digest, path=upload.path)
            stored_at = _next_instant(folder, upload.path)
            version_id = f"{stored_at:{TIME_FORMAT}}-{secrets.token_hex(4)}"
            _finish(target, stored_at)
            local_files.place(arrived, folder / version_id, above=self._versions_root)
        return StoredVersion(upload.path, version_id, upload.digest.size_bytes, stored_at)

    def adopt(self, path: str, *, md5: str) -> StoredVersion:
        """Take the plain file at `<root>/<path>`, which a client wrote there itself, into the versions.

        Its version id is its MD5, as such clients say. It is copied: a hard link would share its bytes with the plain
        file, and a client that overwrites that one truncates it in place. To repeat it is safe.

        Raises UsageError if there is no such file or its MD5 is another.
        """
        folder = self._folder_of(path)
        if not ADOPTED_VERSION_ID.fullmatch(md5):
            raise UsageError(f"{md5!r} is no MD5 of 32 lower-case hexadecimal digits: send that of the file.")
        with contextlib.suppress(NotFoundError):
            return _head(folder, path, md5)
        plain = self._inside(self._root / path)
        if not plain.is_file():
            raise UsageError(f"The local store has no file at {path!r}: put it there, then send its record again.")
        with open_source(plain) as stream, self._arriving(path) as (arrived, target):
            found = copy_digesting(stream, target)
            if found.md5 != md5:
                raise UsageError(
                    f"The file at {path!r} has the MD5 {found.md5}, not {md5}: store it and send it again."
                )
            stored_at = _next_instant(folder, path)
            _finish(target, stored_at)
            local_files.place(arrived, folder / md5, above=self._versions_root)
        return StoredVersion(path, md5, found.size_bytes, stored_at)

    def head(self, path: str, version_id: str) -> StoredVersion:
        return _head(self._folder_of(path), path, version_id)

    def stream(self, path: str, version_id: str, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        check_range(start, stop)
        blocks = _blocks_of(self._opened(path, version_id), path, start, stop)
        next(blocks)  # it closes the file from here on, also when nobody reads it to its end
        return blocks

    def versions(self, path: str) -> list[StoredVersion]:
        return _versions(self._folder_of(path), path)

    def is_hidden(self, path: str) -> bool:  # noqa: ARG002 - what is deleted here is gone
        return False

    def listing(self) -> Iterator[StoredVersion]:
        with local_files.answering_os_errors(str(self._root)):
            if self._versions_root.is_dir():
                yield from walk(self._versions_root, _versions)

    def delete(self, path: str, version_id: str) -> None:
        """Remove one version; with an adopted one also the plain file, as long as that still holds the same bytes."""
        folder = self._folder_of(path)
        with local_files.answering_os_errors(path):
            if ADOPTED_VERSION_ID.fullmatch(version_id):
                self._remove_plain(path, md5=version_id)
            with contextlib.suppress(NotFoundError, FileNotFoundError):
                file, _status = _found(folder, path, version_id)
                file.unlink()
                local_files.remove_empty_folders(folder, above=self._versions_root)

    def purge(self, path: str, *, spare: Callable[[StoredVersion], bool]) -> int:
        """Also the plain file of an adopted version goes, as with `delete`; there are no delete markers here."""
        gone = [version for version in self.versions(path) if not spare(version)]
        for version in gone:
            self.delete(path, version.version_id)
        return len(gone)

    def move_to_infrequent(self, path: str, version_id: str) -> None:
        """None: a folder has no classes."""

    def signed_url(self, path: str, version_id: str, *, expires_in: timedelta) -> str:
        check_path(path)
        return self._links.link_for(path, version_id, expires_in=expires_in)

    def verify(self, *, path: str, version_id: str, expires: str, signature: str, now: datetime) -> None:
        """Raise UsageError unless these are the parts of a link that `signed_url` made and that holds at `now`."""
        self._links.verify(path=path, version_id=version_id, expires=expires, signature=signature, now=now)

    def direct_uploads(self) -> None:
        """None: bytes come through the archive."""

    def check(self) -> str | None:
        with self._arriving(str(self._root)) as (_arrived, target):
            target.write(b"can the archive write here?")
        space = shutil.disk_usage(self._root)
        if space.free < LITTLE_SPACE * space.total:
            return f"The disk of the local store has only {space.free // 2**20} MiB free: make space soon."
        return None

    def _folder_of(self, path: str) -> Path:
        check_path(path)
        return self._inside(self._versions_root / path)

    def _inside(self, place: Path) -> Path:
        if not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(self._root)):
            raise _leads_out(place)
        return place

    def _opened(self, path: str, version_id: str) -> BinaryIO:
        """Open one version. Raises NotFoundError.

        Where it lies is asked of the open file: nothing can change that any more, and for a zip of thousands of files
        the way through every folder's links is most of the work.
        """
        check_path(path)
        if not is_version_id(version_id):
            raise _no_version(path, version_id)
        file = f"{self._versions_root}/{path}/{version_id}"
        with local_files.answering_os_errors(path):
            try:
                stream = open(os.open(file, OPENING), "rb", buffering=0)  # noqa: PTH123, SIM115 - a descriptor; the caller's
            except OSError as error:
                if error.errno in NO_FILE:
                    raise _no_version(path, version_id) from error
                raise
        try:
            self._require_version(stream, path, version_id)
        except BaseException:
            stream.close()
            raise
        return cast("BinaryIO", stream)

    def _require_version(self, stream: IO[bytes], path: str, version_id: str) -> None:
        """Raise NotFoundError unless an open file is a plain one, UsageError unless it lies in this store."""
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise _no_version(path, version_id)
        place = str(Path(f"/proc/self/fd/{stream.fileno()}").readlink())
        if not place.startswith(os.path.realpath(self._root).rstrip("/") + "/"):
            raise _leads_out(place)

    @contextmanager
    def _arriving(self, path: str) -> Iterator[tuple[Path, BinaryIO]]:
        with local_files.answering_os_errors(path):
            # Not with parents: where the root's disk is not mounted nothing must be written.
            self._versions_root.mkdir(exist_ok=True)
            self._incoming.mkdir(exist_ok=True)
            self._remove_leftovers()
            with local_files.arriving_file(self._incoming) as arriving:
                yield arriving

    def _remove_leftovers(self) -> None:
        """Once in a process: remove what killed writers left behind."""
        if self._leftovers_removed:
            return
        self._leftovers_removed = True
        before = datetime.now(UTC) - LEFTOVER_AGE
        removed = local_files.remove_older_than(self._incoming, before_s=before.timestamp())
        if removed:
            logger.info("leftovers_removed", store=self.name, files=removed)

    def _remove_plain(self, path: str, *, md5: str) -> None:
        plain = self._inside(self._root / path)
        with contextlib.suppress(FileNotFoundError):
            if plain.is_file() and digest_of(plain).md5 == md5:
                plain.unlink()
                local_files.sync_folder(plain.parent)


def is_version_id(text: str) -> bool:
    return bool(OWN_VERSION_ID.fullmatch(text) or ADOPTED_VERSION_ID.fullmatch(text))


def _leads_out(place: Path | str) -> UsageError:
    return UsageError(f"{place} leads out of the local store by a symbolic link: remove that link.")


def _no_version(path: str, version_id: str) -> NotFoundError:
    return NotFoundError(f"The local store has no version {version_id!r} of {path!r}.")


def _found(folder: Path, path: str, version_id: str) -> tuple[Path, os.stat_result]:
    """The file of one version in the folder of its path. Raises NotFoundError."""
    file = folder / version_id
    if is_version_id(version_id):
        with local_files.answering_os_errors(path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            status = file.lstat()
            if stat.S_ISREG(status.st_mode):
                return file, status
    raise _no_version(path, version_id)


def _head(folder: Path, path: str, version_id: str) -> StoredVersion:
    file, status = _found(folder, path, version_id)
    return StoredVersion(path, version_id, status.st_size, _stored_at(file.name, status))


def _versions(folder: Path, path: str) -> list[StoredVersion]:
    found: list[StoredVersion] = []
    with local_files.answering_os_errors(path), contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for file in folder.iterdir():
            with contextlib.suppress(NotFoundError):  # a folder of longer paths, or deleted since
                found.append(_head(folder, path, file.name))
    return sorted(found, key=lambda version: (version.stored_at, version.version_id), reverse=True)


def _next_instant(folder: Path, path: str) -> datetime:
    """Now, or just after the newest version if the clock was set back: a later version never looks older."""
    now = datetime.now(UTC)
    newest = _versions(folder, path)[:1]
    return max([now, *(version.stored_at + CLOCK_STEP for version in newest)])


def _finish(target: BinaryIO, stored_at: datetime) -> None:
    """Give an arriving file its time and make its bytes durable."""
    target.flush()
    stored_ns = (stored_at - EPOCH) // CLOCK_STEP * 1000
    os.utime(target.fileno(), ns=(stored_ns, stored_ns))
    os.fsync(target.fileno())


def _stored_at(version_id: str, status: os.stat_result) -> datetime:
    if own := OWN_VERSION_ID.fullmatch(version_id):
        return datetime.strptime(own[1], TIME_FORMAT).replace(tzinfo=UTC)
    return EPOCH + timedelta(microseconds=status.st_mtime_ns // 1000)


def _blocks_of(stream: BinaryIO, path: str, start: int, stop: int | None) -> Iterator[bytes]:
    """First an empty block; then the bytes."""
    with stream, local_files.answering_os_errors(path):
        yield b""
        yield from read_range(stream, start, stop)
