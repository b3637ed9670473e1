"""Frames and families leave the archive here, whoever lets them go; a tombstone stays of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from django.db import transaction

from archive.domain import colour_pictures, events, families, muse_links, observations
from archive.domain.frame_rows import as_row
from archive.domain.objects import forget_paths
from archive.enums import EventName, ExpiringKind, ExposureKind
from archive.errors import NotFoundError
from archive.models import (
    Exposure,
    ExposureFile,
    Frame,
    OwnExpiry,
    Reader,
    StoredObject,
    Tombstone,
    TombstoneQuerySet,
    Version,
)
from ingest.ao_maps import MUSE_ID
from ingest.family_names import DIRECTORY_OF_KIND

BY_HAND = "by hand"
# Ways from bytes to the frame that they go with. A query for each: one for all, with OR, would read whole tables.
TO_FRAME = ("version__frame", "thumbnail__frame", "exposure_file__frame", "cached_image__version__frame")


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
        family = families.lock_family_of(frame_id=frame_id)
        names = Frame.objects.filter(pk=frame_id, instrument_id=MUSE_ID).values_list("basename", flat=True)
        muse_links.lock_exposures_of(names)
        frame = Frame.objects.select_for_update().filter(pk=frame_id).first()
        if frame is None:
            raise NotFoundError("there is no such frame.")
        delete_frames([frame], cause=by_hand(by), at=at)
        if family is not None:
            families.settle(family)


def delete_frames(frames: Sequence[Frame], *, cause: Cause, at: datetime) -> None:
    """Delete frames whose rows the caller has locked, with all that belongs to them; their bytes go on commit.

    An observation goes with its last raw file, and what says how it was reduced goes too. Stacks are frames of their
    own, and stay.
    """
    ids = [frame.pk for frame in frames]
    found = {stored.pk: stored for way in TO_FRAME for stored in StoredObject.objects.filter(**{f"{way}__any_of": ids})}
    files = _names_of(frames)
    may_go = observations.lock_observations_of(ids)
    names = [frame.basename for frame in frames if frame.instrument_id == MUSE_ID]
    exposures = muse_links.lock_exposures_of(names) if names else []
    for frame in frames:
        body = {"frameid": frame.pk, "basename": frame.basename, "rule": cause.rule, "reason": cause.reason}
        events.record_event(EventName.FRAME_DELETED, frame=frame, body=body, at=at, subject=as_row(frame))
    Tombstone.objects.bulk_create(
        _tombstone(ExpiringKind.FRAME, frame, name=frame.basename, files=files[frame.pk], cause=cause, at=at)
        for frame in frames
    )
    OwnExpiry.objects.filter(kind=ExpiringKind.FRAME, name__in=[frame.basename for frame in frames]).delete()
    colour_pictures.let_go(colour_pictures.of_frames(ids), at=at)
    Frame.objects.filter(pk__any_of=ids).delete()
    of_products = observations.settle_all(may_go)
    muse_links.settle_all(exposures, at=at)
    forget_paths([*(found[pk] for pk in sorted(found)), *of_products], at=at)


def delete_families(kind: ExpiringKind, exposures: Sequence[Exposure], *, cause: Cause, at: datetime) -> None:
    """Delete families whose rows the caller has locked, with their files and frames; their bytes go on commit."""
    ids = [exposure.pk for exposure in exposures]
    files = ExposureFile.objects.filter(exposure__any_of=ids).order_by("pk")
    frames = list(Frame.objects.select_for_update().filter(exposure__any_of=ids).order_by("basename"))
    names: dict[int, list[str]] = {exposure.pk: [] for exposure in exposures}
    for exposure_id, path in files.values_list("exposure_id", "object__path"):
        names[exposure_id].append(PurePosixPath(path).name)
    for exposure in exposures:
        body = {
            "s3_directory": DIRECTORY_OF_KIND[ExposureKind(exposure.kind)],
            "base_filename": exposure.name,
            "site": exposure.site_id,
            "rule": cause.rule,
            "reason": cause.reason,
        }
        subject = families.subject_of(exposure)
        events.record_family_event(EventName.FAMILY_DELETED, body=body, at=at, subject=subject)
    Tombstone.objects.bulk_create(
        _tombstone(kind, exposure, name=exposure.name, files=names[exposure.pk], cause=cause, at=at)
        for exposure in exposures
    )
    OwnExpiry.objects.filter(kind=kind, name__in=[exposure.name for exposure in exposures]).delete()
    delete_frames(frames, cause=cause, at=at)
    left = list(StoredObject.objects.filter(exposure_file__exposure__any_of=ids).order_by("pk"))
    Exposure.objects.filter(pk__any_of=ids).delete()
    forget_paths(left, at=at)


def _names_of(frames: Sequence[Frame]) -> dict[int, list[str]]:
    """Names of each frame's files, the oldest first."""
    names: dict[int, list[str]] = {frame.pk: [] for frame in frames}
    versions = Version.objects.filter(frame__any_of=list(names)).order_by("created", "pk")
    for frame_id, basename, extension in versions.values_list("frame_id", "frame__basename", "extension"):
        names[frame_id].append(basename + extension)
    return names


def _tombstone(
    kind: ExpiringKind, thing: Frame | Exposure, *, name: str, files: Sequence[str], cause: Cause, at: datetime
) -> Tombstone:
    return Tombstone(
        kind=kind,
        thing_id=thing.pk,
        name=name,
        files=list(dict.fromkeys(files)),
        rule=cause.rule,
        reason=cause.reason,
        deleted_by=cause.by,
        deleted_at=at,
        proposal_id=thing.proposal_id,
        observation_date=thing.observation_date,
        public_date=thing.public_date,
    )


def tombstones_for(user: Reader, *, kind: ExpiringKind) -> TombstoneQuerySet:
    """What is left of things of one kind that `user` could have seen, the last one first."""
    return Tombstone.objects.filter(kind=kind).visible_to(user)
