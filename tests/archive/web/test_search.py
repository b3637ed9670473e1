"""The search page without a browser: who sees what, how many questions it costs, and that its numbers are exact."""

import json
from collections import Counter
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.http import QueryDict

from archive.domain.aggregates import aggregate
from archive.domain.histogram import histogram
from archive.domain.listing import listing_for
from archive.domain.order import NEWEST_FIRST
from archive.enums import ProductKind
from archive.errors import TransientError
from archive.models import Frame
from archive.models.tally import Span
from archive.terms.asked import asked_terms

pytestmark = pytest.mark.django_db

BY = {Span.YEAR: "%Y-01-01", Span.MONTH: "%Y-%m-01", Span.DAY: "%Y-%m-%d"}


@contextmanager
def held_away(table):
    """Let whoever reads a table wait, as if there were very much in it."""
    other = connection.copy()
    try:
        with closing(other.cursor()) as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"LOCK TABLE {table}")
            yield
    finally:
        other.close()


@pytest.fixture
def frames(frame_factory):
    """Frames over two years, of two sites and programmes, every fifth not public."""
    observed = [datetime(2024, 11, 28, 23, tzinfo=UTC) + timedelta(days=9.7 * n) for n in range(40)]
    return [
        frame_factory(
            observation_date=at, site_id="lsc" if n % 3 else "cpt", proposal_id=f"PROP00{1 + n % 2}",
            public_date=None if n % 5 == 0 else datetime(2025, 1, 1, tzinfo=UTC), target_name=f"T {n % 4}",
            footprint=[(9.0 * n, 1.0), (9.0 * n + 0.1, 1.0), (9.0 * n, 1.1), (9.0 * n, 1.0)],
        )
        for n, at in enumerate(observed)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "span"),
    [
        ("", Span.MONTH),
        ("site_id=cpt", Span.MONTH),
        ("proposal_id=PROP001", Span.MONTH),
        ("site_id=cpt&proposal_id=PROP001", Span.MONTH),
        ("target_name=t 1", Span.MONTH),
        ("start=2025-01-20T12:00:00Z&end=2025-10-03T03:00:00Z&site_id=lsc", Span.MONTH),
        ("start=2025-01-20T12:00:00Z&end=2025-02-25T23:59:59Z", Span.DAY),
        ("start=2020-01-20&end=2025-02-25T23:59:59Z", Span.MONTH),
        ("start=2025-01-20", Span.MONTH),
    ],
)
@pytest.mark.parametrize("who", ["nobody", "alice", "admin"])
def test_a_histogram_is_the_count_of_the_frames_themselves(terms, span, who, frames, alice, admin, now, client):
    reader = {"nobody": client.get("/search/").wsgi_request.user, "alice": alice, "admin": admin}[who]
    asked = asked_terms(QueryDict(terms))
    seen = asked.narrow(Frame.objects.visible_to(reader, at=now))
    wanted = Counter(f"{frame.observation_date.strftime(BY[span])}" for frame in seen)
    found_span, found = histogram(listing_for(reader, asked, at=now), timeout_ms=5000)
    assert (found_span, {day.isoformat(): n for day, n in found.items()}) == (span, dict(wanted))


def test_many_years_are_counted_by_years_and_a_window_of_many_by_its_days_too(frame_factory, client):
    for year in range(2015, 2025):
        frame_factory(observation_date=datetime(year, 6, 30, 23, tzinfo=UTC), observation_day=date(year, 6, 30))
    nobody = client.get("/search/").wsgi_request.user
    for terms, years in (
        ("", range(2015, 2025)),
        ("start=2016-06-30T22:00:00Z&end=2022-06-30T22:00:00Z&site_id=lsc", range(2016, 2022)),
    ):
        listing = listing_for(nobody, asked_terms(QueryDict(terms)), at=datetime(2026, 11, 1, tzinfo=UTC))
        assert histogram(listing, timeout_ms=5000) == (Span.YEAR, {date(year, 1, 1): 1 for year in years})


def test_the_page_costs_as_many_questions_for_three_frames_as_for_one(
    client, frame_factory, django_assert_num_queries, alice
):
    """Session and user; what alice holds and what is due; facets and times of two parts each within a limit; a page;
    and its mark in the outbox, with what waits there.

    For each facet of which something is chosen its other values, within a limit.
    """
    client.force_login(alice)
    for n_frames in (1, 3):
        while Frame.objects.count() < n_frames:
            frame_factory(public_date=None if n_frames == 3 else datetime(2025, 1, 1, tzinfo=UTC))
        for query, n_questions in (
            ("", 27),
            ("?site_id=lsc", 33),
            ("?site_id=lsc&site_id=cpt", 33),
            ("?view=gallery", 27),
        ):
            client.get(f"/search/{query}")  # what is written once for its shape is written
            with django_assert_num_queries(n_questions):
                client.get(f"/search/{query}")


CHOSEN = [
    "site_id=lsc",
    "site_id=lsc&site_id=cpt",
    "site_id=cpt&proposal_id=PROP001&proposal_id=PROP002",
    "site_id=cpt&reduction_level=0&reduction_level=91&start=2025-01-20T12:00:00Z",
    "proposal_id=PROP002&primary_optical_element=rp&primary_optical_element=gp&target_name=t 1",
    "site_id=elp&primary_optical_element=gp",
]


@pytest.mark.parametrize("who", [None, "alice", "admin"])
@pytest.mark.parametrize("terms", CHOSEN)
def test_a_facet_counts_what_each_value_would_find_under_all_other_terms(terms, who, frames, alice, admin, now, client):
    """Counted frame by frame here, of tallies and frames there."""
    for number, frame in enumerate(frames):
        bands = {"primary_optical_element": ["rp", "gp", "ip"][number % 3], "reduction_level": 91 * (number % 2)}
        Frame.objects.filter(pk=frame.pk).update(**bands)
    reader = {"alice": alice, "admin": admin}.get(who or "")
    if reader:
        client.force_login(reader)
    given = QueryDict(terms)
    found = client.get(f"/search/?{terms}").context
    reader = found["user"]
    assert found["found"].count.n == asked_terms(given).narrow(Frame.objects.visible_to(reader, at=now)).count()
    for facet in found["facets"]:
        others = given.copy()
        others.pop(facet["term"], None)
        seen = asked_terms(others).narrow(Frame.objects.visible_to(reader, at=now))
        wanted = Counter(str(getattr(frame, facet["term"])) for frame in seen)
        shown = {choice.value: choice.n_frames for choice in (*facet["first"], *facet["others"])}
        missing = {value: 0 for value in given.getlist(facet["term"]) if value not in wanted}
        assert shown == {**wanted, **missing}, facet["term"]


@pytest.mark.parametrize(("fewest", "shown"), [(1, [("lsc", None), ("cpt", None)]), (7, [("lsc", 21), ("cpt", 11)])])
def test_what_is_chosen_stays_chosen_whatever_takes_too_long_to_count(fewest, shown, frames, client, monkeypatch):
    """Each facet: nothing is counted. Only those of other values: what is chosen is counted still."""

    def given_up(listing, *, timeout_ms, facets):
        if len(facets) < fewest or fewest == 1:
            raise TransientError("too long")
        return aggregate(listing, timeout_ms=timeout_ms, facets=facets)

    monkeypatch.setattr("archive.web.search.found.aggregate", given_up)
    page = client.get("/search/?site_id=lsc&site_id=cpt").context
    assert [(choice.value, choice.n_frames) for choice in page["facets"][0]["first"]] == shown
    assert page["found"].count.n == 32


def test_the_map_counts_every_frame_that_the_reader_may_see_once(frames, client, alice):
    for user, n in ((None, 32), (alice, 36)):
        if user:
            client.force_login(user)
        sky = json.loads(client.get("/search/sky/").content)
        assert (sky["count"], sky["placed"], sky["is_sample"]) == (n, n, False)
        assert sum(number for _, number in sky["cells"]) == n
        assert len(sky["footprints"]) == n


def test_of_very_many_frames_the_map_draws_a_sample(frames, client, monkeypatch):
    monkeypatch.setattr("archive.domain.density.MOST_CENTRES", 8)
    sky = json.loads(client.get("/search/sky/").content)
    assert (sky["count"], sky["placed"], sky["is_sample"]) == (32, 8, True)
    monkeypatch.setattr("archive.domain.density.LARGEST_SHARE", 1.0)  # pages of the table, by chance: few or none here
    sky = json.loads(client.get("/search/sky/").content)
    assert sky["is_sample"]
    assert sky["placed"] <= 32


def test_a_page_that_no_index_finds_is_given_up_in_time(alice, now, monkeypatch):
    monkeypatch.setattr("archive.domain.listing.PATIENCE_MS", 100)
    listing = listing_for(alice, asked_terms(QueryDict("header=AIRMASS")), at=now)
    with held_away("archive_headers"), pytest.raises(TransientError, match="takes too long: give a time"):
        listing.keys(NEWEST_FIRST, most=1)


def test_the_last_day_is_whole_on_the_page_as_people_mean_it(frame_factory, client):
    frame_factory(observation_date=datetime(2025, 3, 10, 23, 59, 59, tzinfo=UTC), observation_day=date(2025, 3, 10))
    assert client.get("/search/?start=2025-03-10&end=2025-03-10").context["found"].count.n == 1
    assert client.get("/search/?end=2025-03-10T12:00:00Z").context["found"].count.n == 0


def test_an_address_is_led_to_the_one_that_says_no_more_than_it_must(client, db):
    for given, kept in (
        ("target_name=&site_id=lsc", "?site_id=lsc"),
        ("radius=10&unit=arcmin&place=", ""),
        ("view=table&page=1&columns=", ""),
        ("unknown=1&site_id=lsc", "?site_id=lsc"),
    ):
        answer = client.get(f"/search/?{given}")
        assert (answer.status_code, answer["Location"]) == (302, f"/search/{kept}")
    assert client.get("/search/?target_name=&site_id=lsc", headers={"HX-Request": "true"}).status_code == 200


def test_strehl_and_seeing_find_the_raw_files_of_their_observations(ao, client):
    sharp = ao.raw_file(ao.observation(seeing_nearest_arcsec=0.8, public_date=datetime(2020, 1, 1, tzinfo=UTC)))
    ao.strehl(ao.product(sharp.observation, kind=ProductKind.BRIGHT_STREHL))
    sharp.observation.refresh_from_db()
    ratio = sharp.observation.bright_strehl_ratio
    ao.raw_file(ao.observation(seeing_nearest_arcsec=1.6, public_date=datetime(2020, 1, 1, tzinfo=UTC)))
    for terms, n in (
        ("seeing_max=1", 1),
        ("seeing_min=0.5&seeing_max=2", 2),
        (f"strehl_min={ratio - 0.01}", 1),
        (f"strehl_min={ratio + 0.01}", 0),
        (f"strehl_max={ratio + 0.01}&seeing_max=1", 1),
    ):
        assert client.get(f"/frames/?{terms}").json()["count"] == n, terms
        assert client.get(f"/search/?{terms}").context["found"].count.n == n, terms


def test_each_term_of_the_adaptive_optics_keeps_what_it_says(ao, client):
    old = datetime(2020, 1, 1, tzinfo=UTC)
    north = {"azimuth_deg": 355.0, "altitude_deg": 70.0, "magnitude": 9.0, "seeing_median_arcsec": 0.9}
    south = {"azimuth_deg": 180.0, "altitude_deg": 30.0, "magnitude": 12.0, "seeing_median_arcsec": 1.9}
    one, two = (ao.observation(public_date=old, **where) for where in (north, south))
    ao.strehl(ao.product(one, kind=ProductKind.BRIGHT_STREHL))
    ao.product(one, kind=ProductKind.FAINT)
    frames = {ao.raw_file(one).frame_id: "n", ao.raw_file(two).frame_id: "s"}
    for terms, wanted in (
        ("azimuth_min=350&azimuth_max=10", "n"), ("azimuth_min=10&azimuth_max=350", "s"), ("azimuth_min=0", "ns"),
        ("altitude_min=60", "n"), ("altitude_max=60", "s"), ("magnitude_max=9", "n"), ("magnitude_min=-6", "ns"),
        ("seeing_median_max=1", "n"), ("seeing_median_min=1&seeing_median_max=2", "s"),
        ("bright_strehl_min=0", "n"), ("faint_strehl_min=0", ""), ("bright_strehl_flag=OK", "n"),
        ("bright_strehl_flag=BAD%3F", ""), ("done=bright-strehl", "n"), ("done=bright-strehl&done=faint", "n"),
        ("done=bright-strehl&done=planetary", ""), ("altitude_min=60&done=faint&bright_strehl_max=0.5", "n"),
    ):  # fmt: skip
        found = client.get(f"/frames/?{terms}").json()["results"]
        assert "".join(sorted(frames[each["id"]] for each in found)) == wanted, terms
        assert client.get(f"/search/?{terms}").context["found"].count.n == len(wanted), terms
    assert client.get("/frames/?bright_strehl_max=20").json() == {
        "bright_strehl_max": ["A Strehl ratio is a share of one: write 20 per cent as 0.2."]
    }


def test_what_was_measured_of_a_hidden_observation_tells_nothing(ao, client):
    raw = ao.raw_file(ao.observation(seeing_nearest_arcsec=0.8, public_date=datetime(2020, 1, 1, tzinfo=UTC)))
    assert client.get("/frames/?seeing_max=1").json()["count"] == 1
    raw.observation.public_date = None
    raw.observation.save()
    assert client.get("/frames/?seeing_max=1").json()["count"] == 0


def test_each_term_on_headers_has_a_field(client, db):
    shown = client.get("/search/?header=AIRMASS%3C1.5&header=OBJECT").content.decode()
    assert [f'name="header" value="{text}"' in shown for text in ("AIRMASS&lt;1.5", "OBJECT")] == [True, True]


def test_all_that_can_not_be_read_is_said_at_once(client):
    shown = client.get("/search/?place=Nowhere+77&start=yesterday&exposure_time=long").content.decode()
    for says in (
        ">No frame that you may see is of a",
        ">From: Enter a valid date/time",
        ">Exposure from: Enter a number",
    ):
        assert shown.count(says) == 1
