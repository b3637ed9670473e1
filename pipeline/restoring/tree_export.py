"""Products out of the store as the original's tree of folders, for programs and people that know it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db.models import Q, QuerySet

from archive.domain import access
from archive.domain.placed import place_of
from archive.enums import ProductState
from archive.errors import FatalError
from archive.models import ProductFile
from ingest.checksums import Digester, digest_of

PART = ".part"
INTACT = Q(object__fault="") | Q(version__object__fault="")  # of the two one is null


@dataclass(slots=True)
class Exported:
    """What became of a run: files written, and those that were there as they are."""

    n_written: int = 0
    n_there: int = 0


def files_of(night: date | None) -> QuerySet[ProductFile]:
    """Files of all current products that are done and whole, of one night or of all."""
    rows = ProductFile.objects.filter(INTACT, product__is_current=True, product__state=ProductState.DONE)
    if night is not None:
        rows = rows.filter(product__night=night)
    return rows.select_related("product__observation", "object", "version__object").order_by(
        "product__night", "product__subject", "product__kind", "role"
    )


def export_tree(folder: Path, *, night: date | None, seen: Callable[[int], object] = lambda _n: None) -> Exported:
    """Write the files of products below a folder; those that are there with the same bytes are left alone.

    A file appears whole or not at all, so a run that was stopped is repeated and goes on where it was. Nothing is
    deleted. Raises TransientError when the store is away, FatalError when it gives other bytes than it took.
    """
    done = Exported()
    for file in files_of(night).iterator(chunk_size=500):
        _bring(file, folder / place_of(file), done)
        seen(1)
    return done


def _bring(file: ProductFile, target: Path, done: Exported) -> None:
    if _is_there(target, sha256=file.sha256, size_bytes=file.size_bytes):
        done.n_there += 1
        return
    stored = file.object or (file.version.object if file.version else None)
    if stored is None:
        raise FatalError(f"{file.filename} has no bytes: its row breaks a rule of the database.")
    digester = Digester()
    _place(target, _digesting(access.stream_of(stored), digester), lambda: digester.digest().sha256 == file.sha256)
    done.n_written += 1


def _digesting(blocks: Iterator[bytes], digester: Digester) -> Iterator[bytes]:
    for block in blocks:
        digester.update(block)
        yield block


def _place(target: Path, blocks: Iterator[bytes], is_right: Callable[[], bool]) -> None:
    """Write beside, then rename: under its name stands a whole file, or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}{PART}")
    with part.open("wb") as writing:
        for block in blocks:
            writing.write(block)
        writing.flush()
        os.fsync(writing.fileno())
    if not is_right():
        part.unlink()
        raise FatalError(f"{target.name} has other bytes in the store than it had when it came: restore it.")
    part.replace(target)


def _is_there(target: Path, *, sha256: str, size_bytes: int) -> bool:
    if not target.is_file() or target.stat().st_size != size_bytes:
        return False
    return digest_of(target).sha256 == sha256
