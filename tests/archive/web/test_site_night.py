"""The drawing of a night: each part where the calendar has it; the ends of the world are drawn too."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.http import Http404

from archive.domain.almanac import Place, night_of
from archive.domain.sites import configure
from archive.web.site.band import WIDTH, band_of, moon_up
from archive.web.site.evening import asked_night, evening_of

TOLOLO = Place(-30.1674, -70.8047, 2198.0, "America/Santiago")
TROMSO = Place(69.65, 18.96, 100.0, "Europe/Oslo")
FLATS = (-2.0, -10.0)


def test_the_sky_is_drawn_from_noon_to_noon_with_the_darkest_within():
    night = night_of(TOLOLO, date(2026, 11, 27), flats_deg=FLATS)
    band = band_of(night, TOLOLO, at=night.middle)
    assert [part.kind for part in band.sky] == ["sunset", "civil", "nautical", "astronomical"]
    ends = [(part.x, part.x + part.width) for part in band.sky]
    assert all(a[0] < b[0] and b[1] < a[1] for a, b in pairwise(ends))
    assert band.now_x == pytest.approx(WIDTH / 2, abs=0.01)
    # Sunset of the almanac stands in the drawing at its share of the day.
    sunset, noon = night.sun["sunset"].below.start, night.noon
    assert band.sky[0].x == pytest.approx(WIDTH * (sunset - noon.start) / (noon.end - noon.start), abs=0.01)
    # UTC-3 in southern summer: 12 ticks of two hours, each with its local hour.
    assert {(int(tick.utc) - int(tick.local)) % 24 for tick in band.ticks} == {3}
    assert len(band.ticks) == 12
    assert band_of(night, TOLOLO, at=night.middle + timedelta(days=2)).now_x is None


def test_where_the_sun_does_not_set_it_is_day_and_where_it_does_not_rise_it_is_dark():
    summer = band_of(night_of(TROMSO, date(2026, 6, 21), flats_deg=FLATS), TROMSO, at=datetime(2026, 6, 21, tzinfo=UTC))
    assert summer.sky == []
    winter = band_of(
        night_of(TROMSO, date(2026, 12, 21), flats_deg=FLATS), TROMSO, at=datetime(2026, 12, 21, tzinfo=UTC)
    )
    assert (winter.sky[0].kind, winter.sky[0].x, winter.sky[0].width) == ("sunset", 0, WIDTH)


@pytest.mark.parametrize("day", range(1, 29, 3))
def test_the_moon_is_up_between_its_rise_and_its_set(day):
    night = night_of(TOLOLO, date(2026, 11, day), flats_deg=FLATS)
    spans = moon_up(night)
    assert all(begin < end for begin, end in spans)
    assert (spans[0][0] == night.noon.start) is night.moon_is_up
    begins = {begin for begin, _ in spans} - {night.noon.start}
    assert begins == ({night.moonrise} - {None})


def test_an_evening_tells_both_clocks_in_the_order_of_time(db, now):
    configuration = {"name": "x", "latitude_deg": -30.1674, "longitude_deg": -70.8047, "elevation_m": 2198.0}
    configure("lsc", {**configuration, "timezone": "America/Santiago"}, by="admin", at=now)
    evening = evening_of("lsc", date(2026, 11, 27), at=now)
    told = {each.what: each for each in evening["happenings"]}
    assert [each.at for each in evening["happenings"]] == sorted(each.at for each in told.values())
    assert f"{told['Sunset'].at:%H:%M}" == "23:27"
    assert told["Sunset"].local == "20:27"
    assert {"Evening flats begin", "Morning flats end", "Middle of the night", "Moonset"} <= told.keys()
    assert evening_of("nowhere", None, at=now) == {}


def test_what_is_no_night_is_refused_in_words(db, now):
    assert asked_night("") is None
    with pytest.raises(Http404, match="2026-11-28"):
        asked_night("soon")
