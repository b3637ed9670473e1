"""Sun and Moon over a place through one night: computed here, with nothing asked of the Internet.

Places of the Sun and the Moon are astropy's built-in ones (ERFA); the Earth's turn is the IAU 2006 model with UT1 taken
as UTC and TT as UTC + 69.184 s, so that no table is needed which has an end. All of this is right to two seconds of
time from 1960 to 2060. Rise and set are those of almanacs: upper limb, a horizon at sea level, 34' of refraction.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import erfa
import numpy as np
from astropy import units as u
from astropy.coordinates import get_body, get_sun
from astropy.time import Time
from astropy.utils import data, iers
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from archive.errors import UsageError

iers.conf.auto_download = False
data.conf.allow_internet = False

FIRST_YEAR, LAST_YEAR = 1900, 2100  # of the built-in ephemerides
J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
J2000_JD = 2451545.0
TT_MINUS_UTC = timedelta(seconds=69.184)
DAY = timedelta(days=1)
STEPS = 289  # five minutes apart; splines between them are right to milliseconds
REFRACTION_DEG = 34 / 60
SUN_RADIUS_DEG = 16 / 60
MOON_RADIUS_KM = 1737.4
HORIZON_DEG = -REFRACTION_DEG - SUN_RADIUS_DEG
TWILIGHTS_DEG = {"civil": -6.0, "nautical": -12.0, "astronomical": -18.0}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site is; `timezone` tells which date a night has there."""

    latitude_deg: float
    longitude_deg: float  # east
    elevation_m: float
    timezone: str


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment on up to another; None where this night has no such moment."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class SunTimes:
    """When the Sun goes below an altitude and comes back."""

    below: Span
    is_above: bool  # at the noon before the night; where it neither goes nor comes, all the time


@dataclass(frozen=True, slots=True)
class Night:
    """From one solar noon to the next."""

    noon: Span
    sun: dict[str, SunTimes]  # "sunset", and each of TWILIGHTS_DEG
    evening_flats: Span | None
    morning_flats: Span | None
    middle: datetime
    moonrise: datetime | None
    moonset: datetime | None
    moon_is_up: bool  # at the noon before the night; where it neither rises nor sets, all the time
    moon_illumination: float  # lit fraction of the disc at `middle`


def night_at(place: Place, now: datetime) -> date:
    """The night that it is, or that comes next: the local date at the last solar noon."""
    today = now.astimezone(ZoneInfo(place.timezone)).date()
    return today if now >= _solar_noon(place, today) else today - DAY


def night_of(place: Place, night: date, *, flats_deg: tuple[float, float]) -> Night:
    """All that happens in the night that begins on the local date `night`.

    flats_deg : altitudes of the Sun between which sky flats are taken, in any order.

    Raises UsageError when the ephemerides do not reach so far.
    """
    if not FIRST_YEAR < night.year < LAST_YEAR:
        raise UsageError(f"the calendar reaches from {FIRST_YEAR + 1} to {LAST_YEAR - 1}: choose a night between.")
    noon = _solar_noon(place, night)
    next_noon = _solar_noon(place, night + DAY)
    grid = _Grid(place, noon, next_noon)
    sun = {"sunset": grid.sun_below(HORIZON_DEG)}
    sun |= {name: grid.sun_below(altitude_deg) for name, altitude_deg in TWILIGHTS_DEG.items()}
    high, low = (grid.sun_below(altitude_deg) for altitude_deg in sorted(flats_deg, reverse=True))
    middle = noon + (next_noon - noon) / 2
    rise, sets, is_up = grid.moon()
    return Night(
        noon=Span(noon, next_noon),
        sun=sun,
        evening_flats=_flats((high, low), (high.below.start, low.below.start), Span(noon, middle)),
        morning_flats=_flats((high, low), (high.below.end, low.below.end), Span(next_noon, middle)),
        middle=middle,
        moonrise=rise,
        moonset=sets,
        moon_is_up=is_up,
        moon_illumination=_moon_illumination(middle),
    )


def _flats(
    sun: tuple[SunTimes, SunTimes], moments: tuple[datetime | None, datetime | None], night: Span
) -> Span | None:
    """When the Sun is between two altitudes, on one side of the night.

    sun, moments : of the higher altitude and of the lower one.
    night : the noon on this side, from which flats can be taken in winter, and the middle, to which in summer.
    """
    bright = moments[0] or (None if sun[0].is_above else night.start)
    dark = moments[1] or (night.end if sun[1].is_above else None)
    return None if bright is None or dark is None else Span(min(bright, dark), max(bright, dark))


class _Grid:
    """Sun and Moon at five-minute steps through one night."""

    def __init__(self, place: Place, start: datetime, end: datetime) -> None:
        self._start = start
        self._seconds = np.linspace(0, (end - start).total_seconds(), STEPS)
        times = [start + timedelta(seconds=second) for second in self._seconds]
        self._sun_sine, _ = _above_horizon(place, times, _sun_km(times))
        self._moon_sine, self._moon_km = _above_horizon(place, times, _moon_km(times))

    def sun_below(self, altitude_deg: float) -> SunTimes:
        # Of sines, which are smooth also where the Sun passes near the zenith.
        height = self._sun_sine - np.sin(np.radians(altitude_deg))
        down, up = self._crossings(height)
        return SunTimes(Span(down, up), is_above=bool(height[0] > 0))

    def moon(self) -> tuple[datetime | None, datetime | None, bool]:
        """When it rises and sets, and whether it is up at the start."""
        radius = np.arcsin(MOON_RADIUS_KM / self._moon_km)
        height = self._moon_sine + np.sin(radius + np.radians(REFRACTION_DEG))
        down, up = self._crossings(height)
        return up, down, bool(height[0] > 0)

    def _crossings(self, height: Floats) -> tuple[datetime | None, datetime | None]:
        """The first moments at which a height becomes negative, and positive."""
        curve = CubicSpline(self._seconds, height)
        roots = [float(root) for root in curve.roots(extrapolate=False)]
        slope = curve.derivative()
        down = next((root for root in roots if slope(root) < 0), None)
        up = next((root for root in roots if slope(root) > 0), None)
        return self._at(down), self._at(up)

    def _at(self, seconds: float | None) -> datetime | None:
        return None if seconds is None else self._start + timedelta(seconds=seconds)


def _solar_noon(place: Place, day: date) -> datetime:
    """When the Sun is highest, nearest to the noon of the clocks on this local date."""
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(place.timezone)).astimezone(UTC)
    for _ in range(2):  # the Sun moves among the stars meanwhile: the second time is right to a second
        sun = _earth_fixed([noon], _sun_km([noon]))[0]
        hour_angle_deg = place.longitude_deg - np.degrees(np.arctan2(sun[1], sun[0]))
        noon -= DAY * float((hour_angle_deg + 180) % 360 - 180) / 360
    return noon


def _above_horizon(place: Place, times: list[datetime], body_km: Floats) -> tuple[Floats, Floats]:
    """Sine of a body's altitude without refraction, and its distance, km, as seen from the place."""
    longitude, latitude = np.radians([place.longitude_deg, place.latitude_deg])
    here_km = erfa.gd2gc(erfa.WGS84, longitude, latitude, place.elevation_m) / 1000
    up = np.array([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)])
    seen = _earth_fixed(times, body_km) - here_km
    distance = np.linalg.norm(seen, axis=1)
    return seen @ up / distance, distance


def _earth_fixed(times: list[datetime], body_km: Floats) -> Floats:
    """From the celestial frame to the one that turns with the Earth, (n, 3)."""
    ut, tt = _days(times), _days(times, after=TT_MINUS_UTC)
    of_date = np.einsum("nij,nj->ni", erfa.pnm06a(J2000_JD, tt), body_km)
    angle = erfa.gst06a(J2000_JD, ut, J2000_JD, tt)
    x, y, z = of_date.T
    return np.stack([x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle), z], axis=1)


def _sun_km(times: list[datetime]) -> Floats:
    """Apparent place of the Sun, GCRS, (n, 3)."""
    return np.asarray(get_sun(_terrestrial(times)).cartesian.xyz.to_value(u.km).T)


def _moon_km(times: list[datetime]) -> Floats:
    return np.asarray(get_body("moon", _terrestrial(times), ephemeris="builtin").cartesian.xyz.to_value(u.km).T)


def _moon_illumination(at: datetime) -> float:
    sun, moon = _sun_km([at])[0], _moon_km([at])[0]
    to_sun, to_earth = sun - moon, -moon
    cosine = to_sun @ to_earth / (np.linalg.norm(to_sun) * np.linalg.norm(to_earth))
    return float((1 + cosine) / 2)


def _terrestrial(times: list[datetime]) -> Time:
    return Time(J2000_JD, _days(times, after=TT_MINUS_UTC), format="jd", scale="tt")


def _days(times: list[datetime], *, after: timedelta = timedelta()) -> Floats:
    """Days since J2000, of UTC unless it is put off."""
    return np.array([(at + after - J2000) / DAY for at in times])
