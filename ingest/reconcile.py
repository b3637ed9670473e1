"""What the store holds against what the rows say: found by one pass over both, repaired only when that is asked for."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from django.db import transaction
from django.db.models.functions import Collate

from archive.domain import received
from archive.domain.received import Heard
from archive.enums import ReceivedState
from archive.errors import NotFoundError, TransientError, UsageError
from archive.models import ReceivedObject, StoredObject
from ingest import taking
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, StoredVersion
from ingest.stores.keys import ARCHIVE_PREFIX, ROWS_PREFIX

ROWS_AT_A_TIME = 2000
# Objects that stay without a row for a reason that stands in what the archive noted of them.
EXPLAINED = frozenset({ReceivedState.REPEATED, ReceivedState.SUPERSEDED, ReceivedState.REFUSED})
TRIED_AGAIN = frozenset({ReceivedState.FAILED, ReceivedState.GONE})


class Kind(StrEnum):
    """How store and rows can differ."""

    NO_ROW = "object without a row"
    NO_OBJECT = "row without its object"
    DIFFERS = "object differs from its row"


@dataclass(frozen=True, slots=True)
class Difference:
    """One object or row, and what is wrong with it."""

    kind: Kind
    path: str
    version_id: str
    says: str
    row_id: int = 0  # 0: there is none

    def line(self) -> str:
        return f"{self.kind}: {self.path} version {self.version_id}: {self.says}"


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row says of its object."""

    path: str
    version_id: str
    pk: int
    size_bytes: int | None
    md5: str
    stored_at: datetime


@dataclass(slots=True)
class Tally:
    """Numbers of one pass."""

    objects: int = 0
    rows: int = 0
    explained: int = 0  # objects without a row that the archive refused, or has under another path or version
    differences: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    repaired: int = 0

    @property
    def differs(self) -> bool:
        """Whether anything is left to be done."""
        return sum(self.differences.values()) > self.repaired

    def line(self) -> str:
        found = ", ".join(f"{kind}: {number}" for kind, number in self.differences.items() if number)
        return (
            f"{self.objects} objects, {self.rows} rows: {found or 'no difference'}"
            f"{f'; {self.repaired} repaired' if self.repaired else ''}"
            f"{f'; {self.explained} objects are without a row for a known reason' if self.explained else ''}."
        )


class Reconciler:
    """One pass over store and rows. `settled_before`: what is younger is still on its way, and is left alone."""

    def __init__(self, store: FileStore, *, settled_before: datetime) -> None:
        if store.name == "dummy":
            raise UsageError("The dummy store keeps nothing that could be compared: set FILESTORE_TYPE first.")
        self._store = store
        self._settled_before = settled_before
        self.tally = Tally()

    def differences(self, *, seen: Callable[[int], object] = lambda _n: None) -> Iterator[Difference]:
        """Differences, as they are found; `seen` hears of each object or row that was gone through.

        Both sides come in the order of paths and are held a page at a time. What seems to differ is looked at once
        more, because frames come and go meanwhile.
        """
        listing = (version for version in self._store.listing() if not version.path.startswith(ROWS_PREFIX))
        objects = ((version.path, version, None) for version in listing)
        rows = ((row.path, None, row) for row in self._rows())
        for path, group in groupby(heapq.merge(objects, rows, key=_first), key=_first):
            versions: dict[str, StoredVersion] = {}
            of_path: dict[str, _Row] = {}
            for _path, version, row in group:
                if version is not None:
                    versions[version.version_id] = version
                if row is not None:
                    of_path[row.version_id] = row
                seen(1)
            self.tally.objects += len(versions)
            self.tally.rows += len(of_path)
            for found in self._compared(path, versions, of_path):
                self.tally.differences[found.kind] += 1
                yield found

    def repair(self, found: Difference, *, inspector: Inspector, at: datetime) -> str:
        """Take in what lacks a row, mark rows whose object is gone or another; delete nothing. Says what was done."""
        if found.kind is not Kind.NO_ROW:
            StoredObject.objects.filter(pk=found.row_id).update(fault=found.says, verified_at=None)
            return "the row is marked: deliver the bytes again, or delete the frame"
        if found.path.startswith(ARCHIVE_PREFIX):
            return "left: the archive made it, and will make it again"
        row = self._row_to_take(found, at=at)
        if row.state == ReceivedState.TAKEN:
            return "left: it was taken in once, and its rows were deleted since"
        try:
            taking.take_in(row.pk, store=self._store, inspector=inspector, now=at)
        except TransientError as error:
            return f"not now: {error}"
        row.refresh_from_db()
        if row.state in EXPLAINED | {ReceivedState.TAKEN}:
            self.tally.repaired += 1
        return f"{row.state}{f': {row.reason}' if row.reason else ''}"

    def _row_to_take(self, found: Difference, *, at: datetime) -> ReceivedObject:
        with transaction.atomic():
            row = received.heard_of(Heard(found.path, found.version_id), store=self._store.name, at=at)
            if row.state in TRIED_AGAIN:
                received.wait_again([row])
        return row

    def _rows(self) -> Iterator[_Row]:
        columns = ("path", "version_id", "pk", "size_bytes", "md5", "stored_at")
        rows = StoredObject.objects.filter(store=self._store.name).order_by(Collate("path", "C"))
        for values in rows.values_list(*columns).iterator(chunk_size=ROWS_AT_A_TIME):
            yield _Row(*values)

    def _compared(self, path: str, versions: dict[str, StoredVersion], rows: dict[str, _Row]) -> Iterator[Difference]:
        for version_id, version in versions.items():
            row = rows.get(version_id)
            if row is None:
                yield from self._without_row(version)
            elif says := _contradiction(version, row):
                yield Difference(Kind.DIFFERS, path, version_id, says, row.pk)
        for version_id, row in rows.items():
            if version_id not in versions and self._is_gone(row):
                says = f"the {self._store.name} store has no such object"
                yield Difference(Kind.NO_OBJECT, path, version_id, says, row.pk)

    def _without_row(self, version: StoredVersion) -> Iterator[Difference]:
        where = {"store": self._store.name, "path": version.path, "version_id": version.version_id}
        if version.stored_at > self._settled_before or StoredObject.objects.filter(**where).exists():
            return
        noted = ReceivedObject.objects.filter(**where).first()
        if noted is not None and noted.state in EXPLAINED:
            self.tally.explained += 1
            return
        try:
            self._store.head(version.path, version.version_id)
        except NotFoundError:
            return  # deleted meanwhile
        says = "never heard of it" if noted is None else f"{noted.state} {noted.reason}".strip()
        yield Difference(Kind.NO_ROW, version.path, version.version_id, says)

    def _is_gone(self, row: _Row) -> bool:
        if row.stored_at > self._settled_before or not StoredObject.objects.filter(pk=row.pk).exists():
            return False
        try:
            self._store.head(row.path, row.version_id)
        except NotFoundError:
            return True
        return False


def _first(item: tuple[str, StoredVersion | None, _Row | None]) -> str:
    return item[0]


def _contradiction(version: StoredVersion, row: _Row) -> str:
    if row.size_bytes is not None and version.size_bytes != row.size_bytes:
        return f"its object has {version.size_bytes} bytes, not {row.size_bytes}"
    if version.md5 and version.md5 != row.md5:
        return f"its object has the MD5 {version.md5}, not {row.md5}"
    return ""
