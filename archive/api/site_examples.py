"""Examples of the OpenAPI document for sites and their nights."""

from typing import Any

CONFIGURATION: dict[str, Any] = {
    "name": "Cerro Tololo",
    "latitude_deg": -30.1674,
    "longitude_deg": -70.8048,
    "elevation_m": 2198.0,
    "timezone": "America/Santiago",
}
VERSION = {"site": "lsc", "version": 1, "changed_at": "2026-11-27T12:00:00Z", "configuration": CONFIGURATION}
VERSIONS = {"results": [VERSION]}
NOTE_SENT = {"text": "Thin cloud until midnight.", "audience": "all", "ttl_hours": 48}
NOTE = {
    "id": 3,
    "site": "lsc",
    "text": NOTE_SENT["text"],
    "audience": "all",
    "written_at": "2026-11-27T12:00:00Z",
    "expires_at": "2026-11-29T12:00:00Z",
}
NOTES = {"results": [NOTE]}
CALENDAR = {
    "site": "lsc",
    "night": "2026-11-27",
    "timezone": "America/Santiago",
    "noon": "2026-11-27T16:30:42Z",
    "sunset": "2026-11-27T23:27:31Z",
    "civil_dusk": "2026-11-27T23:54:02Z",
    "nautical_dusk": "2026-11-28T00:27:05Z",
    "astronomical_dusk": "2026-11-28T01:01:58Z",
    "middle": "2026-11-28T04:30:52Z",
    "astronomical_dawn": "2026-11-28T08:00:10Z",
    "nautical_dawn": "2026-11-28T08:35:04Z",
    "civil_dawn": "2026-11-28T09:08:08Z",
    "sunrise": "2026-11-28T09:34:40Z",
    "next_noon": "2026-11-28T16:31:02Z",
    "evening_flats": {"start": "2026-11-27T23:32:00Z", "end": "2026-11-27T23:58:00Z"},
    "morning_flats": {"start": "2026-11-28T09:04:00Z", "end": "2026-11-28T09:30:00Z"},
    "moonrise": "2026-11-28T01:40:12Z",
    "moonset": None,
    "moon_illumination": 0.83,
    "remarks": ["The Moon does not set in this night."],
}
