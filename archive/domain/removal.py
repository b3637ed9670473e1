"""Frames leave the archive here, whoever lets them go; a tombstone stays of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from archive.domain import events
from archive.domain.objects import forget_paths
from archive.enums import EventName, ExpiringKind
from archive.errors import NotFoundError
from archive.models import Frame, OwnExpiry, Reader, StoredObject, Tombstone, TombstoneQuerySet, Version

BY_HAND = "by hand"
# Ways from bytes to the frame that they go with. A query for each: one for all, with OR, would read whole tables.
TO_FRAME = ("version__frame", "thumbnail__frame")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something goes: the rule's name, the same in a sentence, and who did it if it was by hand."""

    rule: str
    reason: str
    by: str = ""


def by_hand(by: str) -> Cause:
    """Cause of what a person deletes."""
    return Cause(BY_HAND, "It was deleted by hand.", by)


def delete_frame(*, frame_id: int, at: datetime, by: str) -> None:
    """Delete a frame, its header, relations, versions and pictures; their bytes go on commit.

    Raises NotFoundError when there is no such frame.
    """
    with transaction.atomic():
        frame = Frame.objects.select_for_update().filter(pk=frame_id).first()
        if frame is None:
            raise NotFoundError("there is no such frame.")
        delete_frames([frame], cause=by_hand(by), at=at)


def delete_frames(frames: Sequence[Frame], *, cause: Cause, at: datetime) -> None:
    """Delete frames whose rows the caller has locked, with all that belongs to them; their bytes go on commit."""
    ids = [frame.pk for frame in frames]
    found = {stored.pk: stored for way in TO_FRAME for stored in StoredObject.objects.filter(**{f"{way}__any_of": ids})}
    _bury(frames, cause=cause, at=at)
    OwnExpiry.objects.filter(kind=ExpiringKind.FRAME, name__in=[frame.basename for frame in frames]).delete()
    Frame.objects.filter(pk__any_of=ids).delete()
    forget_paths([found[pk] for pk in sorted(found)], at=at)


def _bury(frames: Sequence[Frame], *, cause: Cause, at: datetime) -> None:
    files: dict[int, list[str]] = {}
    for frame_id, extension in (
        Version.objects.filter(frame__any_of=[frame.pk for frame in frames])
        .order_by("created", "pk")
        .values_list("frame_id", "extension")
    ):
        files.setdefault(frame_id, []).append(extension)
    for frame in frames:
        body = {
            "frameid": frame.pk,
            "basename": frame.basename,
            "rule": cause.rule,
            "reason": cause.reason,
        }
        events.record_event(EventName.FRAME_DELETED, frame=frame, body=body, at=at)
    Tombstone.objects.bulk_create(
        Tombstone(
            kind=ExpiringKind.FRAME,
            thing_id=frame.pk,
            name=frame.basename,
            files=[frame.basename + extension for extension in dict.fromkeys(files.get(frame.pk, ()))],
            rule=cause.rule,
            reason=cause.reason,
            deleted_by=cause.by,
            deleted_at=at,
            proposal_id=frame.proposal_id,
            observation_date=frame.observation_date,
            public_date=frame.public_date,
        )
        for frame in frames
    )


def tombstones_for(user: Reader, *, kind: ExpiringKind) -> TombstoneQuerySet:
    """What is left of things of one kind that `user` could have seen, the last one first."""
    return Tombstone.objects.filter(kind=kind).visible_to(user)
