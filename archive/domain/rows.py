"""Frames as they are shown, read in a few statements however many they are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from archive.domain.prepared import run
from archive.models import Frame, Reader, Relation, Thumbnail, Version, sky
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
    found = {}
    for *values, wkb in run(_frames, reader, at=at, ids=ids):
        found[values[0]] = FrameRow(dict(zip(COLUMNS, values, strict=True)), sky.geojson_of_binary(wkb))
    seen = list(found)
    for version in run(_versions, reader, at=at, ids=seen):
        found[version[0]].versions.append(VersionRow(*version))
    if parts.thumbnails:
        for picture in run(_thumbnails, reader, at=at, ids=seen):
            found[picture[0]].thumbnails.append(ThumbnailRow(*picture))
    if parts.related:
        for frame_id, other in run(_related, reader, at=at, ids=seen):
            found[frame_id].related.append(other)
    return [found[frame_id] for frame_id in ids if frame_id in found]


def _frames(reader: Reader, at: datetime, ids: Sequence[int]) -> QuerySet[Any, Any]:
    seen = Frame.objects.visible_to(reader, at=at).filter(pk__any_of=ids)
    return seen.annotate(wkb=sky.as_binary("area")).values_list(*COLUMNS, "wkb")


def _versions(_reader: Reader, _at: datetime, ids: Sequence[int]) -> QuerySet[Any, Any]:
    columns = ("frame_id", "id", "md5", "extension", "created", *LOCATION)
    return Version.objects.filter(frame__any_of=ids).order_by("-created", "-id").values_list(*columns)


def _thumbnails(_reader: Reader, _at: datetime, ids: Sequence[int]) -> QuerySet[Any, Any]:
    columns = ("frame_id", "id", "size", "basename", "extension", *LOCATION)
    return Thumbnail.objects.filter(frame__any_of=ids).order_by("id").values_list(*columns)


def _related(reader: Reader, at: datetime, ids: Sequence[int]) -> QuerySet[Any, Any]:
    """Frame and related frame, in both directions: the id of a hidden one would tell that it exists."""
    forwards = Relation.objects.filter(Q(source__any_of=ids), visible_condition(reader, at=at, prefix="derived__"))
    backwards = Relation.objects.filter(Q(derived__any_of=ids), visible_condition(reader, at=at, prefix="source__"))
    pairs = forwards.values_list("source_id", "derived_id").union(backwards.values_list("derived_id", "source_id"))
    return pairs.order_by("source_id", "derived_id")
