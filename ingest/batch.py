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

logger = structlog.get_logger(__name__)


class Fate(Enum):
    """What became of a file."""

    NEW = "new"
    HELD = "held"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file's fate, and the reason if it failed."""

    path: Path
    fate: Fate
    reason: str = ""
    may_pass_later: bool = False


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
        try:
            done = self._ingested(path, given)
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
        return Outcome(path, Fate.NEW if done.is_new else Fate.HELD)

    def _ingested(self, path: Path, given: Mapping[str, Any]) -> intake.Ingested:
        now = timezone.now()
        try:
            return intake.ingest_file(path, store=the_store(), inspector=self._inspector, now=now, given=given)
        except UnplacedFileError as error:
            quarantine.remember(error, at=now)
            raise


def ingest_many(files: Sequence[Path], *, workers: int, given: Mapping[str, Any]) -> Iterator[Outcome]:
    """Take each file in; outcomes come as they happen."""
    if workers == 1 or len(files) < 2:
        with Taker() as taker:
            for path in files:
                yield taker.take(path, given)
        return
    # Forked: a worker that imports everything anew costs a second. What must not be shared is given up before.
    connections.close_all()
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(min(workers, len(files)), mp_context=context) as pool:
        pending = [pool.submit(_take_in_worker, path, given) for path in files]
        for done in as_completed(pending):
            yield done.result()


@cache
def _taker_of_worker() -> Taker:
    """Its inspector ends with the process."""
    return Taker()


def _take_in_worker(path: Path, given: Mapping[str, Any]) -> Outcome:
    return _taker_of_worker().take(path, given)
