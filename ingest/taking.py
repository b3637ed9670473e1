"""From an object that somebody put into the store to a frame or a family: once for each version, in order."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

import structlog
from django.conf import settings
from django.db import transaction

from archive.domain import quarantine, received, upload_log
from archive.domain.quarantine import UnplacedFileError
from archive.domain.received import Heard
from archive.enums import ReceivedState, UploadKind
from archive.errors import ConflictError, FatalError, NotFoundError, TransientError, UsageError
from archive.models import Exposure, Frame, ReceivedObject, StoredObject
from ingest.arrivals import take_in_object
from ingest.checksums import Digest, Digester
from ingest.family_names import parse_path
from ingest.intake import ingest_file
from ingest.names import has_header, split_name
from ingest.object_messages import HEARD_PREFIXES
from ingest.roboao_names import is_claimed
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, StoredVersion

logger = structlog.get_logger(__name__)

MOST_ATTEMPTS = 20
Failure = TransientError | UsageError | ConflictError
LATE = timedelta(minutes=1)  # a store may show a new object a little after it has told of it


@dataclass(frozen=True, slots=True)
class Taken:
    """What an object made: a frame, a file of a family, or both."""

    is_new: bool
    site_id: str
    frame: Frame | None = None
    exposure: Exposure | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is left to do after an object was tried."""

    further: Sequence[int] = ()  # objects to take in: versions of a path that was told of without one
    refusal: UsageError | ConflictError | None = None  # why it can never pass


def is_of_family(path: str) -> bool:
    """Whether an object is read as a file of a Photon Ranch family; else as a frame by its own header.

    In `data/` each has names of its own. Raises UsageError for a name that is neither's; one that looks like the
    adaptive-optics camera's and is wrong is found out where its bytes are read, so that the file is remembered.
    """
    if not path.startswith(HEARD_PREFIXES):
        return False
    try:
        parse_path(path)
    except UsageError:
        folder, _, filename = path.partition("/")
        if folder == UploadKind.DATA and (is_claimed(filename) or has_header(split_name(filename)[1])):
            return False
        raise
    return True


def site_of(path: str) -> str:
    """Site that the name of a family's file tells; empty where it tells none."""
    try:
        return parse_path(path)[1].site
    except UsageError:
        return ""


def take_in(received_id: int, *, store: FileStore, inspector: Inspector, now: datetime) -> Outcome:
    """Take in one object that the archive heard of; what becomes of it stands in its row.

    Its rows and its state are written by one transaction, so it is done once, whoever dies on the way, and a second
    worker finds it done.

    Raises TransientError, with the attempt counted, when it may pass later.
    """
    with transaction.atomic():
        row = received.locked(received_id)
        if row is None or row.state != ReceivedState.WAITING:
            return Outcome()
        if not row.version_id:
            return Outcome(further=_look_up(row, store=store, at=now))
        failure = _attempt(row, store=store, inspector=inspector, now=now)
    if isinstance(failure, TransientError):
        raise failure
    return Outcome(refusal=failure)


def _look_up(row: ReceivedObject, *, store: FileStore, at: datetime) -> list[int]:
    """Put a row for each version of a path in place of one that names none. The oldest comes first."""
    versions = store.versions(row.path)
    row.delete()
    heard = [Heard(version.path, version.version_id) for version in reversed(versions)]
    return received.hear(heard, store=store.name, at=at)


def _attempt(row: ReceivedObject, *, store: FileStore, inspector: Inspector, now: datetime) -> Failure | None:
    """Try once, and write down what came of it. Answers why it is tried again, or never can pass."""
    try:
        with transaction.atomic():
            _settle(row, store=store, inspector=inspector, now=now)
    except TransientError as error:
        return _count(row, error, at=now)
    except NotFoundError as error:
        if now - row.heard_at < LATE:
            return _count(row, TransientError(str(error)), at=now)
        received.settle(row, ReceivedState.GONE, at=now, reason=str(error))
    except (UsageError, ConflictError) as error:
        if isinstance(error, UnplacedFileError):
            quarantine.remember(error, at=now)
        received.settle(row, ReceivedState.REFUSED, at=now, reason=str(error))
        upload_log.record_upload(filename=row.path, size_bytes=row.size_bytes or 0, at=now, site_id=site_of(row.path))
        logger.warning("object_refused", path=row.path, version_id=row.version_id, reason=str(error))
        return error
    except FatalError as error:
        received.settle(row, ReceivedState.FAILED, at=now, reason=str(error))
        logger.error("object_failed", path=row.path, version_id=row.version_id, reason=str(error))  # noqa: TRY400 - said by the store, not a bug
    return None


def _count(row: ReceivedObject, error: TransientError, *, at: datetime) -> TransientError | None:
    row.attempts += 1
    if row.attempts >= MOST_ATTEMPTS:
        received.settle(row, ReceivedState.FAILED, at=at, reason=str(error))
        logger.error("object_given_up", path=row.path, version_id=row.version_id, reason=str(error))
        return None
    row.reason = str(error)
    row.save(update_fields=["attempts", "reason"])
    return error


def _settle(row: ReceivedObject, *, store: FileStore, inspector: Inspector, now: datetime) -> None:
    version = store.head(row.path, row.version_id)  # only now is the message believed
    row.size_bytes = version.size_bytes
    if StoredObject.objects.filter(store=row.store, path=row.path, version_id=row.version_id).exists():
        # Somebody told of what came by another door: the archive's own put or copy under this path.
        received.settle(row, ReceivedState.REPEATED, at=now, reason="the archive has this version already.")
        return
    _require_size(version)
    if not is_of_family(row.path) and _is_superseded(row, store=store):
        received.settle(row, ReceivedState.SUPERSEDED, at=now, reason="a later version of the path is in the archive.")
        upload_log.record_upload(filename=row.path, size_bytes=version.size_bytes, at=now)
        return
    taken = take_version(version, store=store, inspector=inspector, now=now)
    state = ReceivedState.TAKEN if taken.is_new else ReceivedState.REPEATED
    received.settle(row, state, at=now)
    log(row.path, version.size_bytes, taken, at=now)


def log(filename: str, size_bytes: int, taken: Taken, *, at: datetime) -> None:
    """Write an upload into the log of recent ones."""
    upload_log.record_upload(
        filename=filename,
        size_bytes=size_bytes,
        at=at,
        site_id=taken.site_id,
        frame=taken.frame,
        exposure=taken.exposure,
    )


def _require_size(version: StoredVersion) -> None:
    if version.size_bytes > settings.UPLOAD_MAX_BYTES:
        raise UsageError(
            f"{version.path} has {version.size_bytes} bytes, and the largest upload {settings.UPLOAD_MAX_BYTES}: "
            "send less, or set UPLOAD_MAX_MEGABYTES higher."
        )


def _is_superseded(row: ReceivedObject, *, store: FileStore) -> bool:
    """Whether a later version of the path is in the archive: the older one would stand in its place.

    Families find the order of versions themselves, and keep older ones as history.
    """
    others = ReceivedObject.objects.filter(store=row.store, path=row.path).exclude(pk=row.pk)
    said = [received.comes_before(row.sequencer, other.sequencer) for other in others.filter(state=ReceivedState.TAKEN)]
    if True in said:
        return True
    held = set(StoredObject.objects.filter(store=row.store, path=row.path).values_list("version_id", flat=True))
    if not held - {row.version_id}:
        return False
    newest_first = [version.version_id for version in store.versions(row.path)]
    later = newest_first[: newest_first.index(row.version_id)] if row.version_id in newest_first else []
    return not held.isdisjoint(later)


def take_version(version: StoredVersion, *, store: FileStore, inspector: Inspector, now: datetime) -> Taken:
    """Take in one version of an object where it lies."""
    if is_of_family(version.path):
        arrival = take_in_object(
            path=version.path,
            version_id=version.version_id,
            store=store,
            inspector=inspector,
            now=now,
            lying=version,
        )
        return Taken(arrival.is_new, arrival.exposure.site_id, frame=arrival.frame, exposure=arrival.exposure)
    with fetched(version, store=store) as (copy, digest):
        done = ingest_file(copy, store=store, inspector=inspector, now=now, digest=digest, lies_at=version)
    return Taken(done.is_new, done.frame.site_id, frame=done.frame, exposure=done.frame.exposure)


@contextmanager
def fetched(version: StoredVersion, *, store: FileStore) -> Iterator[tuple[Path, Digest]]:
    """A copy of one version under its own name, in a folder that is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="archive-taken-") as folder:
        copy = Path(folder, PurePosixPath(version.path).name)
        digester = Digester()
        with copy.open("wb") as target:
            for block in store.stream(version.path, version.version_id):
                digester.update(block)
                target.write(block)
        yield copy, digester.digest()
