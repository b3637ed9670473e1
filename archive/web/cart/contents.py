"""What is in a cart, as far as its reader may see it now: a page of it in order, how much it is, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import F

from archive.domain import carts
from archive.domain.rows import FrameRow, Parts, rows_of
from archive.models import Cart, FrameQuerySet, Reader

PER_PAGE = 50
ADDED, SIZE = "added", "size"
# What a column is called in addresses, and by what the database orders it; "" is ordered here.
ORDERS: Mapping[str, str] = {
    ADDED: "",
    "name": "basename",
    "target": "target_name",
    "observed": "observation_date",
    "site": "site_id",
    "instrument": "instrument_id",
    SIZE: "",
}

OF_FILE = ("object__size_bytes", "object__fault", "extension")


class Bytes(NamedTuple):
    """The newest file of a frame."""

    size_bytes: int | None
    fault: str
    extension: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """A frame of the cart that a download leaves out."""

    frame_id: int
    name: str
    why: str


@dataclass(slots=True)
class Contents:
    """One page of a cart. `n_hidden`: frames that are gone, or not their reader's to see any more."""

    ids: list[int] = field(default_factory=list)
    files: dict[int, Bytes] = field(default_factory=dict)
    rows: list[FrameRow] = field(default_factory=list)
    lacking: list[Lacking] = field(default_factory=list)
    n_hidden: int = 0
    page: int = 1

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes or 0 for file in self.files.values() if not file.fault)

    @property
    def n_files(self) -> int:
        return sum(not file.fault for file in self.files.values())

    @property
    def n_pages(self) -> int:
        return max(1, -(-len(self.ids) // PER_PAGE))


def contents_of(cart: Cart, reader: Reader, *, ordering: str, page: int, at: datetime) -> Contents:
    """The page of this number, or the last one where there are fewer. As many statements for any number of frames."""
    frames = carts.frames_of(cart, reader, at=at)
    ids, files = _read(frames, ordering)
    ids = _ordered(cart, ids, files, ordering)
    found = Contents(ids, files, n_hidden=len(cart.frame_ids) - len(ids))
    found.page = min(max(page, 1), found.n_pages)
    here = ids[(found.page - 1) * PER_PAGE :][:PER_PAGE]
    found.rows = rows_of(here, reader, at=at, parts=Parts(related=False))
    without = [frame_id for frame_id in ids if frame_id not in files or files[frame_id].fault]
    if without:
        found.lacking = lacking(frames, without, files)
    return found


def _read(frames: FrameQuerySet, ordering: str = "") -> tuple[list[int], dict[int, Bytes]]:
    """Ids of these frames, in order as far as the database keeps it, and the newest file of each that has one.

    One statement, with a row for each version: to ask for the newest alone costs a second walk through all frames.
    """
    column = ORDERS.get(ordering.removeprefix("-"), "")
    by = [F(column).desc() if ordering.startswith("-") else F(column).asc()] if column else []
    rows = frames.order_by(*by, "pk", "-versions__created", "-versions__id")
    ids: dict[int, None] = {}
    files: dict[int, Bytes] = {}
    for frame_id, *file in rows.values_list("pk", *(f"versions__{name}" for name in OF_FILE)):
        if frame_id not in ids:
            ids[frame_id] = None
            if file[-1] is not None:
                files[frame_id] = Bytes._make(file)
    return list(ids), files


def files_of(frames: FrameQuerySet) -> dict[int, Bytes]:
    """The newest file of each of these frames; nothing of those that have none."""
    return _read(frames)[1]


def lacking(frames: FrameQuerySet, ids: Sequence[int], files: Mapping[int, Bytes]) -> list[Lacking]:
    """Why these frames are left out of a download, by name; without a reason those that would not be."""
    names = frames.filter(pk__any_of=ids).order_by("basename").values_list("pk", "basename")
    return [Lacking(frame_id, name, _why(files.get(frame_id))) for frame_id, name in names]


def _why(file: Bytes | None) -> str:
    if file is None:
        return "the archive has no file of it"
    return f"its file is damaged: {file.fault}" if file.fault else ""


def _ordered(cart: Cart, ids: list[int], files: Mapping[int, Bytes], ordering: str) -> list[int]:
    """In the order that was asked for, where the database does not keep it."""
    name, descending = ordering.removeprefix("-"), ordering.startswith("-")
    if ORDERS[name]:
        return ids
    seen = set(ids)
    ids = [frame_id for frame_id in cart.frame_ids if frame_id in seen]
    if name == SIZE:
        ids.sort(key=lambda frame_id: _size(files.get(frame_id)))
    return ids[::-1] if descending else ids


def _size(file: Bytes | None) -> int:
    return -1 if file is None or file.size_bytes is None else file.size_bytes
