"""Reading stored bytes again: what a client says of its bytes is believed only after that."""

from datetime import datetime, timedelta

import structlog
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from archive.domain import quarantine
from archive.domain.objects import fill_in
from archive.domain.store import store_named, the_store
from archive.errors import NotFoundError, TransientError
from archive.models import StoredObject
from ingest.checksums import Digester
from ingest.stores.base import FileStore

logger = structlog.get_logger(__name__)

PATIENCE = timedelta(hours=1)


def verify_frame(*, frame_id: int, at: datetime) -> None:
    """Read the bytes of a frame's versions and thumbnails that nobody has read yet."""
    for stored in _unread().filter(Q(version__frame_id=frame_id) | Q(thumbnail__frame_id=frame_id)):
        verify_object(stored, at=at)


def frames_with_unread_objects(*, older_than: timedelta, at: datetime, most: int) -> list[int]:
    """Frames whose task got lost: a safety net, empty when all is well."""
    late = _unread().filter(stored_at__lt=at - older_than).order_by("stored_at")
    of_frames = late.annotate(frame_id=Coalesce("version__frame_id", "thumbnail__frame_id"))
    return list(of_frames.filter(frame_id__isnull=False).values_list("frame_id", flat=True)[:most])


def verify_object(stored: StoredObject, *, at: datetime) -> None:
    """Read the bytes once; fill in size and checksums if the MD5 is true, else mark the fault.

    Raises TransientError when the store can not be reached.
    """
    digester = Digester()
    try:
        for block in store_named(stored.store).stream(stored.path, stored.version_id):
            digester.update(block)
    except NotFoundError as error:
        if at - stored.stored_at < PATIENCE:
            # A client may post before it stores, and some S3 servers show a new object late.
            raise TransientError(f"{stored} is not in the store yet") from error
        _mark(stored, f"the {stored.store} store has no such object")
        return
    digest = digester.digest()
    if digest.md5 != stored.md5:
        _mark(stored, f"its MD5 is {digest.md5}, not {stored.md5} as was said")
        return
    fill_in(stored, digest, at=at)
    stored.save()
    quarantine.resolve(sha256=digest.sha256, at=at)


def _unread() -> QuerySet[StoredObject]:
    # The dummy store keeps nothing that could be read.
    store: FileStore = the_store()
    return StoredObject.objects.filter(store=store.name, verified_at=None, fault="").exclude(store="dummy")


def _mark(stored: StoredObject, fault: str) -> None:
    stored.fault = fault
    stored.save(update_fields=["fault"])
    logger.error("object_found_faulty", object=str(stored), fault=fault)
