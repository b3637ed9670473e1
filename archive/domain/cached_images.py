"""Cached images: found, kept and forgotten; each is made by one process at a time, however many ask for it."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q, QuerySet

from archive.domain.objects import NewObject, forget_object, object_row, sweep_path
from archive.domain.store import the_store
from archive.errors import NotFoundError, TransientError
from archive.models import CachedImage, Frame, StoredObject, Version
from ingest.checksums import digest_of
from ingest.stores.base import Upload
from ingest.stores.keys import cached_image_key_for, content_type_for

CODE_VERSION = 1  # raise it when the same pixels would give another file: what was made before is then not given out
USE_IS_NOTED_AFTER = timedelta(minutes=10)  # not a write for each reader of a picture that many look at
GRACE = timedelta(hours=1)  # from the last answer that gives an image out to its end: enough to send it
SWEEP_SIZE = 1000
POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class ImageForm:
    """What to make of a version. Stretch is empty and size 0 where they mean nothing."""

    kind: str
    ending: str  # of the file's name, such as "-linear.tif"
    stretch: str = ""
    size_px: int = 0


def find(version: Version, form: ImageForm, *, at: datetime) -> StoredObject | None:
    """The image, if it was made and has not expired; its life begins anew with each use."""
    image = _rows(version, form).filter(expires_at__gt=at).select_related("object").first()
    if image is None:
        return None
    if image.last_used_at <= at - USE_IS_NOTED_AFTER:
        _rows(version, form).filter(pk=image.pk).update(last_used_at=at, expires_at=at + settings.IMAGE_CACHE_LIFETIME)
    return image.object


def keep(version: Version, form: ImageForm, file: Path, *, at: datetime) -> StoredObject:
    """Store a file that was made of a version, once: if another process was first, its file stands.

    The frame's row is locked meanwhile, as for previews, so that the frame can not go in between.

    Raises NotFoundError when the version is gone.
    """
    store, digest = the_store(), digest_of(file)
    path = cached_image_key_for(version.md5, name=f"v{CODE_VERSION}-{form.size_px}{form.ending}")
    with transaction.atomic():
        Frame.objects.select_for_update(no_key=True).filter(pk=version.frame_id).first()
        if not Version.objects.filter(pk=version.pk).exists():
            raise NotFoundError("this file was deleted this very moment.")
        if held := find(version, form, at=at):
            return held
        for expired in _rows(version, form).select_related("object"):
            forget_object(expired.object)
        sweep_path(store, path)
        put = store.put(file, Upload(path, digest, content_type_for(path)))
        stored = object_row(NewObject(store.name, put.path, put.version_id, digest.md5, digest), at=at)
        stored.save()
        _rows(version, form).create(
            version=version,
            kind=form.kind,
            stretch=form.stretch,
            size_px=form.size_px,
            code_version=CODE_VERSION,
            object=stored,
            last_used_at=at,
            expires_at=at + settings.IMAGE_CACHE_LIFETIME,
        )
    return stored


def forget_expired(*, at: datetime, most: int = SWEEP_SIZE) -> int:
    """Delete images that expired a while ago, and those whose version is gone; their bytes go on commit. How many."""
    over = Q(expires_at__lte=at - GRACE) | Q(version=None)
    with transaction.atomic():
        locked = CachedImage.objects.select_for_update(of=("self",), skip_locked=True).select_related("object")
        images = list(locked.filter(over).order_by("pk")[:most])
        for image in images:
            forget_object(image.object)
    return len(images)


@contextmanager
def one_at_a_time(version: Version, form: ImageForm, *, wait_s: float) -> Iterator[None]:
    """Let nobody else, in any process, make this image meanwhile.

    The lock belongs to the database connection: it ends with its process. Raises TransientError when somebody else
    still has it after `wait_s`.
    """
    name = f"{version.pk} {form.kind} {form.stretch} {form.size_px}"
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
    deadline = time.monotonic() + wait_s
    while not _answer("SELECT pg_try_advisory_lock(%s)", number):
        if time.monotonic() > deadline:
            raise TransientError("this image is being made for somebody else: ask again in a moment.")
        time.sleep(POLL_S)
    try:
        yield
    finally:
        with suppress(OperationalError, InterfaceError):  # a connection that is lost has let go already
            _answer("SELECT pg_advisory_unlock(%s)", number)


def _rows(version: Version, form: ImageForm) -> QuerySet[CachedImage]:
    return CachedImage.objects.filter(
        version=version,
        kind=form.kind,
        stretch=form.stretch,
        size_px=form.size_px,
        code_version=CODE_VERSION,
    )


def _answer(statement: str, number: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [number])
        return bool(cursor.fetchone()[0])
