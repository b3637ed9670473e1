"""The calendar of a night against almanacs, against another formula, at the poles, and with no network."""

import math
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, get_body
from astropy.time import Time
from django.core.cache import cache

from archive.domain import almanac, calendar, sites
from archive.domain.almanac import Place, night_at, night_of
from archive.errors import NotFoundError, UsageError
from tests.processes import ROOT

FLATS = (-2.0, -10.0)
LSC = Place(-30.1673833, -70.8047889, 2198, "America/Santiago")
CPT = Place(-32.3805542, 20.8101083, 1804, "Africa/Johannesburg")
OGG = Place(20.7069444, -156.2575, 3037, "Pacific/Honolulu")
GREENWICH = Place(51.4769, 0.0, 46, "Europe/London")
TROMSO = Place(69.6496, 18.956, 0, "Europe/Oslo")
SVALBARD = Place(78.2232, 15.6267, 0, "Arctic/Longyearbyen")
KIRITIMATI = Place(1.87, -157.4, 3, "Pacific/Kiritimati")  # UTC+14, on the longitude of Hawaii
MINUTE = timedelta(minutes=1)


def noaa_altitude_deg(place: Place, at: datetime) -> float:
    """Altitude of the Sun's centre without refraction, by the formulae of NOAA's solar calculator (Meeus, ch. 25)."""
    century = ((at - datetime(2000, 1, 1, 12, tzinfo=UTC)) / timedelta(days=1)) / 36525
    mean_longitude = (280.46646 + century * (36000.76983 + century * 0.0003032)) % 360
    anomaly = math.radians(357.52911 + century * (35999.05029 - 0.0001537 * century))
    eccentricity = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)
    centre = (
        math.sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
        + math.sin(2 * anomaly) * (0.019993 - 0.000101 * century)
        + math.sin(3 * anomaly) * 0.000289
    )
    node = math.radians(125.04 - 1934.136 * century)
    longitude = math.radians(mean_longitude + centre - 0.00569 - 0.00478 * math.sin(node))
    obliquity = math.radians(
        23 + (26 + (21.448 - century * (46.815 + century * (0.00059 - century * 0.001813))) / 60) / 60
        + 0.00256 * math.cos(node)
    )  # fmt: skip
    declination = math.asin(math.sin(obliquity) * math.sin(longitude))
    y = math.tan(obliquity / 2) ** 2
    mean = math.radians(mean_longitude)
    equation_of_time_min = 4 * math.degrees(
        y * math.sin(2 * mean)
        - 2 * eccentricity * math.sin(anomaly)
        + 4 * eccentricity * y * math.sin(anomaly) * math.cos(2 * mean)
        - 0.5 * y * y * math.sin(4 * mean)
        - 1.25 * eccentricity**2 * math.sin(2 * anomaly)
    )
    minutes = (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) / MINUTE
    hour_angle = math.radians((minutes + equation_of_time_min + 4 * place.longitude_deg) / 4 - 180)
    latitude = math.radians(place.latitude_deg)
    return math.degrees(
        math.asin(
            math.sin(latitude) * math.sin(declination)
            + math.cos(latitude) * math.cos(declination) * math.cos(hour_angle)
        )
    )


ALTITUDES = {"sunset": -50 / 60, "civil": -6.0, "nautical": -12.0, "astronomical": -18.0}


@pytest.mark.parametrize("place", [LSC, CPT, OGG, GREENWICH, KIRITIMATI], ids=lambda place: place.timezone)
@pytest.mark.parametrize("night", [date(2026, 1, 1), date(2025, 3, 20), date(2027, 6, 21), date(1985, 10, 31)])
def test_the_sun_is_where_noaa_s_formula_has_it_within_a_minute(place, night):
    found = night_of(place, night, flats_deg=FLATS)
    for name, altitude_deg in ALTITUDES.items():
        below = found.sun[name].below
        if below.start is None:  # Greenwich in June: no astronomical night
            middle = noaa_altitude_deg(place, found.middle)
            assert (name, middle > altitude_deg) == ("astronomical", True)
            continue
        before, after = (noaa_altitude_deg(place, below.start + step) for step in (-MINUTE, MINUTE))
        assert before > altitude_deg > after
        before, after = (noaa_altitude_deg(place, below.end + step) for step in (-MINUTE, MINUTE))
        assert before < altitude_deg < after
    assert found.noon.start < found.sun["sunset"].below.start < found.middle < found.sun["sunset"].below.end


# U.S. Naval Observatory and HM Nautical Almanac Office, to the minute; local time turned into UTC.
@pytest.mark.parametrize(
    ("place", "night", "sunset", "sunrise"),
    [
        (Place(40.7128, -74.006, 0, "America/New_York"), date(2024, 1, 1), "2024-01-01T21:39", "2024-01-02T12:20"),
        (GREENWICH, date(2024, 6, 20), "2024-06-20T20:21", "2024-06-21T03:43"),
    ],
)
def test_sunset_and_sunrise_are_the_almanac_s(place, night, sunset, sunrise):
    below = night_of(place, night, flats_deg=FLATS).sun["sunset"].below
    for found, told in ((below.start, sunset), (below.end, sunrise)):
        assert abs(found - datetime.fromisoformat(told).replace(tzinfo=UTC)) < MINUTE


# Instants of the Moon's phases (Astronomical Almanac); the lit fraction of a quarter is one half, within a percent.
@pytest.mark.parametrize(
    ("at", "lit", "within"),
    [
        ("2024-01-25T17:54", 1.0, 0.005),  # full
        ("2024-04-08T18:21", 0.0, 0.005),  # new: a total eclipse of the Sun
        ("2024-01-18T03:53", 0.5, 0.01),  # first quarter
        ("2024-02-02T23:18", 0.5, 0.01),  # last quarter
        ("2000-01-21T04:40", 1.0, 0.005),  # full: a total eclipse of the Moon
    ],
)
def test_the_moon_is_lit_as_its_phase_says(at, lit, within):
    assert almanac._moon_illumination(datetime.fromisoformat(at).replace(tzinfo=UTC)) == pytest.approx(lit, abs=within)


def test_a_full_moon_rises_about_sunset_and_sets_about_sunrise():
    found = night_of(CPT, date(2024, 1, 25), flats_deg=FLATS)
    below = found.sun["sunset"].below
    assert abs(found.moonrise - below.start) < timedelta(minutes=30)
    assert abs(found.moonset - below.end) < timedelta(hours=1)
    assert found.moon_illumination > 0.99


# astropy's own transformation, with its bundled tables of the Earth's turn, which our routine does without.
@pytest.mark.parametrize("night", [date(2024, 2, 11), date(2025, 8, 3), date(2022, 5, 5)])
@pytest.mark.parametrize("place", [LSC, OGG, GREENWICH], ids=lambda place: place.timezone)
def test_the_moon_is_on_the_horizon_by_astropy_s_own_transformation(place, night):
    found = night_of(place, night, flats_deg=FLATS)
    where = EarthLocation.from_geodetic(place.longitude_deg, place.latitude_deg, place.elevation_m)
    moments = [at for at in (found.moonrise, found.moonset) if at is not None]
    assert moments
    for at in moments:
        moment = Time(at.replace(tzinfo=None), scale="utc")
        moon = get_body("moon", moment, where).transform_to(AltAz(obstime=moment, location=where))
        radius_deg = math.degrees(math.asin(1737.4 / moon.distance.to_value(u.km)))
        limb_deg = moon.alt.deg + radius_deg + 34 / 60
        assert abs(limb_deg) < 15 / 60 / 4  # a quarter of a minute, in which the sky turns by so much


class TestHighLatitudes:
    def test_in_summer_the_sun_does_not_set(self, api, admin):
        found = night_of(TROMSO, date(2026, 6, 21), flats_deg=FLATS)
        assert all(times.below.start is times.below.end is None and times.is_above for times in found.sun.values())
        assert found.evening_flats is found.morning_flats is None

    def test_in_winter_it_does_not_rise_and_there_still_are_twilights(self):
        found = night_of(TROMSO, date(2026, 12, 21), flats_deg=FLATS)
        sunset, civil = found.sun["sunset"], found.sun["civil"]
        assert (sunset.below.start, sunset.below.end, sunset.is_above) == (None, None, False)
        assert found.noon.start < civil.below.start < found.middle < civil.below.end < found.noon.end
        assert (found.evening_flats.start, found.morning_flats.end) == (found.noon.start, found.noon.end)

    def test_the_first_sunset_after_the_midnight_sun_comes_just_before_the_first_sunrise(self):
        nights = [date(2026, 7, 1) + timedelta(days=day) for day in range(60)]
        found = (night_of(TROMSO, night, flats_deg=FLATS).sun["sunset"].below for night in nights)
        first = next(below for below in found if below.start is not None)
        assert timedelta() < first.end - first.start < timedelta(hours=2)
        assert first.start.hour in {22, 23}  # about midnight by the Sun

    def test_the_moon_may_stay_up_or_down(self):
        kinds = set()
        for day in range(28):
            found = night_of(SVALBARD, date(2026, 12, 1) + timedelta(days=day), flats_deg=FLATS)
            if found.moonrise is None and found.moonset is None:
                kinds.add(found.moon_is_up)
        assert kinds == {True, False}

    @pytest.mark.parametrize("latitude_deg", [-90, 90])
    @pytest.mark.parametrize("month", range(1, 13))
    def test_at_the_poles_there_is_an_answer(self, latitude_deg, month):
        night_of(Place(latitude_deg, 0, 2800, "UTC"), date(2026, month, 21), flats_deg=FLATS)


def test_the_night_is_the_local_date_at_sunset():
    for place in (LSC, CPT, OGG, KIRITIMATI):
        found = night_of(place, date(2026, 3, 1), flats_deg=FLATS)
        assert found.sun["sunset"].below.start.astimezone(ZoneInfo(place.timezone)).date() == date(2026, 3, 1)
        for at in (found.noon.start, found.middle, found.noon.end - timedelta(seconds=5)):
            assert night_at(place, at + timedelta(seconds=2)) == date(2026, 3, 1)
        assert night_at(place, found.noon.end + timedelta(seconds=5)) == date(2026, 3, 2)


def test_flats_are_between_two_altitudes_of_the_sun():
    found = night_of(LSC, date(2026, 3, 1), flats_deg=(-10.0, -2.0))
    for at, altitude_deg in (
        (found.evening_flats.start, -2), (found.evening_flats.end, -10),
        (found.morning_flats.start, -10), (found.morning_flats.end, -2),
    ):  # fmt: skip
        assert noaa_altitude_deg(LSC, at) == pytest.approx(altitude_deg, abs=0.1)


@pytest.mark.parametrize("night", [date(1900, 12, 31), date(2100, 1, 1), date(1, 1, 1), date(9999, 12, 31)])
def test_nights_beyond_the_ephemerides_are_refused(night):
    with pytest.raises(UsageError, match="1901 to 2099"):
        night_of(LSC, night, flats_deg=FLATS)


class TestTheRoute:
    WHERE = "/sites/lsc/calendar/"

    @pytest.fixture(autouse=True)
    def site(self, db, now):
        cache.clear()
        configuration = {
            "name": "Cerro Tololo", "latitude_deg": LSC.latitude_deg, "longitude_deg": LSC.longitude_deg,
            "elevation_m": LSC.elevation_m, "timezone": LSC.timezone,
        }  # fmt: skip
        sites.configure("lsc", configuration, by="admin", at=now)
        sites.configure(
            "tos", {**configuration, "latitude_deg": 69.65, "longitude_deg": 18.96, "timezone": "Europe/Oslo"},
            by="admin", at=now,
        )  # fmt: skip

    def test_times_are_utc_in_the_order_of_the_night(self, api):
        told = api(None).get(f"{self.WHERE}?night=2026-11-27").json()
        assert (told["site"], told["night"], told["timezone"]) == ("lsc", "2026-11-27", "America/Santiago")
        order = [
            "noon", "sunset", "civil_dusk", "nautical_dusk", "astronomical_dusk", "middle",
            "astronomical_dawn", "nautical_dawn", "civil_dawn", "sunrise", "next_noon",
        ]  # fmt: skip
        times = [datetime.fromisoformat(told[name]) for name in order]
        assert times == sorted(times)
        assert told["sunset"].startswith("2026-11-27T23:27")
        assert told["evening_flats"]["start"] < told["evening_flats"]["end"]
        assert (told["remarks"], 0 <= told["moon_illumination"] <= 1) == ([], True)

    def test_where_the_sun_does_not_set_it_says_so(self, api):
        told = api(None).get("/sites/tos/calendar/?night=2026-06-21").json()
        assert (told["sunset"], told["civil_dusk"], told["evening_flats"]) == (None, None, None)
        assert told["remarks"][0] == "the Sun stays above the horizon from noon to noon."
        told = api(None).get("/sites/tos/calendar/?night=2026-12-21").json()
        assert told["remarks"][0] == "the Sun stays below the horizon from noon to noon."

    def test_without_a_night_it_is_tonight(self):
        at = datetime(2026, 11, 28, 3, tzinfo=UTC)
        assert calendar.calendar_of("lsc", None, at=at)[0] == date(2026, 11, 27)

    @pytest.mark.parametrize(
        "night", ["yesterday", "2026-13-01", "2026-02-30", "20261127", "2026-11-27T00:00", "٢٠٢٦-11-27", "3000-01-01"]
    )
    def test_a_night_that_is_none_is_400(self, api, night):
        response = api(None).get(self.WHERE, {"night": night})
        assert (
            response.status_code,
            "2026-11-27" in response.json()["detail"] or "2099" in response.json()["detail"],
        ) == (400, True)

    def test_a_site_without_a_configuration_is_404(self, api):
        assert api(None).get("/sites/xyz/calendar/").status_code == 404
        with pytest.raises(NotFoundError):
            calendar.calendar_of("xyz", date(2026, 1, 1), at=datetime.now(UTC))

    def test_the_second_answer_comes_out_of_the_cache_and_a_changed_place_has_its_own(self, api, now, monkeypatch):
        first = api(None).get(f"{self.WHERE}?night=2026-11-27").json()
        with monkeypatch.context() as patched:
            patched.setattr(almanac, "FIRST_YEAR", 3000)  # it would refuse to work anything out
            assert api(None).get(f"{self.WHERE}?night=2026-11-27").json() == first
        changed = {**sites.configuration_of("lsc").configuration, "longitude_deg": -80.0}
        sites.configure("lsc", changed, by="admin", at=now)
        assert api(None).get(f"{self.WHERE}?night=2026-11-27").json()["sunset"] > first["sunset"]


NO_NETWORK = """
import os, sys
from datetime import date

sys.addaudithook(lambda event, _: os._exit(3) if event.startswith("socket.") else None)
from astropy.time import Time
from astropy.utils import iers
iers.LeapSeconds._today = lambda *_: Time("2040-01-01")  # every table that came with astropy is out of date
from archive.domain.almanac import Place, night_of

for year in (1910, 1960, 2026, 2090):
    place = Place(-30.17, -70.8, 2198, "America/Santiago")
    print(night_of(place, date(year, 5, 1), flats_deg=(-2, -10)).moon_illumination)
"""


def test_no_socket_is_opened_by_a_process_that_has_just_begun():
    command = [sys.executable, "-c", NO_NETWORK]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, len(done.stdout.split())) == (0, 4), done.stderr
