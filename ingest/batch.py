"""Many files through the one door, in this process or in several; a bad file never stops the others."""

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import structlog
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone

from archive.domain import quarantine
from archive.domain.quarantine import UnplacedFileError
from archive.domain.store import the_store
from archive.errors import ArchiveError, ConflictError, UsageError
from ingest import intake
from ingest.intake import ForeignFileError, Looked, Wanted

logger = structlog.get_logger(__name__)


class Fate(Enum):
    """What became of a file."""

    NEW = "new"
    HELD = "held"
    FAILED = "failed"
    FOREIGN = "foreign"  # of another kind than the caller takes


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file's fate, and the reason if it failed."""

    path: Path
    fate: Fate
    reason: str = ""
    may_pass_later: bool = False
    looked: Looked | None = None  # where the file was looked at and not taken


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """What is done with each file."""

    given: Mapping[str, Any]
    wanted: Wanted | None = None  # a function of a module, for it passes between processes
    is_dry_run: bool = False  # looks at each file, and writes nothing


class Taker:
    """Takes files one after another, with one inspector for all of them."""

    def __init__(self) -> None:
        self._inspector = intake.make_inspector()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inspector.close()

    def take(self, path: Path, given: Mapping[str, Any]) -> Outcome:
        """Take one file in, and tell its fate in any case."""
        return self.do(path, How(given=given))

    def do(self, path: Path, how: How) -> Outcome:
        """The same, or a look at the file alone."""
        try:
            return self._looked(path, how) if how.is_dry_run else self._ingested(path, how)
        except ForeignFileError as error:
            return Outcome(path, Fate.FOREIGN, str(error))
        except ArchiveError as error:
            return Outcome(
                path, Fate.FAILED, str(error), may_pass_later=not isinstance(error, UsageError | ConflictError)
            )
        except OSError as error:
            return Outcome(path, Fate.FAILED, f"can not be read: {error.strerror}", may_pass_later=True)
        except DatabaseError as error:
            close_old_connections()
            reason = f"the database did not take it, try again: {error}".strip()
            return Outcome(path, Fate.FAILED, reason, may_pass_later=True)
        except Exception as error:
            logger.exception("ingest_failed", path=str(path))
            return Outcome(path, Fate.FAILED, f"unexpected {type(error).__name__}, a fault of the archive: {error}")

    def _ingested(self, path: Path, how: How) -> Outcome:
        now = timezone.now()
        try:
            done = intake.ingest_file(
                path, store=the_store(), inspector=self._inspector, now=now, given=how.given, wanted=how.wanted
            )
        except UnplacedFileError as error:
            quarantine.remember(error, at=now)
            raise
        return Outcome(path, Fate.NEW if done.is_new else Fate.HELD)

    def _looked(self, path: Path, how: How) -> Outcome:
        looked = intake.look_at(path, inspector=self._inspector, given=how.given, wanted=how.wanted)
        return Outcome(path, Fate.HELD if looked.is_held else Fate.NEW, looked=looked)


def ingest_many(files: Sequence[Path], *, workers: int, given: Mapping[str, Any]) -> Iterator[Outcome]:
    """Take each file in; outcomes come as they happen."""
    return do_many(files, How(given=given), workers=workers)


def do_many(files: Sequence[Path], how: How, *, workers: int) -> Iterator[Outcome]:
    """Do the same with each file; outcomes come as they happen."""
    if workers == 1 or len(files) < 2:
        with Taker() as taker:
            for path in files:
                yield taker.do(path, how)
        return
    # Forked: a worker that imports everything anew costs a second. What must not be shared is given up before.
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(min(workers, len(files)), mp_context=context) as pool:
        pending = [pool.submit(_do_in_worker, path, how) for path in files]
        for done in as_completed(pending):
            yield done.result()


@cache
def _taker_of_worker() -> Taker:
    """Its inspector ends with the process."""
    return Taker()


def _do_in_worker(path: Path, how: How) -> Outcome:
    return _taker_of_worker().do(path, how)
