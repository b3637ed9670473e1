"""What the store held, a line of JSON for each version of a path; found by one pass over rows and store."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from heapq import merge
from itertools import groupby
from pathlib import Path

from archive.errors import FatalError
from ingest.stores.base import StoredVersion
from ingest.stores.keys import ROWS_PREFIX

COMPRESSION = 6
KEEPS_NOTHING = "dummy"


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of a path, as a row of the archive tells of it; a document beside the data has no row."""

    store: str
    path: str
    version_id: str
    size_bytes: int | None
    md5: str  # empty: of a document, where the store does not tell it
    sha256: str | None = None
    crc32: int | None = None
    fault: str = ""  # what the archive knew to be wrong with the bytes
    there: bool = True  # False: the store had no such bytes when the backup was made
    is_document: bool = False

    def contradicted_by(self, version: StoredVersion) -> str:
        """What the store says otherwise; empty: nothing."""
        if self.size_bytes not in (None, version.size_bytes):
            return f"it has {version.size_bytes} bytes, not {self.size_bytes}"
        if version.md5 not in ("", self.md5):
            return f"it has the MD5 {version.md5}, not {self.md5}"
        return ""

    def __str__(self) -> str:
        return f"{self.path} version {self.version_id} in the {self.store} store"


@dataclass(slots=True)
class Tally:
    """Numbers of one manifest."""

    rows: int = 0
    size_bytes: int = 0  # of what is there
    documents: int = 0
    without_row: int = 0
    kept_nowhere: int = 0  # rows of the dummy store
    not_there: int = 0  # rows without their bytes, of whatever reason
    unexpected: int = 0  # of these: neither deleted meanwhile nor known to be faulty before


@dataclass(slots=True)
class Listed:
    """One pass: the entries of a manifest, and what was found on the way.

    `still_there` tells of an entry without its bytes whether its row is there even now; `tell` hears of each that is.
    """

    rows: Iterable[Entry]
    versions: Iterable[StoredVersion]
    store: str
    has_bytes: Callable[[Entry], bool]
    still_there: Callable[[Entry], bool]
    tell: Callable[[str], object]
    tally: Tally = field(default_factory=Tally)

    def entries(self) -> Iterator[Entry]:
        """Each entry, in the order of the bytes of paths."""
        for _path, of_path, versions in side_by_side(self.rows, self.versions):
            there = {version.version_id: version for version in versions}
            for entry in of_path:
                mine = there.pop(entry.version_id, None) if entry.store == self.store else None
                yield self._row(entry, mine)
            for version in there.values():
                if version.path.startswith(ROWS_PREFIX):
                    self.tally.documents += 1
                    yield _document(self.store, version)
                else:
                    self.tally.without_row += 1

    def _row(self, entry: Entry, version: StoredVersion | None) -> Entry:
        self.tally.rows += 1
        if entry.store == KEEPS_NOTHING:
            self.tally.kept_nowhere += 1
            return replace(entry, there=False)
        says = "the store has no such bytes" if version is None else entry.contradicted_by(version)
        if not says or (version is None and self.has_bytes(entry)):
            size_bytes = entry.size_bytes if version is None else version.size_bytes
            self.tally.size_bytes += size_bytes or 0
            return replace(entry, size_bytes=size_bytes)
        self.tally.not_there += 1
        if entry.fault:
            self.tell(f"known before: {entry}: {entry.fault}")
        elif not self.still_there(entry):
            self.tell(f"deleted meanwhile: {entry}")
        else:
            self.tally.unexpected += 1
            self.tell(f"without its bytes: {entry}: {says}")
        return replace(entry, there=False)


def _document(store: str, version: StoredVersion) -> Entry:
    return Entry(store, version.path, version.version_id, version.size_bytes, version.md5, is_document=True)


def side_by_side(
    entries: Iterable[Entry], versions: Iterable[StoredVersion]
) -> Iterator[tuple[str, list[Entry], list[StoredVersion]]]:
    """Each path that either side has, with what both have of it. Both come by path, in the order of bytes."""
    ours = ((entry.path, entry, None) for entry in entries)
    theirs = ((version.path, None, version) for version in versions)
    for path, group in groupby(merge(ours, theirs, key=_path_of), key=_path_of):
        of_path: list[Entry] = []
        stored: list[StoredVersion] = []
        for _path, entry, version in group:
            if entry is not None:
                of_path.append(entry)
            if version is not None:
                stored.append(version)
        yield path, of_path, stored


def _path_of(item: tuple[str, Entry | None, StoredVersion | None]) -> str:
    return item[0]


@contextmanager
def written(path: Path) -> Iterator[Callable[[Entry], object]]:
    """A new manifest, to which entries are given one by one."""
    with path.open("xb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=COMPRESSION, mtime=0) as packed:
        yield lambda entry: packed.write(_line_of(entry))


def _line_of(entry: Entry) -> bytes:
    told = {name: value for name, value in asdict(entry).items() if value not in (None, "") and value is not False}
    told["there"] = entry.there
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def read(path: Path) -> Iterator[Entry]:
    """Entries of a manifest. Raises FatalError for what none is."""
    try:
        with gzip.open(path, "rb") as lines:
            yield from _entries(lines)
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise FatalError(f"The manifest {path} can not be read: {error}. Take another backup.") from error


def _entries(lines: Iterable[bytes]) -> Iterator[Entry]:
    for line in lines:
        told = json.loads(line.decode("utf-8", "surrogatepass"))
        yield Entry(**{"size_bytes": None, "md5": "", **told})
