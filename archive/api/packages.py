"""A family and an info image as the packages that clients of Photon Ranch know, key by key."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from archive.domain.access import Links
from archive.domain.family_rows import FamilyRow
from archive.enums import ExposureKind, FileRole
from archive.models import Exposure, ExposureFile, InfoImage
from ingest.family_names import DIRECTORY_OF_KIND, LARGE_LEVELS, MEDIUM_LEVELS, THUMBNAIL_LEVEL


def image_package(row: FamilyRow, links: Links) -> dict[str, Any]:
    """One family.

    Right ascension in hours, other angles in degrees, times in milliseconds since 1970. A file that is not there, or
    that the reader may not see, has an empty link.
    """
    values = row.values
    ra_deg = values["ra_deg"]
    return {
        "image_id": values["id"],
        "base_filename": values["name"],
        "data_type": values["data_type"],
        "site": values["site_id"],
        "exposure_time": values["exposure_time"],
        "filter_used": values["primary_optical_element"],
        "right_ascension": None if ra_deg is None else ra_deg / 15.0,
        "declination": values["dec_deg"],
        "azimuth": values["azimuth_deg"],
        "altitude": values["altitude_deg"],
        "airmass": values["airmass"],
        "fits_01_exists": values["fits_01_exists"],
        "fits_10_exists": values["fits_10_exists"],
        "jpg_medium_exists": values["jpg_medium_exists"],
        "jpg_small_exists": values["jpg_small_exists"],
        "s3_directory": DIRECTORY_OF_KIND[ExposureKind(values["kind"])],
        "username": values["username"],
        "user_id": values["user_id"],
        "fits_filename": values["original_name"] or "",
        "fits_path": _fits_path(values),
        "SMARTSTK": values["stack"],
        "SSTKNUM": values["number_in_stack"],
        "capture_date": _milliseconds(values["observation_date"]),
        "sort_date": _milliseconds(values["sort_date"]),
        "jpg_url": _link(row.medium_picture, links),
        "jpg_thumbnail_url": _link(row.small_picture, links),
        "fits_01_url": _link(row.large_fits, links),
        "fits_10_url": _link(row.small_fits, links),
        "jpg_fault": row.medium_picture.fault if row.medium_picture else "",
        "frames": sorted({file.frame_id for file in row.files if file.frame_id is not None}),
    }


def info_image_package(image: InfoImage, exposure: Exposure, files: list[ExposureFile], links: Links) -> dict[str, Any]:
    """What a channel shows."""
    row = FamilyRow({}, files)
    package: dict[str, Any] = {
        "site": image.site_id,
        "channel": image.channel,
        "base_filename": exposure.name,
        "data_type": exposure.data_type,
        "file_date": _milliseconds(exposure.sort_date),
        "expiration_timestamp": _milliseconds(image.expires_at),
        "s3_directory": DIRECTORY_OF_KIND[ExposureKind.INFO_IMAGE],
        "header": exposure.header,
        "jpg_medium_exists": exposure.jpg_medium_exists,
        "jpg_small_exists": exposure.jpg_small_exists,
        "fits_01_exists": exposure.fits_01_exists,
        "fits_10_exists": exposure.fits_10_exists,
        "jpg_url": _link(row.medium_picture, links),
        "jpg_small_url": _link(row.small_picture, links),
        "fits_01_url": _link(row.large_fits, links),
        "fits_10_url": _link(row.small_fits, links),
    }
    for file in files:
        word = file.extension.split(".")[1].lower()
        package[f"{word}_{file.level:02d}_file_path"] = file.object.path
        if not _has_a_flag(file):
            package[f"other_{word}_{file.level:02d}_exists"] = True
    return package


def _has_a_flag(file: ExposureFile) -> bool:
    """Whether one of the four flags, or the header, tells of this file."""
    levels = {
        FileRole.FITS: LARGE_LEVELS | MEDIUM_LEVELS,
        FileRole.PICTURE: MEDIUM_LEVELS | {THUMBNAIL_LEVEL},
    }
    role = FileRole(file.role)
    return role in {FileRole.HEADER, FileRole.THUMBNAIL} or file.level in levels.get(role, frozenset())


def link_to(file: ExposureFile, links: Links) -> str:
    return links.to_object(file.object)


def _link(file: ExposureFile | None, links: Links) -> str:
    return "" if file is None else link_to(file, links)


def _fits_path(values: dict[str, Any]) -> str:
    """Folder of the raw file in stores that are laid out as the OCS has them."""
    site = values["site_key"] or values["site_id"]
    instrument = values["instrument_key"] or values["instrument_id"]
    return f"{site}/{instrument}/{values['night_key'] or values['night'].strftime('%Y%m%d')}/raw"


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


class PackageRepresentation(serializers.Serializer[Any]):
    """What `image_package` gives, for the OpenAPI document."""

    image_id = serializers.IntegerField()
    base_filename = serializers.CharField()
    data_type = serializers.CharField()
    site = serializers.CharField()
    exposure_time = serializers.FloatField(allow_null=True, help_text="s")
    filter_used = serializers.CharField()
    right_ascension = serializers.FloatField(allow_null=True, help_text="Hours")
    declination = serializers.FloatField(allow_null=True, help_text="Degrees")
    azimuth = serializers.FloatField(allow_null=True, help_text="Degrees")
    altitude = serializers.FloatField(allow_null=True, help_text="Degrees")
    airmass = serializers.FloatField(allow_null=True)
    fits_01_exists = serializers.BooleanField()
    fits_10_exists = serializers.BooleanField()
    jpg_medium_exists = serializers.BooleanField()
    jpg_small_exists = serializers.BooleanField()
    s3_directory = serializers.CharField()
    username = serializers.CharField()
    user_id = serializers.CharField()
    fits_filename = serializers.CharField(help_text="Header key ORIGNAME")
    fits_path = serializers.CharField(help_text="Its folder in a store that is laid out as the OCS has it")
    SMARTSTK = serializers.CharField(allow_null=True)
    SSTKNUM = serializers.CharField(allow_null=True)
    capture_date = serializers.IntegerField(allow_null=True, help_text="Milliseconds since 1970")
    sort_date = serializers.IntegerField(help_text="Milliseconds since 1970")
    jpg_url = serializers.CharField(help_text="Empty: there is none")
    jpg_thumbnail_url = serializers.CharField()
    fits_01_url = serializers.CharField()
    fits_10_url = serializers.CharField()
    jpg_fault = serializers.CharField(help_text="Why the picture has no thumbnail")
    frames = serializers.ListField(child=serializers.IntegerField(), help_text="Ids of its FITS files in /frames/")
