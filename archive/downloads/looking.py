"""What the image in a stored file is like: found in a child process, a few at a time, and kept in the cache."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache

from archive.downloads.making import Places
from archive.downloads.unpacked import fetched_object
from archive.models import StoredObject
from ingest.one_job import run_job

CHILD = "archive.downloads.look_child"
CODE_VERSION = 1  # raise it when the same pixels would be told otherwise
LIFETIME_S = 86_400


@dataclass(frozen=True, slots=True)
class Cut:
    """Which row and column to cut along, px from zero; None: the middle one."""

    row: int | None = None
    column: int | None = None


def look_of(stored: StoredObject, *, extension: str, cut: Cut) -> dict[str, Any]:
    """What `pipeline.arrays.look.Look` says of a stored FITS file or JPEG. Who may see it is for the caller to ask.

    Raises UsageError when the file holds no image or takes more than it may, ConflictError when its bytes are not those
    that were stored, TransientError when many are being looked at.
    """
    # By the bytes: the same ones are looked at once, and others under the same name anew.
    key = f"look:{CODE_VERSION}:{stored.md5}:{cut.row}:{cut.column}"
    held: dict[str, Any] | None = cache.get(key)
    if held is not None:
        return held
    with Places.of_process().place(), Places.of_process().job(), fetched_object(stored, extension=extension) as source:
        job = {
            "source": str(source),
            "row": cut.row,
            "column": cut.column,
            "memory_bytes": settings.IMAGE_MEGABYTES << 20,
            "cpu_s": settings.IMAGE_SECONDS,
        }
        found = run_job(CHILD, job, seconds=settings.IMAGE_SECONDS, megabytes=settings.IMAGE_MEGABYTES)
    cache.set(key, found, LIFETIME_S)
    return found
