"""A file that comes through the archive itself: streamed to a temporary file, then taken in by the one door."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from archive.enums import UploadKind
from archive.errors import TransientError, UsageError
from ingest.checksums import BLOCK_BYTES, Digest, Digester
from ingest.intake import ingest_file
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore
from ingest.taking import Taken, log


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


def take_arrived(arrived: Arrived, *, kind: UploadKind, store: FileStore, inspector: Inspector, now: datetime) -> Taken:
    """Take in a file that came whole, and log it.

    Raises UsageError if it can never pass, ConflictError if it contradicts what the archive holds, TransientError if it
    may pass later.
    """
    done = ingest_file(arrived.path, store=store, inspector=inspector, now=now, digest=arrived.digest)
    taken = Taken(done.is_new, done.frame.site_id, frame=done.frame, exposure=done.frame.exposure)
    log(arrived.path.name, arrived.digest.size_bytes, taken, at=now)
    return taken
