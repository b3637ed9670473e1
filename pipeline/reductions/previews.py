"""Previews: a frame's newest FITS file to a few JPEGs, kept as its thumbnails."""

import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import structlog
from astropy.io import fits
from django.conf import settings
from django.db import transaction
from django.db.models import F

from archive.domain import access
from archive.domain.objects import NewObject, sweep_path
from archive.domain.store import the_store
from archive.domain.thumbnails import NewThumbnail, register_previews
from archive.errors import ConflictError, NotFoundError, TransientError
from archive.models import AoFile, Frame, Thumbnail, Version
from ingest.checksums import digest_of
from ingest.names import is_fits
from ingest.stores.base import FileStore, Upload
from ingest.stores.keys import preview_key_for
from pipeline.arrays.planes import Picture, planes_of
from pipeline.arrays.previews import previews
from pipeline.reductions.packed import readable

logger = structlog.get_logger(__name__)

EXTENSION = ".jpg"
MOST_ATTEMPTS = 5  # more than the restarts of a bad night, fewer than a loop


def make_previews(*, frame_id: int, at: datetime) -> None:
    """Make the previews of a frame's newest version, unless they are there already.

    A frame that is gone, has no FITS file or no image gets none, nor does a raw cube of the adaptive-optics camera: of
    its thousand frames a reduction makes one picture. Raises TransientError when the store can not be
    reached.
    """
    version = _version_to_show(frame_id)
    if version is None or not _may_begin(version):
        return
    with tempfile.TemporaryDirectory(prefix="previews-") as folder:
        try:
            pictures = _pictures_of(version, Path(folder))
        except TransientError:
            # The store is away: that is no attempt at these pixels.
            Version.objects.filter(pk=version.pk).update(preview_attempts=F("preview_attempts") - 1)
            raise
        except (OSError, ValueError, TypeError, fits.VerifyError) as error:
            # astropy's ways of saying that it can not read the pixels; trying again would not help.
            logger.warning("previews_failed", frame_id=frame_id, reason=str(error))
            return
        if pictures:
            _hand_over(version, pictures, folder=Path(folder), at=at)


def _may_begin(version: Version) -> bool:
    """Count an attempt before it is made: pixels that kill their worker must not do so for ever."""
    if version.preview_attempts >= MOST_ATTEMPTS:
        logger.error("previews_given_up", frame_id=version.frame_id, attempts=version.preview_attempts)
        return False
    Version.objects.filter(pk=version.pk).update(preview_attempts=F("preview_attempts") + 1)
    return True


def _version_to_show(frame_id: int) -> Version | None:
    frame = Frame.objects.filter(pk=frame_id, is_listed=True, raw_file=None).first()
    if frame is None:
        return None
    try:
        version = access.newest_version(frame)
    except (ConflictError, NotFoundError) as error:
        logger.warning("previews_skipped", frame_id=frame_id, reason=str(error))
        return None
    if not is_fits(version.extension) or Thumbnail.objects.filter(version=version).exists():
        return None
    # Of MUSE: spectra of 24 detectors, a cube of gigabytes, numbers of a fit. None of these is a picture.
    if AoFile.objects.filter(version=version).exclude(kind="").exists():
        return None
    return version


def _pictures_of(version: Version, folder: Path) -> Mapping[str, Picture]:
    local = folder / f"frame{version.extension}"
    with local.open("wb") as target:
        for block in access.stream_of(version.object):
            target.write(block)
    with fits.open(readable(local)) as hdus:
        return previews(list(planes_of(hdus)), settings.PREVIEW_SIZES_PX)


def _hand_over(version: Version, pictures: Mapping[str, Picture], *, folder: Path, at: datetime) -> None:
    """Store and register the pictures, once.

    The frame's row is locked meanwhile: of two workers with the same task the second finds the work done, and bytes
    that a killed worker left without a row are swept before new ones are put.
    """
    store = the_store()
    with transaction.atomic():
        frame = Frame.objects.select_for_update(no_key=True).filter(pk=version.frame_id).first()
        if frame is None or frame.versions.first() != version or Thumbnail.objects.filter(version=version).exists():
            return  # gone, superseded meanwhile, or made by another worker
        new = [_stored(version, size, picture, store=store, folder=folder) for size, picture in pictures.items()]
        register_previews(version=version, pictures=new, at=at)
    logger.info("previews_made", frame_id=frame.pk, sizes=list(pictures))


def _stored(version: Version, size: str, picture: Picture, *, store: FileStore, folder: Path) -> NewThumbnail:
    basename = f"{version.frame.basename}-{size}"
    key = preview_key_for(version.frame, basename=basename)
    sweep_path(store, key)
    local = folder / f"{size}{EXTENSION}"
    local.write_bytes(picture.jpeg)
    digest = digest_of(local)
    stored = store.put(local, Upload(path=key, digest=digest, content_type="image/jpeg"))
    return NewThumbnail(
        NewObject(store.name, stored.path, stored.version_id, digest.md5, digest),
        size=size,
        basename=basename,
        extension=EXTENSION,
        width_px=picture.width_px,
        height_px=picture.height_px,
    )
