"""Whether a reader may still have what was frozen, asked again while it is sent: in batches, and never long before."""

import time
from collections.abc import Iterator

from django.utils import timezone

from archive.domain import selections
from archive.domain.selections import Table
from archive.downloads.members import Form, Member
from archive.errors import ConflictError
from archive.models import FrozenSelection, Reader, Version

BATCH = 100
HOLDS_S = 2.0
FREEZE_AGAIN = "freeze what you want again (POST /downloads/, or make the script anew)"


class Checks:
    """Versions of a selection's members, for one reader. A check is used for no file that begins after HOLDS_S."""

    def __init__(self, table: Table, reader: Reader) -> None:
        self._table = table
        self._reader = reader
        self._first = 0
        self._held: dict[int, Version] = {}
        self._ends_s = 0.0

    def version(self, index: int) -> Version:
        """The bytes of one member. Raises ConflictError when they are gone, changed, or no longer the reader's."""
        if time.monotonic() >= self._ends_s or not self._first <= index < self._first + BATCH:
            self._check_from(index)
        row = self._table[index]
        version = self._held.get(int(row["object_id"]))
        held = None if version is None else (version.object.size_bytes, version.object.crc32)
        if version is None or not selections.is_as_frozen(held, int(row["size_bytes"]), int(row["crc32"])):
            raise ConflictError(f"a file of this download can no longer be had: {FREEZE_AGAIN}.")
        return version

    def _check_from(self, index: int) -> None:
        self._ends_s = time.monotonic() + HOLDS_S
        self._first = index
        self._reader = selections.reader_now(self._reader)
        found = selections.intact(self._table[index : index + BATCH], self._reader, at=timezone.now())
        self._held = {version.object_id: version for version in found.select_related("object")}


def require_all(table: Table, reader: Reader) -> None:
    """Raise ConflictError when some of the files can no longer be had: a zip without them would be another one."""
    lost = selections.lost(table, reader, at=timezone.now())
    if lost:
        raise ConflictError(
            f"{lost} of the {len(table)} files of this download were deleted, replaced or hidden since it was made: "
            f"{FREEZE_AGAIN}."
        )


def checked_members(selection: FrozenSelection, reader: Reader) -> Iterator[Member]:
    """The members of a selection in their order, each checked when it is asked for."""
    table = selections.table_of(selection)
    checks = Checks(table, reader)
    for index, name in enumerate(selections.names_of(selection)):
        row = table[index]
        yield Member(int(row["frame_id"]), name.decode(), Form(row["form"]), checks.version(index))
