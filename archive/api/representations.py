"""How a frame, a version and a thumbnail look in JSON. Names and order are those of the OCS interface."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from archive.domain.access import Links
from archive.domain.rows import COLUMNS, FrameRow, Parts, ThumbnailRow, VersionRow
from archive.models import Frame, Thumbnail, Version, sky

# Copies under the names of header keys, which clients still read.
LEGACY_NAMES = {
    "DATE_OBS": "observation_date",
    "DAY_OBS": "observation_day",
    "PROPID": "proposal_id",
    "INSTRUME": "instrument_id",
    "OBJECT": "target_name",
    "RLEVEL": "reduction_level",
    "SITEID": "site_id",
    "TELID": "telescope_id",
    "EXPTIME": "exposure_time",
    "FILTER": "primary_optical_element",
    "L1PUBDAT": "public_date",
    "OBSTYPE": "configuration_type",
    "BLKUID": "observation_id",
    "REQNUM": "request_id",
}
LEGACY_VALUES = itemgetter(*LEGACY_NAMES.values())
ANSWER_COLUMNS = (
    "reduction_level",
    "observation_day",
    "observation_date",
    "proposal_id",
    "instrument_id",
    "target_name",
    "site_id",
    "telescope_id",
    "exposure_time",
    "primary_optical_element",
    "public_date",
    "configuration_type",
    "observation_id",
    "request_id",
)


def links_of(request: Request) -> Links:
    """Links for the answer to a request."""
    return Links(request.build_absolute_uri("/"))


def frame_dict(row: FrameRow, *, parts: Parts, links: Links) -> dict[str, Any]:
    """The dict form: lists and single frames."""
    answer = row.columns
    versions = [_version_dict(version, links) for version in row.versions]
    answer["version_set"] = versions
    answer["url"] = versions[0]["url"] if versions else None
    answer["filename"] = answer["basename"] + versions[0]["extension"] if versions else None
    if parts.thumbnails:
        answer["thumbnails"] = [_thumbnail_dict(picture, links) for picture in row.thumbnails]
    answer.update(zip(LEGACY_NAMES, LEGACY_VALUES(answer), strict=True))
    if row.area is not None:
        answer["area"] = row.area
    if parts.related:
        answer["related_frames"] = row.related
    return answer


def _version_dict(row: VersionRow, links: Links) -> dict[str, Any]:
    return {
        "id": row.id,
        "key": row.version_id,
        "md5": row.md5,
        "extension": row.extension,
        "url": links.to(row.store, row.path, row.version_id),
        "created": row.created,
    }


def _thumbnail_dict(row: ThumbnailRow, links: Links) -> dict[str, Any]:
    return {
        "id": row.id,
        "frame": row.frame_id,
        "size": row.size,
        "basename": row.basename,
        "extension": row.extension,
        "key": row.version_id,
        "url": links.to(row.store, row.path, row.version_id),
    }


def serializer_form(frame: Frame, links: Links) -> dict[str, Any]:
    """The serializer form of a frame as it stands."""
    area, versions, related = sky.geojson_of(frame.area), frame.versions.all(), related_ids(frame)
    return posted_answer(frame, area=area, versions=versions, related=related, links=links)


def posted_answer(
    frame: Frame, *, area: Any, versions: Iterable[Version], related: Iterable[int], links: Links
) -> dict[str, Any]:
    """The serializer form: answer to a write, which echoes `area` as it was sent. Versions: newest first."""
    rows = [version_row(version, links) for version in versions]
    answer: dict[str, Any] = {
        "id": frame.pk,
        "basename": frame.basename,
        "area": area,
        "related_frames": list(related),
        "version_set": rows,
    }
    if rows:
        answer["filename"] = frame.basename + rows[0]["extension"]
        answer["url"] = rows[0]["url"]
    answer.update((name, getattr(frame, name)) for name in ANSWER_COLUMNS)
    return answer


def version_row(version: Version, links: Links) -> dict[str, Any]:
    """The serializer form of a version."""
    return {
        "id": version.pk,
        "created": version.created,
        "key": version.object.version_id,
        "md5": version.md5,
        "extension": version.extension,
        "url": links.to_object(version.object),
    }


def thumbnail_dict(picture: Thumbnail, links: Links) -> dict[str, Any]:
    return {
        "id": picture.pk,
        "frame": picture.frame_id,
        "size": picture.size,
        "basename": picture.basename,
        "extension": picture.extension,
        "key": picture.object.version_id,
        "url": links.to_object(picture.object),
    }


def related_ids(frame: Frame) -> list[int]:
    """Ids of related frames in both directions, each once."""
    out = {relation.derived_id for relation in frame.relations_out.all()}
    return sorted(out | {relation.source_id for relation in frame.relations_in.all()})


class VersionRepresentation(serializers.ModelSerializer[Version]):
    """What `version_row` gives, for the OpenAPI document."""

    key = serializers.CharField(help_text="Version id in the store")
    url = serializers.CharField(help_text="Link to the bytes for two days; fetch it without an Authorization header")

    class Meta:
        model = Version
        fields = ("id", "key", "md5", "extension", "url", "created")


class FrameRepresentation(serializers.ModelSerializer[Frame]):
    """What `frame_dict` gives, for the OpenAPI document."""

    version_set = VersionRepresentation(many=True, help_text="Newest first")
    url = serializers.CharField(allow_null=True, help_text="Link to the newest bytes")
    filename = serializers.CharField(allow_null=True)
    area = serializers.JSONField(help_text="GeoJSON polygon, longitudes -180 to 180; absent when there is none")
    related_frames = serializers.ListField(child=serializers.IntegerField(), help_text="Ids, both directions")

    class Meta:
        model = Frame
        fields = (*COLUMNS, "version_set", "url", "filename", "area", "related_frames")


class AnswerRepresentation(serializers.ModelSerializer[Frame]):
    """What `serializer_form` gives, for the OpenAPI document."""

    area = serializers.JSONField(allow_null=True, help_text="GeoJSON polygon; after a write as it was sent")
    related_frames = serializers.ListField(child=serializers.IntegerField(), help_text="Ids, both directions")
    version_set = VersionRepresentation(many=True, help_text="Newest first")
    filename = serializers.CharField(required=False, help_text="Absent while there is no file")
    url = serializers.CharField(required=False, help_text="Link to the newest bytes; absent while there are none")

    class Meta:
        model = Frame
        fields = ("id", "basename", "area", "related_frames", "version_set", "filename", "url", *ANSWER_COLUMNS)
