"""The clock of a site beside UTC: which sites of a night have one, and which of them the address asks for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from archive.domain import sites

CLOCK = "clock"  # of the address


@dataclass(frozen=True, slots=True)
class Clock:
    """A site's clock, by its configuration."""

    site_id: str
    zone: ZoneInfo
    is_here: bool


def clocks_of(site_ids: Collection[str], *, asked: str) -> Sequence[Clock]:
    """Clocks of those of these sites whose configuration names a zone; one statement, none without sites."""
    if not site_ids:
        return ()
    found = sites.current().filter(site__in=site_ids)
    zones = {each.site_id: str((each.configuration or {}).get("timezone", "")) for each in found}
    return [Clock(code, ZoneInfo(name), code == asked) for code, name in zones.items() if name]
