"""Files in the store that no document tells of: they are taken in once more by what they say themselves."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path, PurePosixPath

from django.db import transaction
from django.db.models import Max

from archive.enums import ExpiringKind
from archive.errors import UsageError
from archive.models import Event, StoredObject, Tombstone, Version
from ingest.checksums import Digester
from ingest.family_names import DIRECTORY_OF_KIND
from ingest.intake import ingest_file
from ingest.names import is_fits, split_name
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, StoredVersion
from ingest.stores.keys import ARCHIVE_PREFIX
from pipeline.restoring.report import Report
from pipeline.work_folder import work_folder

OF_FAMILIES = tuple(f"{directory}/" for directory in DIRECTORY_OF_KIND.values())


def is_loose_frame(path: str) -> bool:
    """Whether a path may be a frame's, and no family's: those follow from names, and `reconcile` takes them in."""
    name = PurePosixPath(path).name
    return not path.startswith((ARCHIVE_PREFIX, *OF_FAMILIES)) and is_fits(split_name(name)[1])


def take_in_loose(
    versions: Iterable[StoredVersion], *, store: FileStore, inspector: Inspector, report: Report, at: datetime
) -> None:
    """Take in those of these versions that have no row, and tell nobody. Not those of frames that were deleted."""
    found = {(version.path, version.version_id): version for version in versions}
    rows = StoredObject.objects.filter(store=store.name, path__in={path for path, _id in found})
    for held in rows.values_list("path", "version_id"):
        found.pop(held, None)
    for version in sorted(found.values(), key=lambda each: each.stored_at):
        name = PurePosixPath(version.path).name
        if _was_deleted(name) or store.is_hidden(version.path):
            report.leave_out("file", version.path, "it was deleted")
            continue
        try:
            take_in(version, store=store, inspector=inspector, at=at)
        except UsageError as error:
            report.leave_out("file", version.path, str(error))
        else:
            report.rows["frame taken in from its file"] += 1


def take_in(version: StoredVersion, *, store: FileStore, inspector: Inspector, at: datetime) -> Version:
    """A frame by its own header, its bytes where they are. What its registration reports is told to nobody.

    Raises UsageError.
    """
    with work_folder() as folder:
        local, digester = Path(folder, PurePosixPath(version.path).name), Digester()
        with local.open("wb") as target:
            for block in store.stream(version.path, version.version_id):
                digester.update(block)
                target.write(block)
        digest = digester.digest()
        with transaction.atomic():
            newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
            taken = ingest_file(local, store=store, inspector=inspector, now=at, digest=digest, lies_at=version)
            Event.objects.filter(pk__gt=newest, frame_id=taken.frame.pk, position=None).delete()
        held: Version = taken.frame.versions.select_related("object").get(md5=digest.md5)
        return held


def _was_deleted(filename: str) -> bool:
    basename = split_name(filename)[0]
    return Tombstone.objects.filter(kind=ExpiringKind.FRAME, name=basename).exists()
