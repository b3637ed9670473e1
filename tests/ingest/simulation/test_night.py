from datetime import UTC, date, datetime, timedelta

import pytest

from archive.errors import UsageError
from ingest.simulation.ephemeris import Site, airmass_at, altitude_deg, best_time, sun_altitude_deg, sunset
from ingest.simulation.headers import sexagesimal
from ingest.simulation.night import PUBLIC_NIGHT, plan, recent_night, semester_of

RECENT = date(2026, 11, 1)


def test_a_star_on_the_meridian_stands_at_the_height_of_its_declination():
    # Meeus, Astronomical Algorithms, example 12.b: Greenwich sidereal time 8h 34m 57.0896s.
    at = datetime(1987, 4, 10, 19, 21, tzinfo=UTC)
    ra_deg = 15 * (8 + 34 / 60 + 57.0896 / 3600)
    assert altitude_deg(Site("x", "x", 50, 0, 0), at, ra_deg=ra_deg, dec_deg=20) == pytest.approx(60, abs=1e-3)
    assert altitude_deg(Site("x", "x", 0, 90, 0), at, ra_deg=ra_deg, dec_deg=0) == pytest.approx(0, abs=1e-3)


def test_from_the_pole_the_sun_stands_as_high_as_its_declination():
    # Meeus, example 25.a: 1992 October 13.0, declination -7.78507 degrees.
    at = datetime(1992, 10, 13, tzinfo=UTC)
    assert sun_altitude_deg(Site("x", "x", 90, 0, 0), at) == pytest.approx(-7.785, abs=0.02)


def test_the_sun_sets_near_six_at_the_equinox():
    at = sunset(Site("x", "x", 0, 0, 0), date(2025, 3, 20))
    assert datetime(2025, 3, 20, 17, 55, tzinfo=UTC) < at < datetime(2025, 3, 20, 18, 25, tzinfo=UTC)


@pytest.mark.parametrize(("altitude", "airmass"), [(90, 1.0), (60, 1.154), (30, 1.995), (10, 5.60)])
def test_airmass_is_that_of_the_tables(altitude, airmass):
    assert airmass_at(altitude) == pytest.approx(airmass, rel=0.005)


def test_the_best_time_is_dark_and_near_the_meridian_when_that_is_at_midnight():
    # On 21 December a target at right ascension 6h passes the meridian at midnight.
    site = Site("x", "x", 20, 0, 0)
    at = best_time(site, date(2025, 12, 21), ra_deg=90, dec_deg=20)
    assert abs(at - datetime(2025, 12, 22, tzinfo=UTC)) <= timedelta(minutes=10)


@pytest.mark.parametrize(
    ("today", "night"),
    [
        (date(2026, 11, 21), date(2026, 11, 1)),
        (date(2026, 11, 3), date(2026, 11, 1)),
        (date(2026, 11, 2), date(2026, 10, 1)),
        (date(2027, 1, 1), date(2026, 12, 1)),
    ],
)
def test_the_recent_night_changes_once_a_month_and_is_over(today, night):
    assert recent_night(today) == night


@pytest.mark.parametrize(
    ("night", "semester"),
    [
        (date(2026, 11, 1), "2026B"),
        (date(2027, 1, 31), "2026B"),
        (date(2027, 2, 1), "2027A"),
        (date(2025, 7, 1), "2025A"),
    ],
)
def test_semesters_begin_in_february_and_august(night, semester):
    assert semester_of(night) == semester


def test_the_plan_has_about_forty_files_of_three_formats_and_no_name_twice():
    names = [name for exposure in plan(RECENT) for name in exposure.filenames]
    assert len(names) == len(set(names)) == 43
    assert {name.split(".", 1)[1] for name in names} == {"fits", "fits.fz", "fits.gz"}
    assert "lsc1m005-fa15-20250309-0004-e91.fits.fz" in names


def test_every_frame_of_the_public_night_may_be_read_today_and_recent_science_may_not():
    now = datetime(2026, 11, 21, tzinfo=UTC)
    hidden = {(exposure.night, exposure.kind) for exposure in plan(RECENT) if exposure.public_at > now}
    shown = {exposure.night for exposure in plan(RECENT) if exposure.public_at <= now}
    assert hidden == {(RECENT, "EXPOSE")}
    assert shown == {PUBLIC_NIGHT, RECENT}  # the recent night's calibrations are public at once


@pytest.mark.parametrize("recent", [RECENT, date(2027, 3, 1), date(2026, 6, 1)])
def test_science_is_done_in_the_dark_above_the_horizon_within_its_night(recent):
    for exposure in plan(recent):
        if exposure.target is None:
            continue
        site, target = exposure.station.site, exposure.target
        assert sun_altitude_deg(site, exposure.started_at) < -12
        assert altitude_deg(site, exposure.started_at, ra_deg=target.ra_deg, dec_deg=target.dec_deg) > 15
        local = exposure.started_at + timedelta(hours=site.longitude_deg / 15)
        assert exposure.night == (local - timedelta(hours=12)).date()


def test_calibrations_named_by_science_frames_are_in_the_plan():
    raw_names = {exposure.raw_name for exposure in plan(RECENT)}
    for exposure in plan(RECENT):
        assert {exposure.calibration_name(letter) for letter in "bdf"} <= raw_names


def test_the_public_night_can_not_be_the_recent_one():
    with pytest.raises(UsageError, match="choose another"):
        plan(PUBLIC_NIGHT)


@pytest.mark.parametrize(
    ("value", "decimals", "signed", "text"),
    [
        (13.497971666667, 3, False, "13:29:52.698"),
        (-0.5, 2, True, "-00:30:00.00"),
        (47.195258, 2, True, "+47:11:42.93"),
        (9.99999999, 2, True, "+10:00:00.00"),
        (-88.9565, 2, True, "-88:57:23.40"),
    ],
)
def test_sexagesimal_numbers_keep_their_sign_and_never_reach_sixty(value, decimals, signed, text):
    assert sexagesimal(value, decimals=decimals, signed=signed) == text
