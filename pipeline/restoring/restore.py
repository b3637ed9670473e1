"""The whole archive out of its store: rows as they were, in an order in which each finds what it names."""

import tempfile
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
from archive.domain.science.told import line_of
from archive.domain.seeing_notes import note_seeing
from archive.enums import OF_REFERENCES
from archive.errors import TransientError, UsageError
from archive.models import Product, SeeingMeasurement
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, StoredVersion
from ingest.stores.keys import REDUCTIONS_PREFIX
from pipeline.restoring import accounts
from pipeline.restoring.bytes import Looker
from pipeline.restoring.frames import by_table, write_frames, write_relations
from pipeline.restoring.inputs import find_inputs
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
    _lists: list[StoredVersion] = field(default_factory=list)
    _subjects: list[StoredVersion] = field(default_factory=list)
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
        # On disk: of millions of frames these are too many to be held, and to ask for the documents again takes long.
        with tempfile.TemporaryFile() as relations:
            for some in _in_batches(self._frames_of_first_walk()):
                with transaction.atomic():
                    relations.writelines(
                        map(line_of, write_frames(self._read(some), looker=looker, report=self.report))
                    )
            writing.set_sequences()
            relations.seek(0)
            for lines in _in_batches(relations):
                with transaction.atomic():
                    write_relations(documents.rows_in(b"".join(lines)), report=self.report)
        self._take_in_loose()
        self._write_lists()
        for some in _in_batches(self._subjects):
            with transaction.atomic():
                write_subjects(self._read(some), looker=looker, report=self.report)
        write_made(self._products, store=self.store, inspector=self.inspector, report=self.report, at=self.at)
        find_inputs(Product.objects.filter(kind__in=OF_REFERENCES).iterator())  # of stars that came back behind them
        for night in SeeingMeasurement.objects.order_by("night").values_list("night", flat=True).distinct():
            note_seeing(night)  # as it follows from what came back, where the documents of observations did not

    def _frames_of_first_walk(self) -> Iterator[StoredVersion]:
        """Documents of frames, as they are found; what else is to be read is noted."""
        for path, versions in self._walk():
            if path.startswith(FRAMES):
                yield versions[0]
            elif path.startswith((OBSERVATIONS, NIGHTS)):
                self._subjects.append(versions[0])
            elif path.startswith(LISTS):
                self._lists.append(versions[0])
            elif path.startswith(REDUCTIONS_PREFIX) and path.endswith(f"/{PRODUCT_JSON}"):
                self._products.append(versions[0])

    def _take_in_loose(self) -> None:
        """Files that no document told of, now that those are known which one does."""
        loose = (version for path, versions in self._walk() if is_loose_frame(path) for version in versions)
        for some in _in_batches(loose):
            with transaction.atomic():
                take_in_loose(some, store=self.store, inspector=self.inspector, report=self.report, at=self.at)

    def _write_lists(self) -> None:
        """Proposals before the users that hold them."""
        for version in sorted(self._lists, key=lambda each: each.path == ACCOUNTS):
            for document in self._read([version]):
                if version.path == ACCOUNTS:
                    accounts.write_accounts(document, report=self.report)
                    continue
                for name, rows in by_table(document).items():
                    self.report.wrote(BY_NAME[name], writing.write(BY_NAME[name], rows))

    def _walk(self) -> Iterator[tuple[str, Sequence[StoredVersion]]]:
        """Every path with its versions, newest first."""
        for path, versions in groupby(self.store.listing(), key=lambda version: version.path):
            self.seen(1)
            yield path, list(versions)

    def _read(self, versions: Iterable[StoredVersion]) -> Iterator[Iterable[Row]]:
        """Rows of documents; what is none is told."""
        for version in versions:
            try:
                yield documents.rows_in(b"".join(self.store.stream(version.path, version.version_id)))
            except ValueError as error:
                self.report.leave_out("document", version.path, f"it is not what the archive writes: {error}")


def _in_batches(found: Iterable[Some]) -> Iterator[list[Some]]:
    rest = iter(found)
    while some := list(islice(rest, AT_A_TIME)):
        yield some
