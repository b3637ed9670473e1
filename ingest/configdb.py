"""Instruments and their configuration types, asked of the observatory's configuration database.

An answer is good for an hour. While the database is away the last answer is used, however old; without any, the types
of CONFIGURATION_TYPES.
"""

from collections.abc import Iterator
from typing import Any

import requests
import structlog
from django.conf import settings
from django.core.cache import cache

FRESH_SECONDS = 3600
RETRY_SECONDS = 60  # how long a database that did not answer is left in peace
TIMEOUT_SECONDS = 5
FRESH_KEY, LAST_KEY = "configdb:fresh", "configdb:last"

logger = structlog.get_logger(__name__)
TypesOf = dict[str, frozenset[str]]


def configuration_types() -> frozenset[str]:
    """Every type that a frame may have: those of the settings, and those of any instrument."""
    return frozenset(settings.CONFIGURATION_TYPES).union(*instruments().values())


def instruments() -> TypesOf:
    """Configuration types by instrument id; nothing when no database is configured or none ever answered."""
    if not settings.CONFIGDB_URL:
        return {}
    fresh: TypesOf | None = cache.get(FRESH_KEY)
    if fresh is not None:
        return fresh
    try:
        found = _types_by_instrument(_asked())
    except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError) as error:
        found = cache.get(LAST_KEY) or {}
        cache.set(FRESH_KEY, found, RETRY_SECONDS)
        logger.warning("configdb_did_not_answer", error=str(error), instruments_known=len(found))
        return found
    cache.set(FRESH_KEY, found, FRESH_SECONDS)
    cache.set(LAST_KEY, found, None)
    return found


def _asked() -> Any:
    base = settings.CONFIGDB_URL.rstrip("/").removesuffix("/sites")  # BANZAI's setting of this name ends so
    answer = requests.get(f"{base}/sites/", timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    return answer.json()


def _types_by_instrument(tree: Any) -> TypesOf:
    """Walk sites, enclosures, telescopes down to instruments and their cameras."""
    found: TypesOf = {}
    for site in tree["results"]:
        for enclosure in site["enclosure_set"]:
            for telescope in enclosure["telescope_set"]:
                for instrument in telescope["instrument_set"]:
                    types = frozenset(_types_of(instrument))
                    for code in _codes_of(instrument):
                        found[code] = found.get(code, frozenset()) | types
    return found


def _types_of(instrument: dict[str, Any]) -> Iterator[str]:
    for entry in instrument["instrument_type"].get("configuration_types", ()):
        yield str(entry["code"])


def _codes_of(instrument: dict[str, Any]) -> Iterator[str]:
    """The instrument's own code and those of its cameras: frames carry either."""
    cameras = [*instrument.get("science_cameras", ()), *(instrument.get("guide_cameras", ()))]
    if instrument.get("autoguider_camera"):
        cameras.append(instrument["autoguider_camera"])
    for thing in (instrument, *cameras):
        if thing.get("code"):
            yield str(thing["code"])
