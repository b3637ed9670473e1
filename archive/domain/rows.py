"""Frames as they are shown, read in a few statements however many they are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from archive.models import Frame, FrameQuerySet, Reader, Relation, Thumbnail, Version, sky
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
VERSION_COLUMNS = ("frame_id", "id", "md5", "extension", "created", *LOCATION)
THUMBNAIL_COLUMNS = ("frame_id", "id", "size", "basename", "extension", *LOCATION)


@dataclass(frozen=True, slots=True)
class Parts:
    """What is read beside the columns."""

    related: bool = True
    thumbnails: bool = False


@dataclass(slots=True)
class FrameRow:
    """One frame. Versions newest first; of related frames only those that the reader may see.

    Attributes
    ----------
    columns : of COLUMNS.
    area : GeoJSON polygon, or None.
    versions, thumbnails : rows with the columns of their tables and of LOCATION.
    related : ids, ascending.
    """

    columns: dict[str, Any]
    area: dict[str, Any] | None
    versions: list[dict[str, Any]] = field(default_factory=list)
    thumbnails: list[dict[str, Any]] = field(default_factory=list)
    related: list[int] = field(default_factory=list)


def rows_of(ids: Sequence[int], reader: Reader, *, at: datetime, parts: Parts) -> list[FrameRow]:
    """Frames in the order of `ids`; those that `reader` may not see, or that have gone meanwhile, are left out."""
    seen = Frame.objects.visible_to(reader, at=at).filter(pk__in=ids)
    found = {row.columns["id"]: row for row in _frames(seen)}
    for version in _versions(found):
        found[version["frame_id"]].versions.append(version)
    if parts.thumbnails:
        for picture in _thumbnails(found):
            found[picture["frame_id"]].thumbnails.append(picture)
    if parts.related:
        for frame_id, related in _related(found, reader, at=at).items():
            found[frame_id].related = sorted(related)
    return [found[frame_id] for frame_id in ids if frame_id in found]


def _frames(frames: FrameQuerySet) -> Iterable[FrameRow]:
    shown = frames.annotate(wkb=sky.as_binary("area")).values_list(*COLUMNS, "wkb")
    for *values, wkb in shown:
        yield FrameRow(dict(zip(COLUMNS, values, strict=True)), sky.geojson_of_binary(wkb))


def _versions(ids: Iterable[int]) -> QuerySet[Any, dict[str, Any]]:
    found = Version.objects.filter(frame__in=list(ids)).order_by("-created", "-id")
    rows: QuerySet[Any, dict[str, Any]] = found.values(*VERSION_COLUMNS)
    return rows


def _thumbnails(ids: Iterable[int]) -> QuerySet[Any, dict[str, Any]]:
    found = Thumbnail.objects.filter(frame__in=list(ids)).order_by("id")
    rows: QuerySet[Any, dict[str, Any]] = found.values(*THUMBNAIL_COLUMNS)
    return rows


def _related(ids: Iterable[int], reader: Reader, *, at: datetime) -> dict[int, set[int]]:
    """Ids of related frames in both directions: the id of a hidden one would tell that it exists."""
    named = list(ids)
    forwards = Relation.objects.filter(Q(source__in=named), visible_condition(reader, at=at, prefix="derived__"))
    backwards = Relation.objects.filter(Q(derived__in=named), visible_condition(reader, at=at, prefix="source__"))
    pairs = forwards.values_list("source_id", "derived_id").union(
        backwards.values_list("derived_id", "source_id"), all=True
    )
    related: dict[int, set[int]] = defaultdict(set)
    for frame_id, other in pairs:
        related[frame_id].add(other)
    return related
