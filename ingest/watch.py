"""A folder that is watched: what comes to rest in it is taken into the archive."""

import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import structlog

from ingest.batch import Fate, Taker

logger = structlog.get_logger(__name__)

LOOK_SECONDS = 2.0
SETTLED_SECONDS = 5.0  # a file that nobody has written to for so long is complete

FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0  # before a file that may pass later is tried again

Look = tuple[int, int]  # modification time, ns, and size, bytes: whether a file is the same as at the last look


class Later(NamedTuple):
    """When a file is tried again, on the monotonic clock, and how long that pause is."""

    at: float
    pause_s: float


class FolderWatch:
    """Takes each file of a folder once it is complete, and again when it has changed."""

    def __init__(self, folder: Path, *, given: Mapping[str, Any]) -> None:
        self._folder = folder
        self._given = given
        self._done: dict[Path, Look] = {}
        self._later: dict[Path, Later] = {}

    def run(self, stopped: threading.Event) -> None:
        """Watch until told to stop."""
        with Taker() as taker:
            while not stopped.is_set():
                for path, look in self._complete():
                    self._take(taker, path, look)
                    if stopped.is_set():
                        return
                stopped.wait(LOOK_SECONDS)

    def _take(self, taker: Taker, path: Path, look: Look) -> None:
        outcome = taker.take(path, self._given)
        if outcome.fate is Fate.FAILED:
            logger.warning("file_not_taken", path=str(path), reason=outcome.reason, tried_again=outcome.may_pass_later)
        if outcome.may_pass_later:
            pause_s = min(2 * self._later.get(path, Later(0.0, FIRST_PAUSE_S / 2)).pause_s, LONGEST_PAUSE_S)
            self._later[path] = Later(time.monotonic() + pause_s, pause_s)
        else:
            self._done[path] = look
            self._later.pop(path, None)

    def _complete(self) -> Iterator[tuple[Path, Look]]:
        for path in sorted(self._folder.rglob("[!.]*")):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # its writer took it away between the two calls
            look = (status.st_mtime_ns, status.st_size)
            is_settled = time.time() - status.st_mtime > SETTLED_SECONDS
            is_due = path not in self._later or time.monotonic() >= self._later[path].at
            if path.is_file() and is_settled and is_due and self._done.get(path) != look:
                yield path, look
