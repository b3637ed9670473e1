"""Colour pictures as rows: chosen, handed over with their bytes, taken away by staff, forgotten with their frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet

from archive.domain.colour_choice import Triple, triples_of
from archive.domain.colour_frames import candidates_of
from archive.domain.objects import NewObject, forget_paths, object_row, sweep_path
from archive.domain.store import the_store
from archive.domain.target_names import folded
from archive.enums import ColourState
from archive.errors import NotFoundError
from archive.models import ColourPicture, ColourPictureQuerySet, Frame, StoredObject
from ingest.checksums import digest_of
from ingest.stores.base import Upload
from ingest.stores.keys import colour_picture_key_for, content_type_for

logger = structlog.get_logger(__name__)

MOST_ATTEMPTS = 5  # more than the restarts of a bad night, fewer than a loop
MOST_FAILED = 5  # triples of one target and camera; then nobody tries a sixth
WITHOUT_FRAME = Q(red=None) | Q(green=None) | Q(blue=None)
ENDINGS = {"picture": ".jpg", "thumbnail": "-small.jpg", "cube": ".fits.fz"}


@dataclass(frozen=True, slots=True)
class Made:
    """A picture that lies in files here, and what it shows."""

    files: dict[str, Path]  # by the names of ENDINGS
    width_px: int
    height_px: int
    pixel_arcsec: float
    up_deg: float
    ra_deg: float
    dec_deg: float


def choose(target_name: str, *, at: datetime, again: bool = False) -> list[int]:
    """Note the pictures that are to be made of a target, one of each camera; answers those that are new.

    Nothing is noted where the best three frames have a picture, and where staff took a picture of this target by this
    camera away. Of three that could not be made one the next best are tried, a few times. `again` begins from nothing:
    it lets go what was there.
    """
    key = folded(target_name)
    if not key:
        return []
    new = []
    failed = [] if again else list(_failed(key))
    for triple in triples_of(candidates_of(target_name, at=at), without=set(failed)):
        of_camera = _of_camera(key, triple.green.site_id, triple.green.instrument_id)
        if again:
            let_go(of_camera, at=at)
        elif of_camera.exclude(hidden_at=None).exists() or _failed_enough(of_camera):
            continue
        picture, is_new = _noted(triple, key, at=at)
        if is_new:
            new.append(picture.pk)
    return new


def _failed(target_key: str) -> QuerySet[ColourPicture, tuple[int, int, int]]:
    failed = ColourPicture.objects.filter(target_key=target_key, state=ColourState.FAILED)
    return failed.values_list("red_id", "green_id", "blue_id")


def _failed_enough(of_camera: ColourPictureQuerySet) -> bool:
    return of_camera.filter(state=ColourState.FAILED).count() >= MOST_FAILED


def _noted(triple: Triple, key: str, *, at: datetime) -> tuple[ColourPicture, bool]:
    newest = triple.newest
    return ColourPicture.objects.get_or_create(
        target_key=key,
        red_id=triple.red.version_id,
        green_id=triple.green.version_id,
        blue_id=triple.blue.version_id,
        defaults={
            "target_name": newest.target_name,
            "site_id": newest.site_id,
            "instrument_id": newest.instrument_id,
            "observed_at": newest.observed_at,
            "asked_at": at,
        },
    )


def waiting(*, at: datetime, most: int) -> list[int]:
    """Pictures that wait to be made, those first that have waited longest."""
    found = ColourPicture.objects.public(at=at).filter(state=ColourState.WAITING).order_by("asked_at", "pk")
    return list(found.values_list("pk", flat=True)[:most])


def begin(picture_id: int, *, at: datetime) -> ColourPicture | None:
    """Count an attempt before it is made: files that kill their worker must not do so for ever.

    None when there is nothing to do: it is made, gone, given up, or not all of its frames are public now.
    """
    found = ColourPicture.objects.public(at=at).filter(pk=picture_id, state=ColourState.WAITING)
    picture = found.with_frames().first()
    if picture is None:
        return None
    if picture.attempts >= MOST_ATTEMPTS:
        fail(picture_id, "Each process that made it ended before it was made.")
        return None
    ColourPicture.objects.filter(pk=picture_id).update(attempts=F("attempts") + 1)
    return picture


def not_begun(picture_id: int) -> None:
    """Take an attempt back: the store was away, which says nothing of these files."""
    ColourPicture.objects.filter(pk=picture_id, attempts__gt=0).update(attempts=F("attempts") - 1)


def fail(picture_id: int, reason: str) -> None:
    """Note that of these files no picture can be made."""
    unmade = ColourPicture.objects.filter(pk=picture_id, state=ColourState.WAITING)
    unmade.update(state=ColourState.FAILED, reason=reason)
    logger.warning("colour_picture_failed", picture_id=picture_id, reason=reason)


def hand_over(picture: ColourPicture, made: Made, *, at: datetime) -> bool:
    """Store a picture's files and fill its row in, once. False when that was done, or a frame went meanwhile.

    The frames are locked meanwhile, so that none can go in between. Earlier pictures of the target by this camera go:
    the gallery shows one.
    """
    frame_ids = [version.frame_id for version in picture.versions if version is not None]
    with transaction.atomic():
        frames = Frame.objects.select_for_update(no_key=True).filter(pk__any_of=frame_ids).order_by("basename")
        n_frames = len(frames)
        locked = ColourPicture.objects.select_for_update(of=("self",)).filter(pk=picture.pk)
        row = locked.filter(state=ColourState.WAITING).exclude(WITHOUT_FRAME).first()
        if row is None or n_frames < len(frame_ids):
            return False
        _fill_in(row, made, at=at)
        others = _of_camera(row.target_key, row.site_id, row.instrument_id).exclude(pk=row.pk)
        let_go(others.filter(state=ColourState.DONE, hidden_at=None), at=at)
    logger.info("colour_picture_made", picture_id=row.pk, target=row.target_name, instrument=row.instrument_id)
    return True


def _fill_in(row: ColourPicture, made: Made, *, at: datetime) -> None:
    store = the_store()
    for role, file in made.files.items():
        path = colour_picture_key_for(row.pk, name=f"{role}{ENDINGS[role]}")
        sweep_path(store, path)
        digest = digest_of(file)
        put = store.put(file, Upload(path, digest, content_type_for(path)))
        stored = object_row(NewObject(store.name, put.path, put.version_id, digest.md5, digest), at=at)
        stored.save()
        setattr(row, role, stored)
    for name in ("width_px", "height_px", "pixel_arcsec", "up_deg", "ra_deg", "dec_deg"):
        setattr(row, name, getattr(made, name))
    row.state, row.reason, row.made_at = ColourState.DONE, "", at
    row.save()


def hide(picture_id: int, *, by: str, at: datetime) -> ColourPicture:
    """Take a picture out of the gallery; nothing of this target by this camera takes its place.

    Raises NotFoundError when it is gone.
    """
    return _changed(picture_id, hidden_at=at, hidden_by=by)


def show_again(picture_id: int) -> ColourPicture:
    """Put a picture back that staff took away. Raises NotFoundError when it is gone."""
    return _changed(picture_id, hidden_at=None, hidden_by="")


def _changed(picture_id: int, **values: datetime | str | None) -> ColourPicture:
    if not ColourPicture.objects.filter(pk=picture_id).update(**values):
        raise NotFoundError("there is no such picture.")
    logger.info("colour_picture_changed", picture_id=picture_id, **{name: str(each) for name, each in values.items()})
    return ColourPicture.objects.get(pk=picture_id)


def of_frames(frame_ids: Sequence[int]) -> ColourPictureQuerySet:
    """Pictures that are made of any of these frames."""
    return ColourPicture.objects.of_frames(list(frame_ids))


def without_frames() -> ColourPictureQuerySet:
    """Pictures of which a version is gone by some way of its own."""
    return ColourPicture.objects.filter(WITHOUT_FRAME)


def let_go(pictures: ColourPictureQuerySet, *, at: datetime) -> int:
    """Delete pictures; their bytes go on commit. Answers how many."""
    with transaction.atomic():
        rows = list(pictures.select_related(*ENDINGS))
        objects = [stored for row in rows for stored in row.held]
        ColourPicture.objects.filter(pk__in=[row.pk for row in rows]).delete()
        forget_paths(objects, at=at)
    return len(rows)


def _of_camera(target_key: str, site_id: str, instrument_id: str) -> ColourPictureQuerySet:
    return ColourPicture.objects.filter(target_key=target_key, site_id=site_id, instrument_id=instrument_id)


def file_of(picture: ColourPicture, role: str) -> StoredObject:
    """Bytes of a picture by their role. Raises NotFoundError for another one."""
    stored: StoredObject | None = getattr(picture, role) if role in ENDINGS else None
    if stored is None:
        raise NotFoundError("this picture has no such file.")
    return stored
