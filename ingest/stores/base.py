"""What a file store can do. Every store passes the same contract test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from ingest.checksums import Digest

STREAM_BLOCK_BYTES = 1 << 20
STANDARD, INFREQUENT = "STANDARD", "STANDARD_IA"  # classes of storage, as S3 names them


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """One set of bytes that the store holds under a path."""

    path: str
    version_id: str
    size_bytes: int
    stored_at: datetime
    storage_class: str = STANDARD


@dataclass(frozen=True, slots=True)
class Upload:
    """What a put is given beside the bytes."""

    path: str
    digest: Digest
    content_type: str
    observed_at: datetime | None = None  # old data may go to a cheaper storage class


class FileStore(Protocol):
    """Keeps every version of every path until it is told to delete that version.

    Each method raises NotFoundError for a version that is not there, TransientError when the store can not be
    reached, and FatalError when it is set up wrongly.
    """

    name: str  # stands in stored_object.store: which store holds the bytes

    def put(self, source: Path, upload: Upload) -> StoredVersion:
        """Store the file at `source` as a new version of `upload.path`.

        Raises UsageError, and keeps nothing, if what arrived is not what `upload.digest` says.
        """

    def head(self, path: str, version_id: str) -> StoredVersion:
        """Say that this version is there, and how large it is."""

    def stream(self, path: str, version_id: str, *, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Give bytes `start` up to, not including, `stop` (None: to the end), in blocks."""

    def versions(self, path: str) -> list[StoredVersion]:
        """All versions of `path`, newest first."""

    def delete(self, path: str, version_id: str) -> None:
        """Remove one version for good. A version already gone is no error: a repeated delete is safe."""

    def purge(self, path: str, *, spare: Callable[[StoredVersion], bool]) -> int:
        """Remove every version of `path` that `spare` does not keep, and every delete marker. Answers how many went.

        Exactly this path: longer ones that begin alike keep theirs. To repeat it is safe.
        """

    def move_to_infrequent(self, path: str, version_id: str) -> StoredVersion | None:
        """Copy one version in place into the cheaper class; the copy is a version of its own, the old one stays.

        The version itself where it is in that class already, None where the store has one class only.
        """

    def signed_url(self, path: str, version_id: str, *, expires_in: timedelta) -> str:
        """A link that gives these bytes, as an attachment, to whoever holds it until it expires."""

    def check(self) -> str | None:
        """Find out whether the store can do its work. The answer is a warning for the staff, or None.

        Raises FatalError or TransientError if it can not.
        """
