"""What clients post that stored the bytes themselves: the body of the ocs_ingester, checked and typed."""

import json
import math
from typing import Any

from django.conf import settings
from django.db.models import Q
from rest_framework import serializers

from archive.domain.frames import COLUMNS
from archive.enums import RelationKind
from archive.errors import UsageError
from archive.models import Version, sky
from archive.models.stored_object import MD5_PATTERN
from ingest.configdb import configuration_types
from ingest.headers.record import FrameRecord, RelatedName, Ring
from ingest.headers.translator import related_names
from ingest.intake import PostedVersion

INT32_MAX = 2**31 - 1
INT16_MAX = 2**15 - 1
LONGEST_EXPOSURE_S = 1e9

NAME_PATTERN = r"^[^/\\\x00-\x1f\x7f]+$"


class PostedVersionSerializer(serializers.Serializer[Any]):
    key = serializers.CharField(max_length=1024, help_text="Version id in the store; the local store: the MD5")
    md5 = serializers.RegexField(MD5_PATTERN, help_text="MD5 of the bytes, lower-case hex")
    extension = serializers.RegexField(r"^\.[A-Za-z0-9.]+$", max_length=20, help_text="Such as .fits.fz")


class PostedFrameSerializer(serializers.Serializer[Any]):
    """A frame's metadata. Unknown keys are ignored."""

    basename = serializers.RegexField(NAME_PATTERN, max_length=1000)
    headers = serializers.DictField(help_text="The whole FITS header")
    observation_day = serializers.DateField(input_formats=["%Y%m%d", "iso-8601"])
    observation_date = serializers.DateTimeField(required=False, allow_null=True, help_text="UTC")
    public_date = serializers.DateTimeField(required=False, allow_null=True, help_text="UTC")
    configuration_type = serializers.CharField(max_length=64)
    related_frame_filenames = serializers.ListField(
        child=serializers.RegexField(NAME_PATTERN, max_length=1000, allow_blank=True)
    )
    area = serializers.DictField(allow_null=True, help_text="GeoJSON polygon, or null")
    version_set = PostedVersionSerializer(many=True)
    reduction_level = serializers.IntegerField(required=False, min_value=0, max_value=INT16_MAX)
    exposure_time = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=LONGEST_EXPOSURE_S)
    observation_id = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=INT32_MAX)
    request_id = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=INT32_MAX)
    proposal_id = serializers.CharField(required=False, allow_blank=True, max_length=64)
    instrument_id = serializers.CharField(required=False, allow_blank=True, max_length=64)
    target_name = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    site_id = serializers.CharField(required=False, allow_blank=True, max_length=64)
    telescope_id = serializers.CharField(required=False, allow_blank=True, max_length=64)
    primary_optical_element = serializers.CharField(required=False, allow_blank=True, max_length=100)

    def validate_configuration_type(self, value: str) -> str:
        if value not in configuration_types():
            raise serializers.ValidationError(f'"{value}" is not a valid choice.')
        return value

    def validate_headers(self, value: dict[str, Any]) -> dict[str, Any]:
        if "\\u0000" in json.dumps(value):
            raise serializers.ValidationError("Null characters are not allowed.")
        return value

    def validate_exposure_time(self, value: float | None) -> float | None:
        if value is not None and math.isnan(value):
            raise serializers.ValidationError("A valid number is required.")
        return value

    def validate_area(self, value: dict[str, Any] | None) -> Ring | None:
        if value is None:
            return None
        try:
            ring = sky.ring_of_geojson(value)
            sky.polygon_of(ring)
        except UsageError as error:
            raise serializers.ValidationError(str(error)) from error
        return ring

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        faults = _already_held(attrs["basename"], attrs["version_set"])
        if any(faults):
            raise serializers.ValidationError({"version_set": faults})
        return attrs

    def record(self) -> FrameRecord:
        """The frame as the archive's own translators would describe it."""
        values = self.validated_data
        columns = {name: values[name] for name in COLUMNS if name in values}
        columns.setdefault("observation_date", None)
        columns.setdefault("public_date", None)
        return FrameRecord(
            basename=values["basename"],
            extension=values["version_set"][0]["extension"] if values["version_set"] else "",
            footprint=values["area"],
            related=self._related(),
            headers=values["headers"],
            **columns,
        )

    def versions(self) -> list[PostedVersion]:
        day = str(self.initial_data["observation_day"])
        return [PostedVersion(**version, day=day) for version in self.validated_data["version_set"]]

    def sent(self) -> frozenset[str]:
        """Columns that the client sent: of a frame that exists only these change."""
        return COLUMNS & frozenset(self.validated_data)

    def _related(self) -> tuple[RelatedName, ...]:
        """Names as posted, and what the header says of how they are related."""
        values = self.validated_data
        own = values["basename"]
        is_catalogue = values["configuration_type"] == "CATALOG"
        known = {
            name.basename: name
            for name in related_names(
                values["headers"], own=own, is_catalogue=is_catalogue, rules=settings.HEADER_RULES
            )
        }
        posted = dict.fromkeys(name for name in values["related_frame_filenames"] if name and name != own)
        return tuple(known.get(name, RelatedName(name, RelationKind.RELATED)) for name in posted)


def _already_held(basename: str, versions: list[dict[str, str]]) -> list[dict[str, list[str]]]:
    """For each version what is wrong with it because the archive, or the body itself, holds the same already."""
    held = Version.objects.filter(md5__in=[version["md5"] for version in versions])
    held = held.filter(Q(is_fits=True) | Q(frame__basename=basename))
    keys = dict(held.values_list("md5", "object__version_id"))
    faults: list[dict[str, list[str]]] = []
    for version in versions:
        fault = {}
        if keys.get(version["md5"]) == version["key"]:
            fault["key"] = ["version with this key already exists."]
        if version["md5"] in keys:
            fault["md5"] = ["version with this md5 already exists."]
        keys.setdefault(version["md5"], version["key"])
        faults.append(fault)
    return faults
