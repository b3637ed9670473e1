"""What clients post that stored the bytes themselves: the body of the ocs_ingester, checked and typed."""

import copy
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from rest_framework import serializers

from archive.domain.frames import COLUMNS, EVERYTHING, held_keys
from archive.enums import RelationKind
from archive.errors import ConflictError, UsageError
from archive.models import Frame, sky
from archive.models.stored_object import MD5_PATTERN
from ingest.configdb import configuration_types
from ingest.headers.ocs import CATALOGUE
from ingest.headers.record import FrameRecord, RelatedName, Ring
from ingest.headers.translator import related_names
from ingest.intake import MOST_HEADER_BYTES, PostedVersion
from ingest.roboao_names import read_name, split_exposure

INT32_MAX = 2**31 - 1
INT16_MAX = 2**15 - 1
LONGEST_EXPOSURE_S = 1e9

NAME_PATTERN = r"^[^/\\\x00-\x1f\x7f]+\Z"


class HeadersField(serializers.JSONField):
    """Header keys and values, put into text once for all that has to be asked of it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):  # of a form
            data = super().to_internal_value(data)  # type: ignore[arg-type] # its stubs know no forms
        if not isinstance(data, dict):
            raise serializers.ValidationError("Give an object of header keys and values.")
        try:
            text = json.dumps(data, allow_nan=False)
        except ValueError:
            self.fail("invalid")
        if "\\u0000" in text:
            raise serializers.ValidationError("Null characters are not allowed.")
        if len(text) > MOST_HEADER_BYTES:
            raise serializers.ValidationError(f"Headers are larger than {MOST_HEADER_BYTES} bytes.")
        return data


class _CopiedFields(serializers.Serializer[Any]):
    """Takes its fields as shallow copies: DRF builds each of them anew for every request."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: _copy_of(field) for name, field in self._declared_fields.items()}


def _copy_of(field: serializers.Field[Any, Any, Any, Any]) -> serializers.Field[Any, Any, Any, Any]:
    """A field that can be bound to another serializer; what it was declared with is shared, and nobody changes that."""
    made = copy.copy(field)
    if isinstance(made, serializers.ListField | serializers.ListSerializer):
        child = copy.copy(made.child)
        child.parent = made  # type: ignore[union-attr] # a list has a child
        made.child = child
    return made


class PostedVersionSerializer(_CopiedFields):
    id = serializers.IntegerField(read_only=True)
    created = serializers.DateTimeField(read_only=True)
    key = serializers.CharField(max_length=1024, help_text="Version id in the store; the local store: the MD5")
    md5 = serializers.CharField(
        max_length=32, validators=[RegexValidator(MD5_PATTERN)], help_text="MD5 of the bytes, lower-case hex"
    )
    extension = serializers.CharField(
        max_length=20, validators=[RegexValidator(r"^\.[A-Za-z0-9.]+\Z")], help_text="Such as .fits.fz"
    )
    url = serializers.CharField(read_only=True, help_text="Link to the bytes")

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        missing = [name for name in ("key", "md5", "extension") if name not in attrs]
        if missing:  # a PATCH of the frame makes no field required, but half a version is none
            raise serializers.ValidationError({name: ["This field is required."] for name in missing})
        return attrs


class PostedFrameSerializer(_CopiedFields):
    """A frame's metadata; for PATCH some of them. Unknown keys are ignored."""

    id = serializers.IntegerField(read_only=True, label="ID")
    basename = serializers.CharField(max_length=1000, validators=[RegexValidator(NAME_PATTERN)])
    area = serializers.JSONField(allow_null=True, help_text="GeoJSON polygon, or null")
    related_frames = serializers.JSONField(read_only=True, help_text="Ids of related frames")
    version_set = PostedVersionSerializer(many=True)
    headers = HeadersField(help_text="The whole FITS header")
    filename = serializers.CharField(read_only=True, help_text="Name of the newest file")
    url = serializers.CharField(read_only=True, help_text="Link to the newest file")
    reduction_level = serializers.IntegerField(required=False, min_value=0, max_value=INT16_MAX)
    observation_day = serializers.DateField(input_formats=["%Y%m%d", "iso-8601"])
    observation_date = serializers.DateTimeField(required=False, allow_null=True, help_text="UTC")
    proposal_id = serializers.CharField(required=False, allow_blank=True, max_length=64)
    instrument_id = serializers.CharField(required=False, allow_blank=True, max_length=64)
    target_name = serializers.CharField(required=False, allow_blank=True, max_length=1000)
    site_id = serializers.CharField(required=False, allow_blank=True, max_length=64)
    telescope_id = serializers.CharField(required=False, allow_blank=True, max_length=64)
    exposure_time = serializers.FloatField(required=False, allow_null=True, min_value=0, max_value=LONGEST_EXPOSURE_S)
    primary_optical_element = serializers.CharField(required=False, allow_blank=True, max_length=100)
    public_date = serializers.DateTimeField(required=False, allow_null=True, help_text="UTC")
    configuration_type = serializers.ChoiceField(choices=())
    observation_id = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=INT32_MAX)
    request_id = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=INT32_MAX)
    related_frame_filenames = serializers.ListField(
        child=serializers.CharField(max_length=1000, allow_blank=True, validators=[RegexValidator(NAME_PATTERN)])
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["configuration_type"].choices = sorted(configuration_types())  # type: ignore[attr-defined]
        return fields

    def validate_basename(self, value: str) -> str:
        if self.instance is not None and value != self.instance.basename:
            raise serializers.ValidationError("A frame keeps its name: post the file under the new one.")
        return value

    def validate_exposure_time(self, value: float | None) -> float | None:
        if value is not None and math.isnan(value):
            raise serializers.ValidationError("A valid number is required.")
        return value

    def validate_area(self, value: dict[str, Any] | None) -> Ring | None:
        if value is None:
            return None
        if not isinstance(value, dict):
            raise serializers.ValidationError("Give a GeoJSON Polygon, or null.")
        try:
            ring = sky.ring_of_geojson(value)
            sky.polygon_of(ring)
        except UsageError as error:
            raise serializers.ValidationError(str(error)) from error
        return ring

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None:
            attrs |= _parted_anew(attrs)
        basename = attrs["basename"] if self.instance is None else self.instance.basename
        attrs["version_set"] = [version for version in attrs.get("version_set", ()) if not self.holds(version)]
        faults = _already_held(basename, attrs["version_set"])
        if any(faults):
            raise serializers.ValidationError({"version_set": faults})
        return attrs

    def standing(self) -> Frame | None:
        """The frame that is changed."""
        return self.instance

    def holds(self, version: Mapping[str, str]) -> bool:
        """Whether the frame has just this version: a client may send what it read back together with its change."""
        same = {"md5": version["md5"], "extension": version["extension"], "object__version_id": version["key"]}
        return self.instance is not None and bool(self.instance.versions.filter(**same).exists())

    def record(self) -> FrameRecord:
        """The frame as the archive's own translators would describe it; what was not sent is as it stands."""
        values = self.validated_data
        frame = self.standing()
        standing = {} if frame is None else {name: getattr(frame, name) for name in COLUMNS}
        columns = {"observation_date": None, "public_date": None, **standing}
        columns |= {name: values[name] for name in COLUMNS if name in values}
        return FrameRecord(
            basename=values["basename"] if self.instance is None else self.instance.basename,
            extension=values["version_set"][0]["extension"] if values["version_set"] else "",
            footprint=values.get("area"),
            related=self._related(columns["configuration_type"]),
            headers=values.get("headers", {}),
            **columns,
        )

    def versions(self) -> list[PostedVersion]:
        day = str(self.initial_data.get("observation_day") or "")
        return [PostedVersion(**version, day=day) for version in self.validated_data["version_set"]]

    def sent(self) -> frozenset[str]:
        """What the client sent: of a frame that exists only this changes."""
        return EVERYTHING & frozenset(self.validated_data)

    def accepted(self) -> dict[str, Any]:
        """What the door for posted frames is given."""
        return {"record": self.record(), "versions": self.versions(), "sent": self.sent()}

    def _related(self, configuration_type: str) -> tuple[RelatedName, ...]:
        """Names as posted, and what the header says of how they are related."""
        values = self.validated_data
        own = values["basename"] if self.instance is None else self.instance.basename
        is_catalogue = configuration_type == CATALOGUE
        known = {
            name.basename: name
            for name in related_names(
                values.get("headers", {}), own=own, is_catalogue=is_catalogue, rules=settings.HEADER_RULES
            )
        }
        posted = dict.fromkeys(name for name in values.get("related_frame_filenames", ()) if name and name != own)
        return tuple(known.get(name, RelatedName(name, RelationKind.RELATED)) for name in posted)


def _parted_anew(values: Mapping[str, Any]) -> dict[str, Any]:
    """Name and versions of the adaptive-optics camera's files, which clients part at their first dot.

    The file's whole name, and with it the path of its bytes, stays as it is.
    """
    basename, versions = values["basename"], []
    for version in values.get("version_set", ()):
        extension, filename = version["extension"], values["basename"] + version["extension"]
        try:
            read_name(filename)
        except UsageError as error:
            raise serializers.ValidationError({"basename": [str(error)]}) from error
        if (parts := split_exposure(filename)) is not None:
            basename, extension = parts
        versions.append({**version, "extension": extension})
    return {"basename": basename, "version_set": versions}


@contextmanager
def refused_as_field() -> Iterator[None]:
    """Another request may bring the same bytes after the body was checked: the answer is the same as before that."""
    try:
        yield
    except ConflictError as error:
        raise serializers.ValidationError({"version_set": [{"md5": [str(error)]}]}) from error


def _already_held(basename: str, versions: list[dict[str, str]]) -> list[dict[str, list[str]]]:
    """For each version what is wrong with it because the archive, or the body itself, holds the same already."""
    keys = held_keys(basename=basename, md5s=[version["md5"] for version in versions])
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
