"""Which files changed since one looked last: by a look at all, and by quick looks at what may have changed.

A quick look asks for the time of each folder, which changes with a new file, and for the size of each file that may
still grow. That costs milliseconds and works on NFS, where no file system tells of changes that another computer makes.
"""

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from telemetry.formats.names import TELEMETRY, parse_name
from telemetry.listing import Entry, Ignore, Walk, data_folders, path_text

MAY_GROW_NS = 2 * 86_400 * 10**9  # a file that nobody wrote to for two days is looked at by whole looks only
TICK_NS = 50_000_000  # times of folders are coarse: a folder that changed this recently may change again unseen


@dataclass(slots=True)
class Watch:
    """The files below the data folders of this computer."""

    folders: Iterable[str]
    ignore: Ignore = field(default_factory=Ignore)
    _seen_folders: dict[bytes, int] = field(default_factory=dict)  # time when it was listed, 0: list it again
    _growing: dict[bytes, Entry] = field(default_factory=dict)
    _known: set[bytes] = field(default_factory=set)

    def whole(self) -> Iterator[tuple[str, list[Entry], list[str]]]:
        """Each data folder with all its files, sorted by path, and the places of which nothing could be read."""
        self._seen_folders, self._growing, self._known = {}, {}, set()
        tops = data_folders([*self.folders])
        for top in tops:
            self._remember_folders(top)
            walk = Walk(self.ignore)
            entries = sorted(walk.files(top, among=tops))
            for entry in entries:
                self._remember(entry)
            yield path_text(top)[0], entries, [place for place, _reason in walk.unread]

    def changes(self) -> list[Entry]:
        """Files that are new or differ since the last look."""
        new = [entry for folder in [*self._seen_folders] for entry in self._new_in(folder)]
        return new + [entry for raw in [*self._growing] if (entry := self._changed(raw))]

    def growing(self) -> list[Entry]:
        """Files that may still be written to, as they were when one looked last."""
        return [*self._growing.values()]

    def _new_in(self, folder: bytes) -> list[Entry]:
        try:
            changed_ns = os.stat(folder).st_mtime_ns  # noqa: PTH116 - paths are bytes
        except OSError:
            self._seen_folders.pop(folder, None)
            return []
        if changed_ns == self._seen_folders.get(folder):
            return []
        self._seen_folders[folder] = changed_ns if time.time_ns() - changed_ns > TICK_NS else 0
        found = []
        for below in self._folders_in(folder):
            if below not in self._seen_folders:
                self._remember_folders(below)
                found += [*Walk(self.ignore).files(below)]
        found += Walk(self.ignore).files_of(folder)
        new = [entry for entry in found if raw_path(entry) not in self._known]
        for entry in new:
            self._remember(entry)
        return new

    def _changed(self, raw: bytes) -> Entry | None:
        before = self._growing[raw]
        try:
            seen = os.stat(raw)  # noqa: PTH116 - paths are bytes
        except OSError:
            del self._growing[raw]
            self._known.discard(raw)
            return None
        if (seen.st_size, seen.st_mtime_ns) == (before.size_bytes, before.modified_ns):
            return None
        entry = before._replace(size_bytes=seen.st_size, modified_ns=seen.st_mtime_ns, changed_ns=seen.st_ctime_ns)
        self._growing[raw] = entry
        return entry

    def _remember(self, entry: Entry) -> None:
        raw = raw_path(entry)
        self._known.add(raw)
        name = parse_name(entry.path.rsplit("/", 1)[-1])
        recent = time.time_ns() - entry.modified_ns < MAY_GROW_NS
        if recent and holds_telemetry(entry.path) and not name.compression:
            self._growing[raw] = entry

    def _remember_folders(self, top: bytes) -> None:
        for folder, below, _files in os.walk(top):
            self._seen_folders[folder] = 0
            below[:] = [each for each in below if not self._is_ignored(each)]

    def _folders_in(self, folder: bytes) -> list[bytes]:
        try:
            with os.scandir(folder) as found:
                return [
                    each.path
                    for each in found
                    if each.is_dir(follow_symlinks=False) and not self._is_ignored(each.name)
                ]
        except OSError:
            return []

    def _is_ignored(self, folder: bytes) -> bool:
        pattern = self.ignore.folder_pattern()
        return bool(pattern and pattern.fullmatch(folder))


def raw_path(entry: Entry) -> bytes:
    """The path's bytes as the file system has them."""
    return entry.raw_path if entry.raw_path is not None else os.fsencode(entry.path)


def holds_telemetry(path: str) -> bool:
    """Whether the archive reads records in a file of this name."""
    return parse_name(path.rsplit("/", 1)[-1]).kind in TELEMETRY


def on_disk(path: str, raw: bytes | None) -> Path:
    """Where the file lies on this computer."""
    return Path(os.fsdecode(raw)) if raw is not None else Path(path)
