"""What goes into a download: for each frame one file, under which name and in which form."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import IO, Any, NamedTuple

from django.db.models import BigIntegerField, Case, FloatField, Q, Value, When
from django.db.models.functions import Extract

from archive.domain import access
from archive.domain.selections import FrozenMember
from archive.downloads.unpacked import PACKED_FITS, catalogue_fits, unpacked_fits
from archive.enums import ReductionLevel
from archive.errors import FatalError, NotFoundError
from archive.models import FrameQuerySet, Version

EXPOSE = "EXPOSE"
BLOCK_BYTES = 1 << 20


class Form(IntEnum):
    """What is done to a file on its way out. The numbers stand in frozen selections."""

    AS_STORED = 0
    UNPACKED = 1
    CATALOGUE = 2


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a zip, whose reader may have it now."""

    frame_id: int
    name: str
    form: Form
    version: Version

    @property
    def created_at(self) -> datetime:
        return self.version.created


@dataclass(frozen=True, slots=True)
class Opened:
    """A member's bytes. `crc32` is what they must have, where that is known beforehand."""

    size_bytes: int
    blocks: Iterator[bytes]
    crc32: int | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The files of some frames, newest first, a raw frame before what was made of it."""

    members: list[FrozenMember]
    all_public: bool
    damaged: list[tuple[int, str, str]]  # id and name of a frame whose file is known to be damaged, and how


class _Row(NamedTuple):
    """The newest version of a frame, with what decides over its form and its place. Times in seconds: they are many."""

    frame_id: int
    basename: str
    observed_s: float
    is_public: bool
    is_final_image: bool
    extension: str
    stored_s: int
    object_id: int
    size_bytes: int | None
    crc32: int | None
    fault: str


def chosen(frames: FrameQuerySet, *, uncompress: bool, catalog_only: bool, at: datetime, most: int) -> Chosen:
    """The newest file of each of `frames`, at most one more than `most`; frames without a file have none."""
    newest = Version.objects.filter(frame__in=frames.order_by().values("pk"))
    newest = newest.order_by("frame_id", "-created", "-id").distinct("frame_id")
    rows = list(map(_Row._make, newest.values_list(*_columns(at))[: most + 1]))
    rows.sort(key=lambda row: (-row.observed_s, row.frame_id))
    good = [row for row in rows if not row.fault]
    members = [_member(row, uncompress=uncompress, catalog_only=catalog_only) for row in good]
    return Chosen(
        _named_apart(members),
        all(row.is_public for row in good),
        [(row.frame_id, row.basename, row.fault) for row in rows if row.fault],
    )


def _columns(at: datetime) -> list[Any]:
    return [
        "frame_id",
        "frame__basename",
        Extract("frame__observation_date", "epoch", output_field=FloatField()),
        _holds(Q(frame__public_date__lte=at)),
        _holds(Q(frame__reduction_level=ReductionLevel.FINAL, frame__configuration_type=EXPOSE)),
        "extension",
        Extract("created", "epoch", output_field=BigIntegerField()),
        "object_id",
        "object__size_bytes",
        "object__crc32",
        "object__fault",
    ]


def _holds(condition: Q) -> Case:
    return Case(When(condition, then=Value(value=True)), default=Value(value=False))


def opened(member: Member) -> Opened | None:
    """Start to read a member; None for a frame that was asked for its catalogue and has none."""
    if member.form is Form.AS_STORED:
        stored = member.version.object
        return Opened(access.size_of(stored), access.stream_of(stored), stored.crc32)
    try:
        made = made_file(member)
    except NotFoundError:
        if member.form is Form.CATALOGUE:
            return None
        raise
    size_bytes = made.seek(0, 2)
    made.seek(0)
    return Opened(size_bytes, _read(made))


def made_file(member: Member) -> IO[bytes]:
    """The temporary file of a member that is not sent as it is stored."""
    if member.form is Form.CATALOGUE:
        return catalogue_fits(member.version)
    if member.form is Form.UNPACKED:
        return unpacked_fits(member.version)
    raise FatalError(f"{member.name} is sent as it is stored.")


def _member(row: _Row, *, uncompress: bool, catalog_only: bool) -> FrozenMember:
    form, ending = Form.AS_STORED, row.extension
    if catalog_only and row.is_final_image:
        form, ending = Form.CATALOGUE, "-catalog.fits"
    elif uncompress and row.extension == PACKED_FITS:
        form, ending = Form.UNPACKED, ".fits"
    # A backslash parts folders where readers unpack on Windows: a name must not lead out of the zip's own.
    name = (row.basename + ending).replace("\\", "_")
    return FrozenMember(row.frame_id, row.object_id, name, form, row.stored_s, row.size_bytes, row.crc32)


def _named_apart(members: Sequence[FrozenMember]) -> list[FrozenMember]:
    """No two files of one name: the second would be unpacked over the first."""
    taken: dict[str, int] = {}
    for member in members:
        taken[member.name] = taken.get(member.name, 0) + 1
    if len(taken) == len(members):
        return list(members)
    return [_with_id(member) if taken[member.name] > 1 else member for member in members]


def _with_id(member: FrozenMember) -> FrozenMember:
    return member._replace(name=f"{member.frame_id}-{member.name}")


def _read(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while block := made.read(BLOCK_BYTES):
            yield block
