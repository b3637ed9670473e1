"""Frames that came without being read for their tables: posted by clients, restored, or older than their map."""

from collections.abc import Collection
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import QuerySet

from archive.domain import muse_links
from archive.domain.store import store_named
from archive.errors import NotFoundError, UsageError
from archive.models import AoFile, MuseExposure, Version
from ingest.ao_content import AoContent
from ingest.ao_maps import MAPS, MUSE_ID
from ingest.intake import read_content
from ingest.muse_names import exposure_names
from ingest.sandbox import Inspector
from ingest.taking import fetched

logger = structlog.get_logger(__name__)


def unread_versions() -> "QuerySet[Version]":
    """Versions of frames, of an instrument that has a map, whose bytes nobody has read for what they hold."""
    whole = Version.objects.filter(is_fits=True, object__fault="").exclude(object__store="dummy")
    return whole.filter(frame__instrument_id__in=MAPS, ao_file=None).select_related("frame", "object").order_by("pk")


def link_version(version: Version, *, inspector: Inspector, at: datetime) -> None:
    """Read the bytes of one version, and let the exposures that it belongs to say what it says; safe to repeat.

    Raises UsageError if it is no file that can be read, NotFoundError or TransientError if the store has it not.
    """
    frame, stored = version.frame, version.object
    store = store_named(stored.store)
    with fetched(store.head(stored.path, stored.version_id), store=store) as (copy, digest):
        if digest.md5 != stored.md5:
            raise UsageError(f"its MD5 is {digest.md5}, not {stored.md5} as the archive has it: look with `reconcile`.")
        path = copy.rename(copy.with_name(frame.basename + version.extension))
        content = read_content(
            path,
            inspector.inspect(path),
            extension=version.extension,
            instrument_id=frame.instrument_id,
            inspector=inspector,
        )
    if content is None:
        return
    with transaction.atomic():
        if frame.instrument_id != MUSE_ID:
            muse_links.register_file(version, content)
            return
        muse_links.hold_names(frame.basename, content=content)
        exposures = muse_links.locked(frame.basename, content)
        muse_links.register_file(version, content)
        muse_links.settle_all(exposures, at=at)
    logger.info("muse_version_linked", frame_id=frame.pk, basename=frame.basename, kind=content.kind)


def link_frame(*, frame_id: int, inspector: Inspector, at: datetime) -> None:
    """Link what a client posted, where its instrument has a map and its bytes are right; else the log says why not."""
    for version in unread_versions().filter(frame_id=frame_id).exclude(object__verified_at=None):
        try:
            link_version(version, inspector=inspector, at=at)
        except (UsageError, NotFoundError) as error:
            logger.warning("muse_version_not_linked", frame_id=frame_id, reason=str(error))


def make_lost(basenames: Collection[str] | None = None, *, at: datetime) -> int:
    """Make the exposures anew that were deleted while their files stayed, all or those of these frames.

    Answers how many.
    """
    files = AoFile.objects.filter(instrument_id=MUSE_ID, kind__in=muse_links.OF_EXPOSURES)
    if basenames is not None:
        files = files.filter(version__frame__basename__in=basenames)
    known, count = set(MuseExposure.objects.values_list("name", flat=True)), 0
    for basename, kind in files.values_list("version__frame__basename", "kind").order_by("version"):
        name = (*exposure_names(f"{basename}.fits"), basename)[0]
        if name in known:
            continue
        content = AoContent(instrument_id=MUSE_ID, kind=kind, cards={})
        with transaction.atomic():
            muse_links.hold_names(basename, content=content)
            muse_links.settle_all(muse_links.locked(basename, content), at=at)
        known.add(name)
        count += 1
    return count


def settle_again(*, at: datetime) -> int:
    """Let every exposure say anew what its files and people say together; answers how many there are."""
    names = list(MuseExposure.objects.order_by("name").values_list("name", flat=True))
    for name in names:
        with transaction.atomic():
            found = MuseExposure.objects.select_for_update(no_key=True).filter(name=name)
            muse_links.settle_all(list(found), at=at)
    return len(names)
