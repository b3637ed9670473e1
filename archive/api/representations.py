"""How a frame, a version and a thumbnail look in JSON. Names and order are those of the OCS interface."""

from typing import Any

from rest_framework import serializers

from archive.domain import access
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
DICT_COLUMNS = (
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


def frame_dict(frame: Frame, *, with_related: bool = True, with_thumbnails: bool = False) -> dict[str, Any]:
    """The dict form: lists and single frames. Versions, pictures and relations are prefetched."""
    answer: dict[str, Any] = {name: getattr(frame, name) for name in DICT_COLUMNS}
    versions = [version_dict(version) for version in frame.versions.all()]
    answer["version_set"] = versions
    answer["url"] = versions[0]["url"] if versions else None
    answer["filename"] = frame.basename + versions[0]["extension"] if versions else None
    if with_thumbnails:
        answer["thumbnails"] = [thumbnail_dict(picture) for picture in frame.thumbnails.all()]
    answer.update((legacy, answer[name]) for legacy, name in LEGACY_NAMES.items())
    if frame.area is not None:
        answer["area"] = sky.geojson_of(frame.area)
    if with_related:
        answer["related_frames"] = related_ids(frame)
    return answer


def serializer_form(frame: Frame) -> dict[str, Any]:
    """The serializer form of a frame as it stands."""
    return posted_answer(frame, area=sky.geojson_of(frame.area))


def posted_answer(frame: Frame, *, area: Any) -> dict[str, Any]:
    """The serializer form: answer to a write, which echoes `area` as it was sent."""
    versions = [version_row(version) for version in frame.versions.all()]
    answer: dict[str, Any] = {
        "id": frame.pk,
        "basename": frame.basename,
        "area": area,
        "related_frames": related_ids(frame),
        "version_set": versions,
    }
    if versions:
        answer["filename"] = frame.basename + versions[0]["extension"]
        answer["url"] = versions[0]["url"]
    answer.update((name, getattr(frame, name)) for name in ANSWER_COLUMNS)
    return answer


def version_dict(version: Version) -> dict[str, Any]:
    return {
        "id": version.pk,
        "key": version.object.version_id,
        "md5": version.md5,
        "extension": version.extension,
        "url": access.url_of(version.object),
        "created": version.created,
    }


def version_row(version: Version) -> dict[str, Any]:
    """The serializer form of a version: the same facts in another order."""
    facts = version_dict(version)
    return {name: facts[name] for name in ("id", "created", "key", "md5", "extension", "url")}


def thumbnail_dict(picture: Thumbnail) -> dict[str, Any]:
    return {
        "id": picture.pk,
        "frame": picture.frame_id,
        "size": picture.size,
        "basename": picture.basename,
        "extension": picture.extension,
        "key": picture.object.version_id,
        "url": access.url_of(picture.object),
    }


def related_ids(frame: Frame) -> list[int]:
    """Ids of related frames in both directions, each once."""
    out = {relation.derived_id for relation in frame.relations_out.all()}
    return sorted(out | {relation.source_id for relation in frame.relations_in.all()})


class VersionRepresentation(serializers.ModelSerializer[Version]):
    """What `version_dict` gives, for the OpenAPI document."""

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
        fields = (*DICT_COLUMNS, "version_set", "url", "filename", "area", "related_frames")


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
