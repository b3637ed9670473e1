"""The calendar of a night at a site, by the site's configuration; worked out once, then out of the cache."""

from datetime import date, datetime
from typing import Any

from django.core.cache import cache

from archive.domain import almanac, sites
from archive.domain.almanac import TWILIGHTS_DEG, Night, Place

LIFETIME_S = 86_400
CODE_VERSION = 1  # raise it when the same place would have other times
DEFAULT_FLATS_DEG = (-2.0, -10.0)


def calendar_of(site_id: str, night: date | None, *, at: datetime) -> tuple[date, Place, Night]:
    """All that happens in one night at a site: by default the one that it is there at `at`, or that comes next.

    Raises NotFoundError when the site has no configuration, UsageError for a night too far away.
    """
    configuration: dict[str, Any] = sites.configuration_of(site_id).configuration or {}
    place = Place(
        latitude_deg=float(configuration["latitude_deg"]),
        longitude_deg=float(configuration["longitude_deg"]),
        elevation_m=float(configuration["elevation_m"]),
        timezone=configuration["timezone"],
    )
    first, second = configuration.get("flats_sun_altitude_deg", DEFAULT_FLATS_DEG)
    chosen = night or almanac.night_at(place, at)
    return chosen, place, _night_of(place, chosen, (float(first), float(second)))


def _night_of(place: Place, night: date, flats_deg: tuple[float, float]) -> Night:
    # The key holds all that the answer depends on: a changed configuration has a key of its own.
    numbers = f"{place.latitude_deg}:{place.longitude_deg}:{place.elevation_m}:{flats_deg[0]}:{flats_deg[1]}"
    key = f"calendar:{CODE_VERSION}:{night}:{place.timezone}:{numbers}"
    held = cache.get(key)
    if isinstance(held, Night):
        return held
    made = almanac.night_of(place, night, flats_deg=flats_deg)
    cache.set(key, made, LIFETIME_S)
    return made


def remarks_of(night: Night) -> list[str]:
    """One sentence for each thing that the Sun or the Moon does not do in this night."""
    remarks = []
    for name, times in night.sun.items():
        if times.below.start is None and times.below.end is None:
            where = "the horizon" if name == "sunset" else f"{TWILIGHTS_DEG[name]:g} degrees ({name} twilight)"
            remarks.append(f"the Sun stays {'above' if times.is_above else 'below'} {where} from noon to noon.")
    if night.moonrise is None and night.moonset is None:
        remarks.append(f"the Moon stays {'above' if night.moon_is_up else 'below'} the horizon from noon to noon.")
    return remarks
