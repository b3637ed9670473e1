"""A store that keeps nothing: for an archive that only lists frames."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

from archive.errors import NotFoundError
from ingest.stores.base import StoredVersion, Upload
from ingest.stores.keys import check_path

ADVICE = "set FILESTORE_TYPE to local or s3 to keep files"


class DummyStore:
    """Takes everything and gives nothing back. It does not read what it is given either."""

    name = "dummy"

    def put(self, source: Path, upload: Upload) -> StoredVersion:  # noqa: ARG002 - nothing is kept of it
        check_path(upload.path)
        return StoredVersion(upload.path, uuid.uuid4().hex, upload.digest.size_bytes, datetime.now(UTC))

    def head(self, path: str, version_id: str) -> StoredVersion:
        _refuse(path, version_id)

    def stream(self, path: str, version_id: str, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:  # noqa: ARG002 - no byte of it is kept
        _refuse(path, version_id)

    def versions(self, path: str) -> list[StoredVersion]:
        check_path(path)
        return []

    def is_hidden(self, path: str) -> bool:  # noqa: ARG002 - what is deleted here is gone
        return False

    def listing(self) -> Iterator[StoredVersion]:
        return iter(())

    def delete(self, path: str, version_id: str) -> None:
        """Do nothing: every version is already gone."""

    def purge(self, path: str, *, spare: Callable[[StoredVersion], bool]) -> int:  # noqa: ARG002 - nothing to keep
        check_path(path)
        return 0

    def move_to_infrequent(self, path: str, version_id: str) -> None:
        """None: it has no classes."""

    def signed_url(self, path: str, version_id: str, *, expires_in: timedelta) -> str:  # noqa: ARG002 - see below
        """Empty: there is nothing to link to, yet an archive with this store must still be able to list frames."""
        return ""

    def direct_uploads(self) -> None:
        """None: bytes come through the archive."""

    def check(self) -> str | None:
        return f"The dummy store keeps nothing of what it is given: {ADVICE}."


def _refuse(path: str, version_id: str) -> NoReturn:
    raise NotFoundError(f"The dummy store keeps nothing, so it has no version {version_id!r} of {path!r}: {ADVICE}.")
