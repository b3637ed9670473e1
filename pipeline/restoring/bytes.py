"""Whether the bytes that a row tells of are in the store, and what they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from archive.domain.science.tables import Row
from archive.errors import NotFoundError
from ingest.checksums import Digest, Digester
from ingest.stores.base import STANDARD, FileStore, StoredVersion


class Found(Enum):
    """What there is of a row's bytes."""

    WHOLE = "whole"
    OTHERS = "others"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Looker:
    """Looks for bytes in one store. `reads_all`: read each of them and compare checksums; else sizes, and MD5 told."""

    store: FileStore
    reads_all: bool = True

    def look(self, row: Row) -> Found:
        """Compare what a stored object's row tells. The row is set to where the store has the bytes now."""
        row["store"] = self.store.name
        version = self._version(row)
        if version is None:
            return Found.GONE
        row["version_id"] = version.version_id
        if version.storage_class != STANDARD:
            row["storage_class"] = version.storage_class
        if row["size_bytes"] is not None and version.size_bytes != row["size_bytes"]:
            return Found.OTHERS
        if not self.reads_all:
            return Found.OTHERS if version.md5 and version.md5 != row["md5"] else Found.WHOLE
        digest = self.digest_of(version)
        is_same = digest.md5 == row["md5"] and row["sha256"] in (None, digest.sha256)
        return Found.WHOLE if is_same else Found.OTHERS

    def digest_of(self, version: StoredVersion) -> Digest:
        digester = Digester()
        for block in self.store.stream(version.path, version.version_id):
            digester.update(block)
        return digester.digest()

    def _version(self, row: Row) -> StoredVersion | None:
        """The version that the row names; where it has another id by now, as in a copy of a bucket, one like it."""
        try:
            return self.store.head(row["path"], row["version_id"])
        except NotFoundError:
            return next(self._alike(row), None)

    def _alike(self, row: Row) -> Iterator[StoredVersion]:
        for version in self.store.versions(row["path"]):
            if version.size_bytes == row["size_bytes"] and version.md5 in ("", row["md5"]):
                digest = None if version.md5 else self.digest_of(version)
                if digest is None or digest.md5 == row["md5"]:
                    yield version
