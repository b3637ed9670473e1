"""A store that lives as long as its process: for tests."""

import io
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.errors import NotFoundError
from ingest.stores.base import INFREQUENT, StoredVersion, Upload
from ingest.stores.blocks import check_range, copy_digesting, open_source, read_range, require_digest
from ingest.stores.keys import check_path
from ingest.stores.links import LinkSigner


class MemoryStore:
    """Keeps bytes in this process. Safe with many threads."""

    name = "memory"

    def __init__(self, *, base_url: str, signing_key: str) -> None:
        self._links = LinkSigner(base_url=base_url, signing_key=signing_key)
        self._lock = threading.Lock()
        self._held: dict[str, dict[str, tuple[StoredVersion, bytes]]] = {}  # path, version id; oldest first

    def put(self, source: Path, upload: Upload) -> StoredVersion:
        check_path(upload.path)
        with open_source(source) as stream:
            held = io.BytesIO()
            require_digest(copy_digesting(stream, held), upload.digest, path=upload.path)
        with self._lock:
            version = StoredVersion(upload.path, uuid.uuid4().hex, upload.digest.size_bytes, datetime.now(UTC))
            self._held.setdefault(upload.path, {})[version.version_id] = (version, held.getvalue())
        return version

    def head(self, path: str, version_id: str) -> StoredVersion:
        return self._found(path, version_id)[0]

    def stream(self, path: str, version_id: str, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        check_range(start, stop)
        return read_range(io.BytesIO(self._found(path, version_id)[1]), start, stop)

    def versions(self, path: str) -> list[StoredVersion]:
        check_path(path)
        with self._lock:
            return [version for version, _held in reversed(self._held.get(path, {}).values())]

    def is_hidden(self, path: str) -> bool:  # noqa: ARG002 - what is deleted here is gone
        return False

    def listing(self) -> Iterator[StoredVersion]:
        for path in sorted(self._held):
            yield from self.versions(path)

    def delete(self, path: str, version_id: str) -> None:
        check_path(path)
        with self._lock:
            self._held.get(path, {}).pop(version_id, None)

    def purge(self, path: str, *, spare: Callable[[StoredVersion], bool]) -> int:
        gone = [version for version in self.versions(path) if not spare(version)]
        for version in gone:
            self.delete(path, version.version_id)
        return len(gone)

    def move_to_infrequent(self, path: str, version_id: str) -> StoredVersion:
        """Memory has no classes either; it plays an S3 server that has, since the one of the tests has not."""
        version, held = self._found(path, version_id)
        if version.storage_class == INFREQUENT:
            return version
        moved = StoredVersion(path, uuid.uuid4().hex, len(held), datetime.now(UTC), INFREQUENT)
        with self._lock:
            self._held.setdefault(path, {})[moved.version_id] = (moved, held)
        return moved

    def signed_url(self, path: str, version_id: str, *, expires_in: timedelta) -> str:
        check_path(path)
        return self._links.link_for(path, version_id, expires_in=expires_in)

    def verify(self, *, path: str, version_id: str, expires: str, signature: str, now: datetime) -> None:
        """Raise UsageError unless these are the parts of a link that `signed_url` made and that holds at `now`."""
        self._links.verify(path=path, version_id=version_id, expires=expires, signature=signature, now=now)

    def direct_uploads(self) -> None:
        """None: bytes come through the archive."""

    def check(self) -> str | None:
        return "The store keeps files in memory and loses them when the process ends: use it for tests only."

    def _found(self, path: str, version_id: str) -> tuple[StoredVersion, bytes]:
        check_path(path)
        with self._lock:
            if found := self._held.get(path, {}).get(version_id):
                return found
        raise NotFoundError(f"The memory store has no version {version_id!r} of {path!r}.")
