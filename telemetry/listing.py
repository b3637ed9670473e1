"""Files below data folders, as the file system of their computer tells. Pure: an agent lists with it too."""

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import AnyStr, NamedTuple

from telemetry.errors import UsageError

IGNORED_FILES = (r".*\.DS_Store", r".+\.swp", r".+~")
IGNORED_FOLDERS = (r".*\.git.*",)
# Said of paths whose bytes are not quite their text: those that are no UTF-8, and those that look like the escape.
_ESCAPE = re.compile(r"[\udc80-\udcff]|\\(?=x)")


class Entry(NamedTuple):
    """One file. Times are Unix nanoseconds; `changed_ns` is the time of its inode's last change."""

    path: str
    raw_path: bytes | None
    size_bytes: int
    modified_ns: int
    changed_ns: int


def path_text(raw: bytes) -> tuple[str, bytes | None]:
    r"""A path as text that PostgreSQL can hold, and its bytes where the text does not say them.

    Bytes that are no UTF-8 become `\xNN`. No two paths share a text: a backslash before an x is written `\x5c`.
    """
    text = raw.decode("utf-8", "surrogateescape")
    if not _ESCAPE.search(text):
        return text, None
    return _ESCAPE.sub(lambda found: rf"\x{ord(found[0]) & 0xFF:02x}", text), raw


@dataclass(frozen=True, slots=True)
class Ignore:
    """Regular expressions that fit the whole name of files and of folders that no inventory lists."""

    files: Sequence[str] = IGNORED_FILES
    folders: Sequence[str] = IGNORED_FOLDERS

    def file_pattern(self) -> re.Pattern[bytes] | None:
        return _any_of(self.files)

    def folder_pattern(self) -> re.Pattern[bytes] | None:
        return _any_of(self.folders)


def _any_of(patterns: Sequence[str]) -> re.Pattern[bytes] | None:
    """One pattern for all. Raises UsageError for what is no regular expression."""
    for pattern in patterns:
        try:
            re.compile(pattern.encode())
        except re.error as error:
            raise UsageError(f"The ignore pattern {pattern!r} is no regular expression: {error}.") from error
    return re.compile(b"|".join(b"(?:%s)" % pattern.encode() for pattern in patterns)) if patterns else None


def data_folders(given: Sequence[str | Path]) -> list[bytes]:
    """The folders to walk: absolute, and none twice, be it below another or by another name.

    Raises UsageError where none is given, or one is not absolute.
    """
    if not given:
        raise UsageError("No data folder is named: set data_dirs in the configuration.")
    for each in given:
        if not Path(each).is_absolute():
            raise UsageError(f"The data folder {str(each)!r} is not absolute: write its whole path.")
    kept: dict[bytes, bytes] = {}
    for folder in sorted({os.path.normpath(os.fsencode(each)) for each in given}):
        real = os.path.realpath(folder)
        if not any(is_below(real, other) for other in kept.values()):
            kept[folder] = real
    return list(kept)


def is_below(path: AnyStr, folder: AnyStr) -> bool:
    """Whether `path` is `folder` or lies below it."""
    slash = folder[:0] + ("/" if isinstance(folder, str) else b"/")
    return path == folder or path.startswith(folder if folder.endswith(slash) else folder + slash)


@dataclass(slots=True)
class Walk:
    """Lists files, and counts what it met besides.

    `unread` are places of which nothing can be said, with the reason: a folder that may not be read, a file whose
    stat failed. What vanished meanwhile is not among them.
    """

    ignore: Ignore = field(default_factory=Ignore)
    ignored: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    unread: list[tuple[str, str]] = field(default_factory=list)
    _tops: list[bytes] = field(default_factory=list)
    _ignored_file: re.Pattern[bytes] | None = field(init=False)
    _ignored_folder: re.Pattern[bytes] | None = field(init=False)

    def __post_init__(self) -> None:
        self._ignored_file, self._ignored_folder = self.ignore.file_pattern(), self.ignore.folder_pattern()

    def files(self, top: bytes, among: Sequence[bytes] = ()) -> Iterator[Entry]:
        """Each regular file below `top`. Links to folders are not followed: the same file would be listed twice.

        A link to a file that lies below one of the folders `among` is passed over too, for there it has its own name.
        """
        self._tops = [os.path.realpath(each) for each in among or (top,)]
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            yield from self._files_in(folder, waiting, is_top=folder is top)

    def files_of(self, folder: bytes, among: Sequence[bytes] = ()) -> Iterator[Entry]:
        """Each regular file in `folder` itself, by the rules of `files`."""
        self._tops = [os.path.realpath(each) for each in among or (folder,)]
        return self._files_in(folder, [], is_top=True)

    def _files_in(self, folder: bytes, waiting: list[bytes], *, is_top: bool) -> Iterator[Entry]:
        """Files of one folder; folders in it are added to `waiting`."""
        for item in self._listed(folder, is_top=is_top):
            is_folder = self._is_folder(item)
            pattern = self._ignored_folder if is_folder else self._ignored_file
            if pattern and pattern.fullmatch(item.name):
                self.ignored += 1
            elif is_folder:
                waiting.append(item.path)
            elif entry := self._entry(item):
                yield entry

    def _listed(self, folder: bytes, *, is_top: bool) -> list[os.DirEntry[bytes]]:
        try:
            with os.scandir(folder) as found:
                return list(found)
        except OSError as error:
            if is_top or not isinstance(error, FileNotFoundError):
                self.unread.append((path_text(folder)[0], error.strerror or str(error)))
            else:
                self.skipped["vanished while it was listed"] += 1
        return []

    @staticmethod
    def _is_folder(item: os.DirEntry[bytes]) -> bool:
        try:
            return item.is_dir(follow_symlinks=False)
        except OSError:
            return False  # its own stat says more

    def _entry(self, item: os.DirEntry[bytes]) -> Entry | None:
        is_link = item.is_symlink()
        try:
            seen = item.stat()
        except OSError as error:
            self._pass_over(item, error, is_link=is_link)
            return None
        if not stat.S_ISREG(seen.st_mode):
            self.skipped["link to a folder" if is_link and stat.S_ISDIR(seen.st_mode) else "no regular file"] += 1
            return None
        if is_link and any(is_below(os.path.realpath(item.path), top) for top in self._tops):
            self.skipped["link to a file that has its own place"] += 1
            return None
        return Entry(*path_text(item.path), seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)

    def _pass_over(self, item: os.DirEntry[bytes], error: OSError, *, is_link: bool) -> None:
        if isinstance(error, FileNotFoundError):
            self.skipped["dangling link" if is_link else "vanished while it was listed"] += 1
        elif is_link:
            self.skipped["link that leads nowhere"] += 1
        else:
            self.unread.append((path_text(item.path)[0], error.strerror or str(error)))
