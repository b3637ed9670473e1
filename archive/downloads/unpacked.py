"""Files that are made from a stored one when they are asked for: unpacked FITS, and catalogues."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from django.conf import settings

from archive.domain import access
from archive.downloads.unpacking import write_catalogue, write_unpacked
from archive.errors import ConflictError, UsageError
from archive.models import StoredObject, Version
from ingest.inspection import Limits
from ingest.names import is_fits
from ingest.unpack import open_fits_bytes

PACKED_FITS = ".fits.fz"
BLOCK_BYTES = 1 << 20


def unpacked_fits(version: Version) -> IO[bytes]:
    """The version as plain FITS, in a temporary file that is gone once it is closed.

    Raises UsageError when it is no FITS file, or none that can be unpacked.
    """
    limit_bytes = settings.UNPACKED_GIGABYTES << 30

    def write(source: Path, target: BinaryIO) -> None:
        write_unpacked(source, target, limit_bytes=limit_bytes)

    return _made_from(version, write)


def catalogue_fits(version: Version) -> IO[bytes]:
    """The version's catalogue, in a temporary file that is gone once it is closed.

    Raises NotFoundError when it has none, UsageError when it is no FITS file that can be read.
    """
    return _made_from(version, write_catalogue)


def _made_from(version: Version, write: Callable[[Path, BinaryIO], None]) -> IO[bytes]:
    if not is_fits(version.extension):
        raise UsageError(f"this frame's newest file ({version.extension}) is no FITS file: download it as it is.")
    made = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with fetched(version) as source:
            write(source, cast("BinaryIO", made))
        made.seek(0)
    except BaseException:
        made.close()
        raise
    return made


@contextmanager
def fetched(version: Version) -> Iterator[Path]:
    """The version's bytes in a file of their own, as `fetched_object` gives them."""
    with fetched_object(version.object, extension=version.extension, md5_told=version.md5) as path:
        yield path


@contextmanager
def fetched_object(stored: StoredObject, *, extension: str, md5_told: str = "") -> Iterator[Path]:
    """An object's bytes in a file of their own, out of gzip and bzip2.

    Raises ConflictError when they are not those whose MD5 the archive was told.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"stored{extension.lower()}")
        md5 = hashlib.md5(usedforsecurity=False)
        with path.open("wb") as stream:
            for block in access.stream_of(stored):
                md5.update(block)
                stream.write(block)
        if md5.hexdigest() != (md5_told or stored.md5):
            raise ConflictError("the stored file is not what was posted (its MD5 is another): tell the staff.")
        if not path.name.endswith((".gz", ".bz2")):
            yield path
            return
        plain = Path(folder, "plain.fits")
        with open_fits_bytes(path, _limits()) as source, plain.open("wb") as stream:
            while block := source.read(BLOCK_BYTES):
                stream.write(block)
        yield plain


def _limits() -> Limits:
    return Limits(unpacked_bytes=settings.UNPACKED_GIGABYTES << 30)
