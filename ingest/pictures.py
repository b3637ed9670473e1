"""Pictures by the one door: a thumbnail with given metadata becomes one of its frame's."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from archive.domain import frames
from archive.domain.objects import NewObject
from archive.domain.thumbnails import NewThumbnail, register_thumbnail
from archive.errors import UsageError
from archive.models import Frame, Thumbnail
from ingest.checksums import Digest
from ingest.headers import registry
from ingest.headers.record import FrameRecord
from ingest.headers.translator import Source
from ingest.proposals import proposal_tags
from ingest.stores.base import FileStore, Upload
from ingest.stores.keys import content_type_for, thumbnail_key_for

PICTURE_EXTENSIONS = frozenset({".jpg", ".jpeg"})


def is_thumbnail(extension: str, given: Mapping[str, Any]) -> bool:
    """Whether a file is a picture whose metadata names the frame it shows."""
    return extension.lower() in PICTURE_EXTENSIONS and settings.THUMBNAIL_FRAME_BASENAME_KEY in given


def ingest_thumbnail(
    path: Path, source: Source, *, store: FileStore, digest: Digest, now: datetime
) -> tuple[Frame, bool]:
    """Take a picture in; answers its frame, and whether the archive did not hold it before.

    Raises UsageError when its metadata lacks a key or its size is none that the archive knows.
    """
    record = _record_of(source)
    held = Thumbnail.objects.select_related("frame").filter(basename=record.basename, object__md5=digest.md5).first()
    if held is not None:
        return held.frame, False
    size = str(source.given[settings.THUMBNAIL_SIZE_KEY])
    if size not in settings.THUMBNAIL_SIZE_CHOICES:
        raise UsageError(f"size is {size!r}; give one of {', '.join(settings.THUMBNAIL_SIZE_CHOICES)}.")
    key = thumbnail_key_for(record, basename=record.basename, extension=record.extension)
    stored = store.put(path, Upload(key, digest, content_type_for(record.filename), record.observation_date))
    new = NewObject(store.name, stored.path, stored.version_id, digest.md5, digest)
    try:
        thumbnail = add_thumbnail(
            record=record,
            frame_basename=str(source.given[settings.THUMBNAIL_FRAME_BASENAME_KEY]),
            new=NewThumbnail(new, size=size, basename=record.basename, extension=record.extension),
            now=now,
        )
    except UsageError:
        store.delete(stored.path, stored.version_id)
        raise
    return thumbnail.frame, True


def add_thumbnail(*, record: FrameRecord, frame_basename: str, new: NewThumbnail, now: datetime) -> Thumbnail:
    """Register a picture, and its frame as far as the picture's metadata tells, if nobody knows that yet."""
    with transaction.atomic():
        frame = frames.locked_frame(basename=frame_basename)
        if frame.observation_date is None:
            of_frame = replace(record, basename=frame_basename, extension="", related=())
            frame = frames.register_frame(record=of_frame, versions=(), at=now).frame
        return register_thumbnail(frame=frame, new=new, at=now)


def _record_of(source: Source) -> FrameRecord:
    rules = replace(settings.HEADER_RULES, required=settings.REQUIRED_THUMBNAIL_METADATA, proposal_tags=proposal_tags)
    return registry.translate(source, rules, overrides=settings.TRANSLATOR_OVERRIDES)
