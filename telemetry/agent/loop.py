"""The agent's work: what it missed and what comes, by one and the same path."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from telemetry.agent.archive import Archive, Span
from telemetry.agent.metrics import Metrics
from telemetry.agent.settings import AgentSettings
from telemetry.agent.spool import Spool
from telemetry.agent.watch import Watch, holds_telemetry, on_disk
from telemetry.chunks import Chunk, Position, Taken
from telemetry.errors import TransientError, UsageError
from telemetry.formats.opening import compression_of
from telemetry.listing import Entry
from telemetry.sources import FileReader, Identity

logger = logging.getLogger("telemetry.agent")

REQUEST_BYTES = 4 * 2**20  # of all chunks of a request, about
CHUNK_BYTES = 2**20
MOST_CHUNKS = 200
MOST_ENTRIES = 2000
LIST_AGAIN_S = 10.0  # files that grow are listed with their new size this often
FIRST_PAUSE_S = 0.25


@dataclass(slots=True)
class Agent:
    """One agent. It holds the bytes of one request, and a line for each file that grows or waits."""

    settings: AgentSettings
    archive: Archive
    metrics: Metrics = field(default_factory=Metrics)
    _watch: Watch = field(init=False)
    _spool: Spool = field(init=False)
    _positions: dict[str, Position] = field(default_factory=dict)  # of files that grow
    _fresh: dict[str, Path] = field(default_factory=dict)  # files that changed while the agent looked on: sent first
    _backlog: dict[str, Path] = field(default_factory=dict)  # files that the archive says it has not read to their end
    _readers: dict[str, FileReader] = field(default_factory=dict)
    _unlisted: dict[str, Entry] = field(default_factory=dict)
    _listed: set[str] = field(default_factory=set)  # files of which the archive was told since they were noticed
    _listed_at: float = 0.0

    def __post_init__(self) -> None:
        """Look at nothing yet."""
        self._watch = Watch(self.settings.data_dirs, self.settings.ignore)
        self._spool = Spool(self.settings.spool_dir, self.settings.spool_bytes)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set.

        Raises UsageError if the archive does not know the token.
        """
        pause_s = FIRST_PAUSE_S
        while not stop.is_set():
            try:
                self._arrive()
                pause_s = FIRST_PAUSE_S
                self._send_what_comes(stop)
            except TransientError as error:
                self._note_absence(error)
                self._keep_what_comes()
                stop.wait(pause_s)
                pause_s = min(2 * pause_s, self.settings.retry_s)

    def _arrive(self) -> None:
        """Begin with an archive that may know nothing of what happened meanwhile."""
        self.archive.begin()
        self.metrics.succeeded()
        for lost in self._spool.drain(self.archive.send):
            logger.error("Not kept while the archive was away: %s", lost)
        self._list_all()
        self._backlog = {}
        for each in self.archive.waiting():
            self._positions[each.path] = each.position
            self._backlog[each.path] = on_disk(each.path, each.raw_path)
        self._show()

    def _send_what_comes(self, stop: threading.Event) -> None:
        """Send what changes and what waits, until all files are to be looked at again."""
        until = time.monotonic() + self.settings.rescan_s
        while not stop.is_set() and time.monotonic() < until:
            self._notice(self._watch.changes())
            self._list_changes()
            batch = self._next_batch()
            if batch:
                self._hand_in(batch)
            else:
                stop.wait(self.settings.poll_s)
            self._show()

    def _keep_what_comes(self) -> None:
        """While the archive is away: put aside what may vanish before it is back."""
        self._readers.clear()
        self._notice(self._watch.changes())
        for path, source in self._fresh.items():
            if path in self._positions and not compression_of(path):  # a compressed file is whole, and grows no more
                while self._spool.keep(path, source, self._positions[path]):
                    pass
        self._show()

    def _notice(self, changed: Sequence[Entry]) -> None:
        for entry in changed:
            self._unlisted[entry.path] = entry
            if holds_telemetry(entry.path):
                self._fresh[entry.path] = on_disk(entry.path, entry.raw_path)
                self._positions.setdefault(entry.path, Position())

    def _list_all(self) -> None:
        """Tell the archive of all files, in pieces that say which range of paths they are all of."""
        for top, entries, unread in self._watch.whole():
            after = ""
            for first in range(0, max(len(entries), 1), MOST_ENTRIES):
                piece = entries[first : first + MOST_ENTRIES]
                upto = piece[-1].path if first + MOST_ENTRIES < len(entries) else None
                self.archive.list_files(piece, whole=Span(top, after, upto, tuple(unread)))
                after = upto or ""
        self._unlisted.clear()

    def _list_changes(self) -> None:
        """New files are told of before their bytes; those that grow every few seconds."""
        is_due = time.monotonic() - self._listed_at > LIST_AGAIN_S
        if self._unlisted and (is_due or not self._unlisted.keys() <= self._listed):
            entries = [*self._unlisted.values()]
            for first in range(0, len(entries), MOST_ENTRIES):
                self.archive.list_files(entries[first : first + MOST_ENTRIES])
            self._listed |= self._unlisted.keys()
            self._unlisted.clear()
            self._listed_at = time.monotonic()

    def _next_batch(self) -> list[tuple[FileReader, Chunk]]:
        """Chunks of as many files as one request takes, those that grow first."""
        batch: list[tuple[FileReader, Chunk]] = []
        size = 0
        first = islice(chain(self._fresh.items(), self._backlog.items()), 2 * MOST_CHUNKS)  # a file may be in both
        for path, source in [*first]:
            if size >= REQUEST_BYTES or len(batch) >= MOST_CHUNKS:
                break
            if any(reader.identity.path == path for reader, _ in batch):
                continue
            try:
                reader = self._readers.get(path) or self._open(path, source)
                chunk = reader.next_chunk()
            except OSError as error:
                logger.warning("%s can not be read: %s", path, error.strerror)
                self._forget(path)
                continue
            batch.append((reader, chunk))
            size += len(chunk.data)
        return batch

    def _open(self, path: str, source: Path) -> FileReader:
        position = self._positions.get(path, Position())
        reader = FileReader(Identity("", path), source, position, chunk_bytes=CHUNK_BYTES)
        self._readers[path] = reader
        return reader

    def _hand_in(self, batch: Sequence[tuple[FileReader, Chunk]]) -> None:
        try:
            taken = self.archive.send([chunk for _, chunk in batch])
        except UsageError as error:
            self._hand_in_singly(batch, error)
            return
        self.metrics.succeeded()
        for (reader, chunk), answer in zip(batch, taken, strict=True):
            self._went_on(reader, chunk, answer)

    def _hand_in_singly(self, batch: Sequence[tuple[FileReader, Chunk]], error: UsageError) -> None:
        """One file of a refused request must not hold up the others."""
        self.metrics.refusals_total += 1
        if len(batch) > 1:
            for each in batch:
                self._hand_in([each])
            return
        path = batch[0][0].identity.path
        logger.error("%s is left out until it changes: %s", path, error)
        self._forget(path)

    def _went_on(self, reader: FileReader, chunk: Chunk, taken: Taken) -> None:
        path = reader.identity.path
        self._positions[path] = taken.position
        self.metrics.bytes_sent_total += len(chunk.data)
        self.metrics.records_total += taken.n_records
        self.metrics.damages_total += taken.n_bad
        try:
            reader.went_on(chunk, taken)
        except (UsageError, OSError) as error:
            logger.warning("%s is left out until it changes: %s", path, error)
            self._forget(path)
            return
        if reader.finished:
            self._forget(path)

    def _forget(self, path: str) -> None:
        for each in (self._fresh, self._backlog, self._readers):
            each.pop(path, None)

    def _note_absence(self, error: TransientError) -> None:
        if self.metrics.archive_up:
            self.metrics.outages_total += 1
            logger.warning("%s What comes is kept on disk until it is back.", error)
        self.metrics.archive_up = 0

    def _show(self) -> None:
        self.metrics.files_waiting = len(self._backlog) + sum(path not in self._backlog for path in self._fresh)
        self.metrics.spool_bytes = self._spool.size_bytes()
        self.metrics.spool_is_full = int(self._spool.is_full)
