"""Frozen selections: packed into rows, found again for whoever may have them, checked against what holds now."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db.models import BinaryField, Func, Q, QuerySet
from django.db.models.expressions import RawSQL

from archive.errors import ConflictError, FatalError, NotFoundError
from archive.models import Frame, FrozenSelection, Reader, StoredObject, Version

UNKNOWN = -1
# Packed, little-endian, in this order: changing it makes the selections of the last day unreadable.
MEMBER = np.dtype(
    [
        ("frame_id", "<i8"),
        ("object_id", "<i8"),
        ("size_bytes", "<i8"),
        ("crc32", "<i8"),
        ("stored_s", "<i8"),
        ("form", "u1"),
    ]
)
KEPT_AFTER = timedelta(days=1)  # so long a link that has expired can say so, instead of not being known
Table = npt.NDArray[Any]


class FrozenMember(NamedTuple):
    """One file: which bytes, under which name, and in which form (a number of the interface's own) it goes out."""

    frame_id: int
    object_id: int
    name: str
    form: int
    stored_s: int
    size_bytes: int | None
    crc32: int | None


def freeze(members: Sequence[FrozenMember], *, owner: Reader | None, folder: str, at: datetime) -> FrozenSelection:
    """Keep a selection for DOWNLOAD_HOURS. Without an `owner` it is anybody's who has its link."""
    return FrozenSelection.objects.create(
        owner=owner if isinstance(owner, User) else None,
        created_at=at,
        expires_at=at + settings.DOWNLOAD_LIFETIME,
        folder=folder,
        count=len(members),
        members=_packed(members),
        names="\n".join(member.name for member in members).encode(),
    )


def _packed(members: Sequence[FrozenMember]) -> bytes:
    table = np.empty(len(members), dtype=MEMBER)
    for name in MEMBER.names or ():
        values = (getattr(member, name) for member in members)
        table[name] = [UNKNOWN if value is None else value for value in values]
    return table.tobytes()


def selection_of(selection_id: uuid.UUID, reader: Reader) -> FrozenSelection:
    """The selection of this id, expired or not; its members are read from the database when they are asked for.

    Raises NotFoundError when there is none or it is another user's.
    """
    mine = Q(owner=None) if reader.pk is None else Q(owner=None) | Q(owner=reader.pk)
    found = FrozenSelection.objects.defer("members", "names").filter(mine, pk=selection_id).first()
    if found is None:
        raise NotFoundError("there is no such download, or it is another user's: send the token that it was made with.")
    return found


def table_of(selection: FrozenSelection) -> Table:
    """A row of numbers for each member; UNKNOWN where a size or a CRC-32 was not known."""
    return np.frombuffer(selection.members, dtype=MEMBER)


def row_of(selection: FrozenSelection, number: int) -> Table:
    """The table of one member alone, read without the others. Raises NotFoundError when there are fewer."""
    if number >= selection.count:
        raise NotFoundError(f"this download has {selection.count} files: count from 0.")
    place = Func(
        "members", number * MEMBER.itemsize + 1, MEMBER.itemsize, function="substring", output_field=BinaryField()
    )
    rows = FrozenSelection.objects.annotate(row=place)
    return np.frombuffer(rows.values_list("row", flat=True).get(pk=selection.pk), dtype=MEMBER)


def names_of(selection: FrozenSelection) -> list[bytes]:
    """Names of the members, UTF-8."""
    names = bytes(selection.names).split(b"\n")
    if len(names) != selection.count:
        raise FatalError(f"download {selection.pk} has {len(names)} names for {selection.count} files: tell the staff.")
    return names


def intact(table: Table, reader: Reader, *, at: datetime) -> QuerySet[Version]:
    """Versions of these members that `reader` may have at `at` and that nobody has found damaged."""
    seen = Frame.objects.visible_to(reader, at=at).values("pk")
    objects = among(table["object_id"].tolist())
    return Version.objects.filter(object_id__in=objects, object__fault="", frame__in=seen).order_by()


def among(ids: Sequence[int]) -> RawSQL:
    """Ids for `__in`, sent as one array: Django and PostgreSQL take ten thousand single ones much more slowly."""
    return RawSQL("SELECT unnest(%s::bigint[])", [f"{{{','.join(map(str, ids))}}}"])


def lost(table: Table, reader: Reader, *, at: datetime) -> int:
    """How many members `reader` can no longer have as they were frozen: deleted, replaced, damaged or hidden."""
    found = intact(table, reader, at=at).values_list("object_id", "object__size_bytes", "object__crc32")
    held = {object_id: (size_bytes, crc32) for object_id, size_bytes, crc32 in found}
    rows = zip(table["object_id"].tolist(), table["size_bytes"].tolist(), table["crc32"].tolist(), strict=True)
    return sum(not is_as_frozen(held.get(object_id), size_bytes, crc32) for object_id, size_bytes, crc32 in rows)


class KnownDigest(NamedTuple):
    """What is known of stored bytes; without a SHA-256 nobody has read them yet, and the MD5 is a client's word."""

    size_bytes: int | None
    md5: str
    sha256: str | None


def digests_of(table: Table) -> list[KnownDigest]:
    """Digests of these members, in their order. Raises ConflictError when one was deleted since."""
    ids: list[int] = table["object_id"].tolist()
    rows = StoredObject.objects.filter(pk__in=among(ids)).values_list("pk", "size_bytes", "md5", "sha256")
    held = {pk: KnownDigest(size_bytes, md5, sha256) for pk, size_bytes, md5, sha256 in rows}
    if len(held) != len(ids):
        raise ConflictError("a file was deleted this very moment: ask again.")
    return [held[pk] for pk in ids]


def is_as_frozen(held: tuple[int | None, int | None] | None, size_bytes: int, crc32: int) -> bool:
    """Whether size and CRC-32 of bytes that are held are those of a member; what was not known then may be now."""
    if held is None:
        return False
    return held == (size_bytes, crc32) or (size_bytes in {UNKNOWN, held[0]} and crc32 in {UNKNOWN, held[1]})


def reader_now(reader: Reader) -> Reader:
    """The same reader as the database knows them at this moment: nobody, once they were deactivated or deleted."""
    if not isinstance(reader, User):
        return reader
    return User.objects.filter(pk=reader.pk, is_active=True).first() or AnonymousUser()


def forget_expired(*, at: datetime) -> int:
    """Delete selections that ended a while ago. Says how many."""
    return FrozenSelection.objects.filter(expires_at__lt=at - KEPT_AFTER).delete()[0]
