"""What a site's configuration must say, and what it may."""

from typing import Any
from zoneinfo import ZoneInfo

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from archive.errors import UsageError

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Site configuration",
    "description": "Keys beside these are kept as they are.",
    "type": "object",
    "required": ["name", "latitude_deg", "longitude_deg", "elevation_m", "timezone"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "latitude_deg": {"type": "number", "minimum": -90, "maximum": 90, "description": "North positive"},
        "longitude_deg": {"type": "number", "minimum": -180, "maximum": 180, "description": "East positive"},
        "elevation_m": {"type": "number", "minimum": -500, "maximum": 9000, "description": "Above the ellipsoid"},
        "timezone": {"type": "string", "format": "timezone", "description": "IANA name, such as America/Santiago"},
        "flats_sun_altitude_deg": {
            "type": "array",
            "description": "Sky flats are taken while the Sun is between these altitudes; by default -2 and -10",
            "items": {"type": "number", "minimum": -18, "maximum": 10},
            "minItems": 2,
            "maxItems": 2,
            "uniqueItems": True,
        },
        "instruments": {
            "type": "object",
            "description": "Code of each instrument, and whatever is to be known of it",
            "additionalProperties": {"type": "object"},
        },
    },
}
MOST_FAULTS = 10  # told at once
LONGEST_FAULT = 200


def _is_timezone(value: object) -> bool:
    return not isinstance(value, str) or bool(ZoneInfo(value))  # what is no text is the type's fault, not the format's


FORMATS = FormatChecker(formats=())
FORMATS.checks("timezone", raises=(ValueError, OSError, LookupError))(_is_timezone)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FORMATS)


def require_valid(configuration: object) -> None:
    """Raise UsageError, which names each key that is wrong, unless this can be a site's configuration."""
    faults = [_told(error) for error in VALIDATOR.iter_errors(configuration)]
    if faults:
        raise UsageError(f"this is no configuration of a site: {'; '.join(sorted(faults)[:MOST_FAULTS])}.")


def _told(error: ValidationError) -> str:
    place = ".".join(str(part) for part in error.absolute_path) or "the whole"
    message = error.message
    if error.validator == "format":
        message = f"{error.instance!r} is no time zone that is known, such as America/Santiago"
    told = f"{place}: {message}"[:LONGEST_FAULT]
    return told.encode(errors="backslashreplace").decode()  # half a letter, which JSON can hold, can not be sent back
