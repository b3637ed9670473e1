"""Whether the bytes that a row tells of are in the store, and what they are."""

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
        return self._read(row) if self.reads_all else self._looked_at(row)

    def _read(self, row: Row) -> Found:
        try:
            digest = self.digest_of(row["path"], row["version_id"])
        except NotFoundError:
            return Found.GONE if self._version_alike(row) is None else Found.WHOLE
        is_same = digest.md5 == row["md5"] and row["sha256"] in (None, digest.sha256)
        return Found.WHOLE if is_same else Found.OTHERS

    def _looked_at(self, row: Row) -> Found:
        try:
            version = self.store.head(row["path"], row["version_id"])
        except NotFoundError:
            return Found.GONE if self._version_alike(row) is None else Found.WHOLE
        is_other = row["size_bytes"] not in (None, version.size_bytes) or version.md5 not in ("", row["md5"])
        return Found.OTHERS if is_other else Found.WHOLE

    def digest_of(self, path: str, version_id: str) -> Digest:
        digester = Digester()
        for block in self.store.stream(path, version_id):
            digester.update(block)
        return digester.digest()

    def _version_alike(self, row: Row) -> StoredVersion | None:
        """The same bytes under another id, as in a copy of a bucket or in a cheaper class; the row follows."""
        for version in self.store.versions(row["path"]):
            if version.size_bytes != row["size_bytes"] or version.md5 not in ("", row["md5"]):
                continue
            if self.digest_of(version.path, version.version_id).md5 == row["md5"]:
                row["version_id"] = version.version_id
                if version.storage_class != STANDARD:
                    row["storage_class"] = version.storage_class
                return version
        return None
