"""Frames as they are shown, read in a few statements however many they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from archive.domain import shapes
from archive.domain.prepared import Row
from archive.models import Frame, Reader, Relation, Thumbnail, sky
from archive.models.frame import visible_condition

COLUMNS = (
    "id",
    "basename",
    "observation_date",
    "observation_day",
    "proposal_id",
    "instrument_id",
    "target_name",
    "reduction_level",
    "site_id",
    "telescope_id",
    "exposure_time",
    "primary_optical_element",
    "public_date",
    "configuration_type",
    "observation_id",
    "request_id",
)
N_COLUMNS = len(COLUMNS)
ALWAYS = datetime.max.replace(tzinfo=UTC)  # who sees everything sees it at any time
LOCATION = ("object__store", "object__path", "object__version_id")


@dataclass(frozen=True, slots=True)
class Parts:
    """What is read beside the columns."""

    related: bool = True
    thumbnails: bool = False


class VersionRow(NamedTuple):
    """One set of bytes of a frame, and where it lies."""

    frame_id: int
    id: int
    md5: str
    extension: str
    created: datetime
    store: str
    path: str
    version_id: str


class ThumbnailRow(NamedTuple):
    """One picture of a frame, and where it lies."""

    frame_id: int
    id: int
    size: str
    basename: str
    extension: str
    store: str
    path: str
    version_id: str


@dataclass(slots=True)
class FrameRow:
    """One frame. Versions newest first; of related frames only those that the reader may see.

    Attributes
    ----------
    columns : of COLUMNS.
    area : GeoJSON polygon, or None.
    related : ids, ascending.
    """

    columns: dict[str, Any]
    area: dict[str, Any] | None
    versions: list[VersionRow] = field(default_factory=list)
    thumbnails: list[ThumbnailRow] = field(default_factory=list)
    related: list[int] = field(default_factory=list)


def rows_of(ids: Sequence[int], reader: Reader, *, at: datetime, parts: Parts) -> list[FrameRow]:
    """Frames in the order of `ids`; those that `reader` may not see, or that have gone meanwhile, are left out."""
    seer = _Seer.of(reader, at=at)
    found: dict[int, FrameRow] = {}
    for row in seer.rows("frames", _frames, ids):
        frame = found.get(row[0])
        if frame is None:
            columns = dict(zip(COLUMNS, row, strict=False))
            frame = found[row[0]] = FrameRow(columns, sky.geojson_of_binary(row[N_COLUMNS]))
        if row[N_COLUMNS + 1] is not None:
            frame.versions.append(VersionRow(row[0], *row[N_COLUMNS + 1 :]))
    seen = list(found)
    if parts.thumbnails:
        for picture in shapes.rows("thumbnails", None, [seen], _thumbnails):
            found[picture[0]].thumbnails.append(ThumbnailRow(*picture))
    if parts.related:
        for frame_id, other in seer.rows("related", _related, seen):
            found[frame_id].related.append(other)
    return [found[frame_id] for frame_id in ids if frame_id in found]


@dataclass(frozen=True, slots=True)
class _Seer:
    """A kind of reader, for whom statements are the same, and the values that tell this one and the time."""

    kind: str
    values: tuple[Any, ...]

    @classmethod
    def of(cls, reader: Reader, *, at: datetime) -> "_Seer":
        if not reader.is_active or reader.is_anonymous:
            return cls("public", (at,))
        return cls("all", ()) if reader.is_superuser else cls("member", (at, reader.pk))

    def rows(self, name: str, write: "_Write", ids: Sequence[int]) -> list[Row]:
        def written(values: Sequence[Any]) -> QuerySet[Any, Any]:
            wanted, *own = values
            return write(*SEERS[self.kind](*own), wanted)

        return shapes.rows(name, self.kind, [list(ids), *self.values], written)


_Write = Callable[[Reader, datetime, Sequence[int]], QuerySet[Any, Any]]
SEERS: dict[str, Callable[..., tuple[Reader, datetime]]] = {
    "public": lambda at: (AnonymousUser(), at),
    "member": lambda at, pk: (User(pk=pk), at),
    "all": lambda: (User(is_superuser=True), ALWAYS),
}


def _frames(reader: Reader, at: datetime, ids: Sequence[int]) -> QuerySet[Any, Any]:
    """Frames with their versions, newest first: a row for each version, and one for a frame that has none."""
    seen = Frame.objects.visible_to(reader, at=at).filter(pk__any_of=ids).annotate(wkb=sky.as_binary("area"))
    versions = [f"versions__{column}" for column in ("id", "md5", "extension", "created", *LOCATION)]
    return seen.order_by("-versions__created", "-versions__id").values_list(*COLUMNS, "wkb", *versions)


def _thumbnails(values: Sequence[Any]) -> QuerySet[Any, Any]:
    columns = ("frame_id", "id", "size", "basename", "extension", *LOCATION)
    return Thumbnail.objects.filter(frame__any_of=values[0]).order_by("id").values_list(*columns)


def _related(reader: Reader, at: datetime, ids: Sequence[int]) -> QuerySet[Any, Any]:
    """Frame and related frame, in both directions: the id of a hidden one would tell that it exists."""
    forwards = Relation.objects.filter(Q(source__any_of=ids), visible_condition(reader, at=at, prefix="derived__"))
    backwards = Relation.objects.filter(Q(derived__any_of=ids), visible_condition(reader, at=at, prefix="source__"))
    pairs = forwards.values_list("source_id", "derived_id").union(backwards.values_list("derived_id", "source_id"))
    return pairs.order_by("source_id", "derived_id")
