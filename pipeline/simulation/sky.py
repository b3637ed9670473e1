"""Where a target stands: enough of spherical astronomy for plausible headers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    latitude_deg: float
    longitude_deg: float  # east


def sidereal_deg(place: Place, at: datetime) -> float:
    """Mean sidereal time of a place, as an angle."""
    days = (at - J2000) / timedelta(days=1)
    return float((280.46061837 + 360.98564736629 * days + place.longitude_deg) % 360)


def azimuth_elevation_deg(place: Place, *, hour_angle_deg: float, dec_deg: float) -> tuple[float, float]:
    """Azimuth from north through east, and elevation without refraction."""
    hour_angle, dec, latitude = np.radians([hour_angle_deg, dec_deg, place.latitude_deg])
    north = np.cos(latitude) * np.sin(dec) - np.sin(latitude) * np.cos(dec) * np.cos(hour_angle)
    east = -np.cos(dec) * np.sin(hour_angle)
    up = np.sin(latitude) * np.sin(dec) + np.cos(latitude) * np.cos(dec) * np.cos(hour_angle)
    return float(np.degrees(np.arctan2(east, north)) % 360), float(np.degrees(np.arcsin(up)))


def sexagesimal(value: float, *, decimals: int, sign: bool) -> str:
    """`HH:MM:SS.ss` or, with its sign, `+DD:MM:SS.s`; the sign stands before everything: -00:30:15.0."""
    units = round(abs(value) * 3600 * 10**decimals)
    seconds, fraction = divmod(units, 10**decimals)
    minutes, seconds = divmod(seconds, 60)
    whole, minutes = divmod(minutes, 60)
    before = ("-" if value < 0 else "+") if sign else ""
    return f"{before}{whole:02d}:{minutes:02d}:{seconds:02d}.{fraction:0{decimals}d}"
