"""Images made of stored files: a few at a time, each in a child process with limits, each kept in the store once."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path

import structlog
from django.conf import settings
from django.utils import timezone

from archive.domain import cached_images
from archive.domain.cached_images import ImageForm
from archive.downloads.image_job import ImageJob
from archive.downloads.unpacked import fetched
from archive.errors import TransientError
from archive.models import StoredObject, Version
from ingest.one_job import run_job

logger = structlog.get_logger(__name__)

WAITING_PER_JOB = 2  # so many requests may wait for each image that is being made; further ones are sent away
WAIT_S = 20.0
CHILD = "archive.downloads.image_child"


def image_of(
    version: Version, form: ImageForm, *, at: datetime, make: Callable[[Path], None] | None = None
) -> StoredObject:
    """The image of a version in this form: out of the cache, or made now and kept there.

    `make` writes it into a file, where that opens nothing foreign; without it a child process does, of the stored file.

    Raises UsageError when the file holds no such image, or making it takes more than it may; TransientError when too
    many are being made.
    """
    if held := cached_images.find(version, form, at=at):
        return held
    with Places.of_process().place(), cached_images.one_at_a_time(version, form, wait_s=WAIT_S):
        if held := cached_images.find(version, form, at=timezone.now()):
            return held
        with Places.of_process().job():
            return _made(version, form, make or partial(_by_child, version, form))


def _made(version: Version, form: ImageForm, make: Callable[[Path], None]) -> StoredObject:
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        target = Path(folder, f"image{form.ending}")
        make(target)
        stored = cached_images.keep(version, form, target, at=timezone.now())
    logger.info("image_made", frame_id=version.frame_id, kind=form.kind, stretch=form.stretch, size_px=form.size_px)
    return stored


def _by_child(version: Version, form: ImageForm, target: Path) -> None:
    with fetched(version) as source:
        job = _job(form, source=source, target=target)
        run_job(CHILD, asdict(job), seconds=settings.IMAGE_SECONDS, megabytes=settings.IMAGE_MEGABYTES)


def _job(form: ImageForm, *, source: Path, target: Path) -> ImageJob:
    return ImageJob(
        source=str(source),
        target=str(target),
        kind=form.kind,
        stretch=form.stretch,
        size_px=form.size_px,
        most_bytes=settings.UNPACKED_GIGABYTES << 30,
        memory_bytes=settings.IMAGE_MEGABYTES << 20,
        cpu_s=settings.IMAGE_SECONDS,
    )


class Places:
    """How many images this process makes at a time, and how many requests may wait for that.

    Without the second bound a page of a hundred pictures would take all threads that answer other requests.
    """

    def __init__(self, jobs: int) -> None:
        self._jobs = threading.BoundedSemaphore(jobs)
        self._places = threading.BoundedSemaphore(jobs * (1 + WAITING_PER_JOB))

    @staticmethod
    def of_process() -> "Places":
        return _places(settings.IMAGE_JOBS)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Be one of those that make an image or wait for it. Raises TransientError when there are too many."""
        if not self._places.acquire(blocking=False):
            raise _busy()
        try:
            yield
        finally:
            self._places.release()

    @contextmanager
    def job(self) -> Iterator[None]:
        """Be one of those that make an image. Raises TransientError when that takes too long to come."""
        if not self._jobs.acquire(timeout=WAIT_S):
            raise _busy()
        try:
            yield
        finally:
            self._jobs.release()


@lru_cache(maxsize=4)
def _places(jobs: int) -> Places:
    return Places(jobs)


def _busy() -> TransientError:
    return TransientError("many images are being made at this moment: ask again in a few seconds.")
