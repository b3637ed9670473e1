"""Bytes that have grown old move to a cheaper class of storage, by rule."""

from collections.abc import Iterator
from datetime import datetime

import structlog
from django.db import transaction

from archive.domain.frame_expiry import FRAMES
from archive.domain.objects import doom_version
from archive.domain.store import the_store
from archive.enums import CountedFrom
from archive.errors import NotFoundError, UsageError
from archive.models import StoredObject, Version
from ingest.stores.base import INFREQUENT, STANDARD, FileStore

logger = structlog.get_logger(__name__)

NOT_YET = ""


def move_old_bytes(*, at: datetime, most: int) -> int:
    """Move the bytes of frames that are old enough, up to `most` objects; answers how many.

    A copy in place is a new version for S3: the row follows it in one step, and the old version goes on commit. To
    repeat it is safe.
    """
    store = the_store()
    n_moved = 0
    for stored in _old(store, at=at):
        try:
            moved = store.move_to_infrequent(stored.path, stored.version_id)
        except NotFoundError as error:
            logger.warning("object_not_moved", object=str(stored), reason=str(error))
            continue
        except UsageError as error:
            logger.warning("object_not_moved", object=str(stored), reason=str(error))
            StoredObject.objects.filter(pk=stored.pk).update(storage_class=STANDARD)  # never asked for again
            continue
        if moved is None:
            logger.warning("storage_has_one_class", store=store.name, advice="disable the rules of storage classes")
            break
        _follow(stored, moved.version_id)
        n_moved += 1
        if n_moved >= most:
            break
    return n_moved


def _old(store: FileStore, *, at: datetime) -> Iterator[StoredObject]:
    """Objects of frames that a rule moves, those of one frame oldest first: the newest stays on top in the bucket."""
    for rule, condition in FRAMES.won(only_storage_class=True):
        if rule.after is None:
            continue
        frames = FRAMES.things().filter(condition, FRAMES.older(CountedFrom(rule.counted_from), at - rule.after))
        unmoved = Version.objects.filter(object__store=store.name, object__storage_class=NOT_YET)
        versions = unmoved.filter(frame__in=frames.values("pk")).order_by("frame_id", "created", "pk")
        for version in versions.select_related("object").iterator():
            yield version.object


def _follow(stored: StoredObject, version_id: str) -> None:
    """Let the row name the new version, unless it was deleted or given other bytes meanwhile: then the copy goes."""
    with transaction.atomic():
        row = StoredObject.objects.filter(pk=stored.pk, path=stored.path, version_id=stored.version_id)
        followed = row.update(version_id=version_id, storage_class=INFREQUENT)
        if version_id != stored.version_id:
            gone = stored.version_id if followed else version_id
            doom_version(store=stored.store, path=stored.path, version_id=gone)
