"""Small pictures of frames: those that clients send, and the archive's own previews."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from archive.domain import events
from archive.domain.objects import NewObject, forget_object, object_row
from archive.domain.refusals import plain_refusals
from archive.enums import EventName
from archive.errors import NotFoundError
from archive.models import Frame, StoredObject, Thumbnail, Version


@dataclass(frozen=True, slots=True)
class NewThumbnail:
    """One picture whose bytes are in the store."""

    object: NewObject
    size: str
    basename: str
    extension: str
    width_px: int | None = None
    height_px: int | None = None


def register_thumbnail(*, frame: Frame, new: NewThumbnail, at: datetime, version: Version | None = None) -> Thumbnail:
    """Write a thumbnail, in place of one of the same name; the old picture's bytes go on commit.

    Raises ConflictError when another request writes the same bytes at this moment.
    """
    with plain_refusals():
        return _registered(frame=frame, new=new, at=at, version=version)


def _registered(*, frame: Frame, new: NewThumbnail, at: datetime, version: Version | None) -> Thumbnail:
    Frame.objects.select_for_update(no_key=True).get(pk=frame.pk)  # one at a time: each must see the other's row
    old = Thumbnail.objects.select_related("object").filter(basename=new.basename).first()
    stored = _object_of(new.object, old=old, at=at)
    thumbnail, _ = Thumbnail.objects.update_or_create(
        basename=new.basename,
        defaults={
            "frame": frame,
            "version": version,
            "object": stored,
            "size": new.size,
            "extension": new.extension,
            "width_px": new.width_px,
            "height_px": new.height_px,
        },
    )
    if old is not None and old.object != stored:
        forget_object(old.object)
    if new.object.digest is None:
        events.record_posted(frame, at=at)
    return thumbnail


def change_size(*, thumbnail_id: int, size: str, at: datetime) -> Thumbnail:
    """Say anew which of the sizes a picture is, and report it.

    Raises NotFoundError when it is gone.
    """
    with transaction.atomic():
        if not Thumbnail.objects.filter(pk=thumbnail_id).update(size=size):
            raise NotFoundError("there is no such thumbnail.")
        thumbnail = Thumbnail.objects.select_related("object", "frame").get(pk=thumbnail_id)
        _report_change(thumbnail.frame, at=at)
    return thumbnail


def delete_thumbnail(*, thumbnail_id: int, at: datetime) -> None:
    """Delete a picture, and report it; its bytes go on commit.

    Raises NotFoundError when there is no such thumbnail.
    """
    with transaction.atomic():
        locked = Thumbnail.objects.select_for_update(of=("self",)).select_related("object", "frame")
        thumbnail = locked.filter(pk=thumbnail_id).first()
        if thumbnail is None:
            raise NotFoundError("there is no such thumbnail.")
        thumbnail.delete()
        forget_object(thumbnail.object)
        _report_change(thumbnail.frame, at=at)


def _report_change(frame: Frame, *, at: datetime) -> None:
    events.record_event(EventName.FRAME_UPDATED, frame=frame, body={"frameid": frame.pk}, at=at)


def _object_of(new: NewObject, *, old: Thumbnail | None, at: datetime) -> StoredObject:
    """Row of a picture's bytes: the one that stands already when a client sends the same picture again."""
    if old is not None:
        held = old.object
        if (held.store, held.path, held.version_id) == (new.store, new.path, new.version_id):
            return held
    stored = object_row(new, at=at)
    stored.save()
    return stored


def register_previews(*, version: Version, pictures: Sequence[NewThumbnail], at: datetime) -> None:
    """Write the archive's own previews of a version, and say so."""
    for picture in pictures:
        register_thumbnail(frame=version.frame, new=picture, at=at, version=version)
    body = {"frameid": version.frame_id, "sizes": [picture.size for picture in pictures]}
    events.record_event(EventName.PREVIEWS_MADE, frame=version.frame, body=body, at=at)
