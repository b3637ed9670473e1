"""Bytes in the store, as rows: made, and forgotten together with the bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from archive.domain.store import store_named, the_store
from archive.errors import ArchiveError, TransientError
from archive.models import DoomedBytes, StoredObject
from ingest.checksums import Digest

logger = structlog.get_logger(__name__)

# Longer than any upload takes from its first byte in the store to its row in the database.
UPLOAD_PATIENCE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewObject:
    """Bytes that lie in a store. Without a digest they are what a client says they are, until a task has read them."""

    store: str
    path: str
    version_id: str
    md5: str
    digest: Digest | None = None


def object_row(new: NewObject, *, at: datetime) -> StoredObject:
    """The unsaved row of new bytes."""
    stored = StoredObject(store=new.store, path=new.path, version_id=new.version_id, md5=new.md5, stored_at=at)
    if new.digest is not None:
        fill_in(stored, new.digest, at=at)
    return stored


def fill_in(stored: StoredObject, digest: Digest, *, at: datetime) -> None:
    """Note on an unsaved row what its bytes are, now that they were read."""
    stored.size_bytes = digest.size_bytes
    stored.sha256 = digest.sha256
    stored.crc32 = digest.crc32
    stored.verified_at = at


def forget_object(stored: StoredObject) -> None:
    """Delete the row now and the bytes on commit: bytes without a row can be swept up, the reverse is a loss.

    Raises FatalError when the archive is set to another store than that of the bytes.
    """
    _doom([DoomedBytes(store=stored.store, path=stored.path, version_ids=[stored.version_id])])
    stored.delete()


def forget_paths(objects: Sequence[StoredObject], *, at: datetime) -> None:
    """As `forget_object`, and with the bytes whatever else lies under their paths.

    Versions that nobody knows of go when they are older than a day: a younger one may be an upload whose row is about
    to be written. A version that has a row by then stays in any case.
    """
    paths: dict[tuple[str, str], list[str]] = {}
    for stored in objects:
        paths.setdefault((stored.store, stored.path), []).append(stored.version_id)
    _doom(
        [
            DoomedBytes(store=store, path=path, version_ids=version_ids, orphans_before=at - UPLOAD_PATIENCE)
            for (store, path), version_ids in paths.items()
        ]
    )
    StoredObject.objects.filter(pk__in=[stored.pk for stored in objects]).delete()


def doom_version(*, store: str, path: str, version_id: str) -> None:
    """Remove on commit bytes that have no row, or whose row names others by then."""
    _doom([DoomedBytes(store=store, path=path, version_ids=[version_id])])


def remove_doomed(*, most: int) -> int:
    """Remove bytes that an earlier process could not: it was killed, or the store was away. Answers how many paths.

    Raises TransientError when the store is away still.
    """
    n_removed = 0
    for doomed in DoomedBytes.objects.filter(store=the_store().name).order_by("pk")[:most]:
        try:
            _remove(doomed)
        except TransientError:
            raise
        except ArchiveError as error:
            logger.error("bytes_not_removed", path=doomed.path, reason=str(error))  # noqa: TRY400 - a refusal, not a bug
            continue
        n_removed += 1
    return n_removed


def _doom(rows: Sequence[DoomedBytes]) -> None:
    """Note what goes, and let it go on commit.

    A store that is away then does not undo the deletion, nor keep the bytes of others: it is logged, and the note
    stays for `remove_doomed`.
    """
    for doomed in rows:
        store_named(doomed.store)
    for doomed in DoomedBytes.objects.bulk_create(rows):
        transaction.on_commit(_remover_of(doomed), robust=True)


def _remover_of(doomed: DoomedBytes) -> Callable[[], None]:
    def remove_or_leave() -> None:
        try:
            _remove(doomed)
        except ArchiveError as error:
            logger.warning("bytes_left_for_the_next_run", path=doomed.path, reason=str(error))

    return remove_or_leave


def _remove(doomed: DoomedBytes) -> None:
    store = store_named(doomed.store)
    named = StoredObject.objects.filter(store=doomed.store, path=doomed.path)
    kept = set(named.values_list("version_id", flat=True))
    gone = set(doomed.version_ids) - kept
    before = doomed.orphans_before
    if before is None:
        for version_id in sorted(gone):
            store.delete(doomed.path, version_id)
    else:
        store.purge(
            doomed.path,
            spare=lambda version: (
                version.version_id in kept or (version.version_id not in gone and version.stored_at >= before)
            ),
        )
    DoomedBytes.objects.filter(pk=doomed.pk).delete()
