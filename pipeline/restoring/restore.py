"""The whole archive out of its store: rows as they were, in an order in which each finds what it names."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from typing import TypeVar

import structlog
from django.db import transaction

from archive.domain.science import documents, keeping, writing
from archive.domain.science.documents import ACCOUNTS, FRAMES, LISTS, NIGHTS, OBSERVATIONS
from archive.domain.science.tables import BY_NAME, Row
from archive.errors import TransientError, UsageError
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, StoredVersion
from ingest.stores.keys import REDUCTIONS_PREFIX
from pipeline.restoring import accounts
from pipeline.restoring.bytes import Looker
from pipeline.restoring.frames import by_table, write_frames, write_relations
from pipeline.restoring.loose import is_loose_frame, take_in_loose
from pipeline.restoring.made import PRODUCT_JSON, write_made
from pipeline.restoring.report import Report
from pipeline.restoring.subjects import write_subjects

logger = structlog.get_logger(__name__)

AT_A_TIME = 200  # documents of one transaction

Some = TypeVar("Some")


@dataclass(slots=True)
class Restore:
    """One run. It may be stopped and repeated at any time: what stands already is found by its names.

    `seen` hears of each object of the store that was gone through, twice of each.
    """

    store: FileStore
    inspector: Inspector
    at: datetime
    reads_all: bool = True
    seen: Callable[[int], object] = lambda _n: None
    report: Report = field(default_factory=Report)
    _subjects: list[str] = field(default_factory=list)
    _products: list[StoredVersion] = field(default_factory=list)

    def run(self, *, keeps: bool = True) -> Report:
        """Restore everything, a few documents in each transaction. Without `keeps` all is tried, and nothing stays.

        Raises TransientError when the store is away, UsageError for a store that keeps nothing.
        """
        if self.store.name == "dummy":
            raise UsageError("The dummy store keeps nothing that could be restored: set FILESTORE_TYPE first.")
        if keeps:
            with keeping.alone() as is_alone:
                if not is_alone:
                    raise TransientError("Rows are being written beside the data, or another restore runs: stop beat.")
                keeping.stand_back(self.store)
                self._run()
                keeping.begin_anew(self.store)
        else:
            with transaction.atomic():
                self._run()
                transaction.set_rollback(True)
        return self.report

    def _run(self) -> None:
        looker = Looker(self.store, self.reads_all)
        for some in _in_batches(self._frames_of_first_walk()):
            with transaction.atomic():
                write_frames(self._read(some), looker=looker, report=self.report)
        writing.set_sequences()
        self._second_walk()
        self._lists()
        for some in _in_batches(self._subjects):
            with transaction.atomic():
                write_subjects(self._read(some), looker=looker, report=self.report)
        write_made(self._products, store=self.store, inspector=self.inspector, report=self.report, at=self.at)

    def _frames_of_first_walk(self) -> Iterator[str]:
        for path, versions in self._walk():
            if path.startswith(FRAMES):
                yield path
            elif path.startswith((OBSERVATIONS, NIGHTS)):
                self._subjects.append(path)
            elif path.startswith(REDUCTIONS_PREFIX) and path.endswith(f"/{PRODUCT_JSON}"):
                self._products.append(versions[0])

    def _second_walk(self) -> None:
        """What names frames, now that all frames of documents are there; and files that no document tells of."""
        of_frames = (
            (path, versions) for path, versions in self._walk() if path.startswith(FRAMES) or is_loose_frame(path)
        )
        for some in _in_batches(of_frames):
            loose = [version for path, versions in some if not path.startswith(FRAMES) for version in versions]
            with transaction.atomic():
                told = self._read([path for path, _versions in some if path.startswith(FRAMES)], tells=False)
                write_relations(told, report=self.report)
                take_in_loose(loose, store=self.store, inspector=self.inspector, report=self.report, at=self.at)

    def _lists(self) -> None:
        for path in (f"{LISTS}{name}.ndjson" for name in documents.OF_LISTS):
            for document in self._read([path]):
                for name, rows in by_table(document).items():
                    self.report.wrote(BY_NAME[name], writing.write(BY_NAME[name], rows))
        for document in self._read([ACCOUNTS]):
            accounts.write_accounts(document, report=self.report)

    def _walk(self) -> Iterator[tuple[str, Sequence[StoredVersion]]]:
        """Every path with its versions, newest first."""
        for path, versions in groupby(self.store.listing(), key=lambda version: version.path):
            self.seen(1)
            yield path, list(versions)

    def _read(self, paths: Iterable[str], *, tells: bool = True) -> Iterator[Iterable[Row]]:
        """Rows of documents; `tells` says of those that are none."""
        for path in paths:
            try:
                yield documents.rows_in(documents.read(self.store, path))
            except ValueError as error:
                if tells:
                    self.report.leave_out("document", path, f"it is not what the archive writes: {error}")


def _in_batches(found: Iterable[Some]) -> Iterator[list[Some]]:
    rest = iter(found)
    while some := list(islice(rest, AT_A_TIME)):
        yield some
