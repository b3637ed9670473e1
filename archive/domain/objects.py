"""Bytes in the store, as rows: made, and forgotten together with the bytes."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from archive.domain.store import store_named
from archive.models import StoredObject
from ingest.checksums import Digest
from ingest.stores.base import FileStore


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

    A store that is away then does not undo the delete, nor keep the bytes of others: it is logged.
    """
    store, path, version_id = store_named(stored.store), stored.path, stored.version_id
    stored.delete()
    transaction.on_commit(lambda: store.delete(path, version_id), robust=True)


def sweep_path(store: FileStore, path: str) -> None:
    """Delete the bytes under a path that have no row: a process that was killed between the two left them."""
    held = set(StoredObject.objects.filter(store=store.name, path=path).values_list("version_id", flat=True))
    for orphan in store.versions(path):
        if orphan.version_id not in held:
            store.delete(path, orphan.version_id)
