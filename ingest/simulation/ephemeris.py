"""Where the Sun and a target stand, to a hundredth of a degree: no tables, no downloads."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
STEP = timedelta(minutes=10)
DARK_ALTITUDE_DEG = -12.0  # of the Sun


@dataclass(frozen=True, slots=True)
class Site:
    id: str
    name: str
    latitude_deg: float
    longitude_deg: float  # east
    height_m: float


def altitude_deg(site: Site, at: datetime, *, ra_deg: float, dec_deg: float) -> float:
    """Altitude above the horizon, without refraction."""
    days = (at - J2000) / timedelta(days=1)
    sidereal_deg = 280.46061837 + 360.98564736629 * days + site.longitude_deg
    hour_angle, dec, latitude = np.radians([sidereal_deg - ra_deg, dec_deg, site.latitude_deg])
    return float(
        np.degrees(np.arcsin(np.sin(latitude) * np.sin(dec) + np.cos(latitude) * np.cos(dec) * np.cos(hour_angle)))
    )


def sun_altitude_deg(site: Site, at: datetime) -> float:
    """Altitude of the Sun (Astronomical Almanac, low-precision formula)."""
    days = (at - J2000) / timedelta(days=1)
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.radians(23.439)
    ra = np.degrees(np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude)))
    dec = np.degrees(np.arcsin(np.sin(obliquity) * np.sin(longitude)))
    return altitude_deg(site, at, ra_deg=float(ra), dec_deg=float(dec))


def airmass_at(altitude: float) -> float:
    """Airmass of an altitude in degrees (Pickering 2002)."""
    return float(1 / np.sin(np.radians(altitude + 244 / (165 + 47 * altitude**1.1))))


def local_noon(site: Site, night: date) -> datetime:
    """Mean solar noon, in UTC, before the night that begins on the local date `night`."""
    return datetime.combine(night, time(12), tzinfo=UTC) - timedelta(hours=site.longitude_deg / 15)


def sunset(site: Site, night: date) -> datetime:
    """When the Sun sinks below the horizon, to ten minutes."""
    at = local_noon(site, night)
    while sun_altitude_deg(site, at) > 0:
        at += STEP
    return at


def best_time(site: Site, night: date, *, ra_deg: float, dec_deg: float) -> datetime:
    """When a target stands highest while the Sun is at least 12 degrees below the horizon, to ten minutes."""
    times = [local_noon(site, night) + n * STEP for n in range(24 * 6)]
    dark = [at for at in times if sun_altitude_deg(site, at) < DARK_ALTITUDE_DEG]
    return max(dark, key=lambda at: altitude_deg(site, at, ra_deg=ra_deg, dec_deg=dec_deg))
