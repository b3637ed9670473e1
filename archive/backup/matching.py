"""Whether a store has every version of a manifest, under whatever ids: one pass over both."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

from archive.backup.manifest import KEEPS_NOTHING, Entry, side_by_side
from archive.errors import NotFoundError
from ingest.checksums import Digest, Digester
from ingest.stores.base import FileStore, StoredVersion


@dataclass(slots=True)
class Matched:
    """Numbers of one pass."""

    whole: int = 0
    moved: int = 0  # of these: found in another store than before, or under another id
    missing: int = 0
    missing_before: int = 0  # had no bytes when the backup was made either
    documents_missing: int = 0
    without_row: int = 0  # came in after the backup, or never had a row


@dataclass(slots=True)
class Matcher:
    """One pass. `deep`: read every byte and compare checksums; else sizes, and the MD5 where the store tells it.

    `moved` is given each row that lies elsewhere now, as CSV: store, path and id of before, then store and id of now.
    """

    store: FileStore
    deep: bool
    tell: Callable[[str], object]
    seen: Callable[[int], object]
    moved: TextIO
    tally: Matched = field(default_factory=Matched)

    def match(self, entries: Iterable[Entry]) -> Matched:
        """Look for all of them. Raises TransientError when the store is away."""
        if self.store.name == KEEPS_NOTHING:  # an archive that lists frames only
            entries = (entry for entry in entries if entry.store == KEEPS_NOTHING)
        write = csv.writer(self.moved).writerow
        for path, of_path, versions in side_by_side(entries, self.store.listing()):
            rows = [entry for entry in of_path if not entry.is_document and entry.store != KEEPS_NOTHING]
            if len(rows) < len(of_path) and not versions:
                self.tally.documents_missing += any(entry.is_document for entry in of_path)
            left = {version.version_id: version for version in versions}
            for entry, version in self._pairs(rows, left):
                if version.version_id != entry.version_id or self.store.name != entry.store:
                    self.tally.moved += 1
                    write([entry.store, path, entry.version_id, self.store.name, version.version_id])
            if rows or not of_path:
                self.tally.without_row += len(left)
            self.seen(len(rows))
        return self.tally

    def _pairs(self, rows: list[Entry], left: dict[str, StoredVersion]) -> Iterator[tuple[Entry, StoredVersion]]:
        """Each row with its bytes, first those that lie where they lay; what is found is no more `left`."""
        elsewhere = []
        for entry in rows:
            version = left.get(entry.version_id)
            if version is not None and self._is_same(entry, version, reads=self.deep):
                self.tally.whole += 1
                yield entry, left.pop(version.version_id)
            else:
                elsewhere.append(entry)
        for entry in elsewhere:
            version = next((each for each in left.values() if self._is_same(entry, each, reads=not each.md5)), None)
            if version is None:
                self._miss(entry, left.get(entry.version_id))
            else:
                self.tally.whole += 1
                yield entry, left.pop(version.version_id)

    def _is_same(self, entry: Entry, version: StoredVersion, *, reads: bool) -> bool:
        if entry.contradicted_by(version):
            return False
        if not (reads or self.deep):
            return True
        try:
            digest = self._digest_of(version)
        except NotFoundError:  # deleted since it was listed
            return False
        return digest.md5 == entry.md5 and entry.sha256 in (None, digest.sha256)

    def _digest_of(self, version: StoredVersion) -> Digest:
        digester = Digester()
        for block in self.store.stream(version.path, version.version_id):
            digester.update(block)
        return digester.digest()

    def _miss(self, entry: Entry, other: StoredVersion | None) -> None:
        if not entry.there or entry.fault:
            self.tally.missing_before += 1
            return
        self.tally.missing += 1
        says = "the store has no such bytes" if other is None else entry.contradicted_by(other) or "its bytes differ"
        self.tell(f"without its bytes: {entry}: {says}")
