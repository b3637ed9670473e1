"""What a file store can do. Every store passes the same contract test."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    md5: str = field(default="", compare=False)  # where the store tells it without reading the bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """What a put is given beside the bytes."""

    path: str
    digest: Digest
    content_type: str
    observed_at: datetime | None = None  # old data may go to a cheaper storage class


@dataclass(frozen=True, slots=True)
class SignedPut:
    """A PUT that whoever holds it may send, with these headers, until it expires."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SignedForm:
    """A form of the type multipart/form-data: these fields first, then the file."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SentPart:
    """One part of an upload, and the ETag with which the store confirmed it."""

    number: int
    etag: str


class DirectUploads(Protocol):
    """What a store offers to clients that send bytes to it themselves. Each leave is for one path and one size."""

    def put(self, path: str, *, size_bytes: int | None, content_type: str, expires_in: timedelta) -> SignedPut:
        """A signed PUT; without a size it takes any."""

    def form(
        self, path: str, *, size_bytes: int | None, most_bytes: int, content_type: str, expires_in: timedelta
    ) -> SignedForm | None:
        """The same by a form, without a size for up to `most_bytes`; None where the store takes no forms."""

    def begin_parts(self, path: str, *, content_type: str) -> str:
        """Begin an upload in parts; the answer names it to the store."""

    def part_bytes(self, size_bytes: int) -> int:
        """Size of each part but the last one."""

    def put_part(
        self, path: str, upload_id: str, number: int, *, size_bytes: int, expires_in: timedelta
    ) -> SignedPut: ...

    def complete_parts(self, path: str, upload_id: str, parts: Sequence[SentPart]) -> None:
        """Put the parts together. Raises UsageError when they are not those that the store has."""

    def abort_parts(self, path: str, upload_id: str) -> None:
        """Give an upload up. Raises NotFoundError when there is none."""


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

    def is_hidden(self, path: str) -> bool:
        """Whether somebody deleted the path without naming a version: S3 then hides it and keeps its versions."""

    def listing(self) -> Iterator[StoredVersion]:
        """Every version of every path, found as it is asked for: millions of them need little memory.

        Paths come in the order of their bytes (UTF-8), the versions of each newest first.
        """

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

    def direct_uploads(self) -> DirectUploads | None:
        """How clients send bytes to the store itself; None where they come through the archive."""

    def check(self) -> str | None:
        """Find out whether the store can do its work. The answer is a warning for the staff, or None.

        Raises FatalError or TransientError if it can not.
        """
