"""Files that came and could not be placed, remembered until they come in after all or a person waves them off."""

from collections.abc import Collection
from datetime import datetime
from pathlib import PurePosixPath

import structlog
from django.db.models import F, QuerySet

from archive.errors import NotFoundError, UsageError
from archive.models import QuarantinedFile, Version
from ingest.checksums import Digest
from ingest.names import parted

logger = structlog.get_logger(__name__)

LONGEST_NAME = 1000


class UnplacedFileError(UsageError):
    """A file whose name looks like the adaptive-optics camera's, and that is none or can not be read.

    Nothing of it is kept. Whichever door it came by remembers it, once the transaction of the attempt is over.
    """

    def __init__(self, reason: str, *, filename: str, digest: Digest) -> None:
        super().__init__(reason)
        self.filename = filename
        self.digest = digest


def remember(refusal: UnplacedFileError, *, at: datetime) -> QuarantinedFile:
    """Note a file that was refused, or that it came once more. What was resolved stays so.

    Bytes that the archive holds under another name are resolved from the start.
    """
    digest, reason = refusal.digest, str(refusal)
    held = Version.objects.filter(md5=digest.md5, object__sha256=digest.sha256, object__fault="")
    file, is_new = QuarantinedFile.objects.get_or_create(
        filename=refusal.filename[:LONGEST_NAME],
        sha256=digest.sha256,
        defaults={
            "size_bytes": digest.size_bytes,
            "reason": reason,
            "first_seen_at": at,
            "last_seen_at": at,
            "resolved_at": at if held.exists() else None,
        },
    )
    if not is_new:
        seen = QuarantinedFile.objects.filter(pk=file.pk)
        seen.update(times_seen=F("times_seen") + 1, last_seen_at=at, reason=reason)
        file.refresh_from_db()
    logger.warning("file_quarantined", filename=file.filename, times_seen=file.times_seen, reason=reason)
    return file


def resolve(*, sha256: str, at: datetime) -> None:
    """Note that bytes came in after all, whatever they are called now. In the transaction in which they do."""
    waiting().filter(sha256=sha256).update(resolved_at=at)


def settle_if_held(file: QuarantinedFile, *, at: datetime) -> bool:
    """Note a file as settled if the archive holds its bytes by now under its name. Answers whether it does."""
    named = Version.objects.filter(frame__basename=parted(PurePosixPath(file.filename).name)[0])
    is_held = named.filter(object__sha256=file.sha256, object__fault="").exists()
    if is_held:
        resolve(sha256=file.sha256, at=at)
    return is_held


def dismiss(ids: Collection[int], *, at: datetime) -> None:
    """Wave files off: nothing is left to be done about them.

    Raises NotFoundError when one of them is not known; then none is.
    """
    files = QuarantinedFile.objects.filter(pk__in=ids)
    known = set(files.values_list("pk", flat=True))
    if missing := sorted(set(ids) - known):
        raise NotFoundError(f"there is no quarantined file {missing[0]}: `manage.py quarantine list` shows them.")
    files.filter(resolved_at=None).update(resolved_at=at)


def waiting() -> QuerySet[QuarantinedFile]:
    """Files about which nobody has done anything yet, the last one first."""
    return QuarantinedFile.objects.filter(resolved_at=None)
