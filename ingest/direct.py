"""A file that comes through the archive itself: streamed to a temporary file, then taken in by the one door."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.domain import families, quarantine, received
from archive.domain.quarantine import UnplacedFileError
from archive.domain.received import Heard
from archive.enums import ExposureKind, ReceivedState
from archive.errors import FatalError, TransientError, UsageError
from ingest.checksums import BLOCK_BYTES, Digest, Digester
from ingest.intake import ingest_file
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, Upload
from ingest.stores.keys import content_type_for
from ingest.taking import Taken, is_of_family, log, site_of, take_in


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that came whole, and what it is."""

    path: Path
    digest: Digest


@contextmanager
def arriving(name: str, read: Callable[[int], bytes], *, size_bytes: int, md5: str = "") -> Iterator[Arrived]:
    """Read a body of `size_bytes` into a file called `name`, in a folder that is gone at the end.

    Raises UsageError when fewer bytes come, or their MD5 is not the one that the client sent with them; TransientError
    when the disk does not take them.
    """
    with tempfile.TemporaryDirectory(prefix="archive-arriving-") as folder:
        path = Path(folder, name)
        digester = Digester()
        try:
            with path.open("wb") as target:
                while block := read(BLOCK_BYTES):
                    digester.update(block)
                    target.write(block)
        except OSError as error:
            raise TransientError(f"the file did not come whole ({error.strerror or error}): send it again.") from error
        digest = digester.digest()
        if digest.size_bytes != size_bytes:
            raise UsageError(f"{digest.size_bytes} bytes came, {size_bytes} were announced: send the file again.")
        if md5 and digest.md5 != md5:
            raise UsageError(f"the MD5 of what came is {digest.md5}, not {md5} as was sent: send the file again.")
        yield Arrived(path, digest)


def take_arrived(arrived: Arrived, *, path: str, store: FileStore, inspector: Inspector, now: datetime) -> Taken:
    """Take in a file that came whole, and log it. `path` is that of its ticket, which a family's file keeps.

    Raises UsageError if it can never pass, ConflictError if it contradicts what the archive holds, TransientError if it
    may pass later.
    """
    if is_of_family(path):
        return _take_family_file(arrived, path, store=store, inspector=inspector, now=now)
    try:
        done = ingest_file(arrived.path, store=store, inspector=inspector, now=now, digest=arrived.digest)
    except UnplacedFileError as error:
        quarantine.remember(error, at=now)
        raise
    taken = Taken(done.is_new, done.frame.site_id, frame=done.frame, exposure=done.frame.exposure)
    log(arrived.path.name, arrived.digest.size_bytes, taken, at=now)
    return taken


def _take_family_file(arrived: Arrived, path: str, *, store: FileStore, inspector: Inspector, now: datetime) -> Taken:
    """Put the file where an observatory would have put it, and go on as if the store had told of it."""
    held = families.current_file(store=store.name, path=path, md5=arrived.digest.md5)
    if held is not None and held.exposure.kind != ExposureKind.INFO_IMAGE:  # these live longer when they come again
        taken = Taken(is_new=False, site_id=held.exposure.site_id, frame=held.frame, exposure=held.exposure)
        log(path, arrived.digest.size_bytes, taken, at=now)
        return taken
    stored = store.put(arrived.path, Upload(path, arrived.digest, content_type_for(path)))
    row = received.heard_of(Heard(path, stored.version_id), store=store.name, at=now)
    refusal = take_in(row.pk, store=store, inspector=inspector, now=now).refusal
    row.refresh_from_db()
    if row.state == ReceivedState.REFUSED:
        store.delete(path, stored.version_id)
        raise refusal or UsageError(row.reason)  # without one, a worker that the store told of it was faster
    if row.state == ReceivedState.FAILED:
        raise FatalError(row.reason)
    file = families.file_at(store=store.name, path=path, version_id=stored.version_id)
    if file is None:  # another info image has taken its place already
        return Taken(is_new=True, site_id=site_of(path))
    return Taken(row.state == ReceivedState.TAKEN, file.exposure.site_id, frame=file.frame, exposure=file.exposure)
