"""/frames/aggregate/: what there is to choose from, and for whom."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from archive.domain.aggregates import aggregate
from archive.domain.limited import at_most
from archive.domain.listing import listing_for
from archive.errors import TransientError
from archive.terms.asked import asked_terms

ROUTE = "/frames/aggregate/"
NAMES = ["sites", "telescopes", "filters", "instruments", "obstypes", "proposals", "generated_at"]
WINDOW = "start=2025-03-01T00:00:00Z&end=2025-03-30T00:00:00Z"


@pytest.fixture
def frames(frame_factory):
    """A public frame of PROP001, a hidden one of PROP001 at another site, and a hidden one of PROP002."""
    frame_factory()
    frame_factory(public_date=None, site_id="cpt", primary_optical_element="V")
    frame_factory(public_date=timezone.now() + timedelta(days=9), proposal_id="PROP002", site_id="elp")


def answer(client, query=""):
    response = client.get(f"{ROUTE}?{query}")
    assert response.status_code == 200, response.content
    return response.json()


def test_the_answer_has_the_lists_of_the_ocs_interface(frames, api):
    found = answer(api(None))
    assert list(found) == NAMES
    at = datetime.strptime(found.pop("generated_at"), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert timedelta(0) <= timezone.now() - at < timedelta(minutes=1)
    assert found == {
        "sites": ["lsc"],
        "telescopes": ["1m0a"],
        "filters": ["rp"],
        "instruments": ["fa15"],
        "obstypes": ["EXPOSE"],
        "proposals": ["PROP001"],
    }


@pytest.mark.parametrize("query", ["", "public=true", f"{WINDOW}&public=true"])
def test_nobody_learns_of_proposals_and_sites_of_frames_they_may_not_see(frames, api, alice, bob, admin, query):
    for user, sites, proposals in (
        (None, ["lsc"], ["PROP001"]),
        (bob, ["lsc"], ["PROP001"]),
        (alice, ["cpt", "lsc"], ["PROP001"]),
        (admin, ["cpt", "elp", "lsc"], ["PROP001", "PROP002"]),
    ):
        found = answer(api(user), query)
        assert (found["sites"], found["proposals"]) == (sites, proposals)


def test_a_window_without_public_looks_at_frames_that_are_not_public_yet(frames, api, alice, bob, admin):
    for user, sites in ((bob, []), (alice, ["cpt"]), (admin, ["cpt", "elp"])):
        assert answer(api(user), WINDOW)["sites"] == sites
        assert answer(api(user), f"{WINDOW}&public=false")["sites"] == sites
    assert answer(api(None), WINDOW) == {**{name: [] for name in NAMES}, "generated_at": ""}


@pytest.mark.parametrize(
    ("query", "sites"),
    [
        ("site_id=elp", ["elp"]),
        ("site_id=ELP", []),
        ("telescope_id=1m0a", ["elp", "lsc"]),
        ("primary_optical_element=V", ["elp"]),
        ("instrument_id=fa06", ["elp"]),
        ("configuration_type=SPECTRUM", ["elp"]),
        ("proposal_id=PROP002", ["elp"]),
        ("start=2025-03-05T00:00:00Z&end=2025-03-06T00:00:00Z&public=true", ["elp"]),
        ("start=2025-03-06T00:00:00Z&end=2025-03-10T01:08:31Z&public=true", ["lsc"]),
        ("start=&end=&site_id=", ["elp", "lsc"]),
        ("unknown=1", ["elp", "lsc"]),
    ],
)
def test_each_parameter_keeps_what_it_says(frame_factory, api, query, sites):
    frame_factory()
    frame_factory(
        observation_date=datetime(2025, 3, 5, 20, tzinfo=UTC),
        observation_day=date(2025, 3, 5),
        site_id="elp",
        primary_optical_element="V",
        instrument_id="fa06",
        configuration_type="SPECTRUM",
        proposal_id="PROP002",
    )
    assert answer(api(None), query)["sites"] == sites


def test_frames_without_bytes_and_empty_values_are_not_told(frame_factory, api):
    frame_factory(primary_optical_element="")
    frame_factory(versions=0, site_id="ogg")
    found = answer(api(None))
    assert (found["filters"], found["sites"]) == ([], ["lsc"])


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("start=2025-03-01T00:00:00Z", "both start & end must be specified"),
        ("end=2025-03-01T00:00:00Z", "both start & end must be specified"),
        (
            "start=2023-03-01T00:00:00Z&end=2025-03-30T00:00:00Z",
            "time range must be less than or equal to a year (365 days)",
        ),
        (
            "start=x",
            {
                "start": [
                    "Datetime has wrong format. Use one of these formats instead: "
                    "YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
                ]
            },
        ),
        ("public=maybe", None),
        ("query_timeout=-1", None),
        ("query_timeout=20001", None),
        ("query_timeout=x", None),
        ("site_id=%00", None),
    ],
)
def test_bad_parameters_answer_400_with_a_reason(db, api, admin, query, reason):
    for user in (None, admin):
        response = api(user).get(f"{ROUTE}?{query}")
        assert response.status_code == 400
        assert response.json() == reason if reason else response.json()


def test_a_window_of_365_days_is_taken(db, api):
    answer(api(None), "start=2024-01-01T00:00:00Z&end=2024-12-31T00:00:00Z&public=true")


def test_the_headers_say_for_whom_it_is_and_that_it_is_live(frames, api, bob):
    for user, query in ((None, ""), (None, f"{WINDOW}&public=true"), (bob, WINDOW)):
        response = api(user).get(f"{ROUTE}?{query}")
        assert response["Cache-Control"] == "max-age=0"
        assert {"Cookie", "Authorization"} <= set(response["Vary"].split(", "))


def test_answers_are_live_for_everybody(frames, frame_factory, api, alice, admin):
    answer(api(None)), answer(api(admin))
    frame_factory(site_id="ogg")
    frame_factory(site_id="coj", public_date=None)
    assert answer(api(None))["sites"] == ["lsc", "ogg"]
    assert answer(api(alice))["sites"] == ["coj", "cpt", "lsc", "ogg"]
    assert answer(api(admin))["sites"] == ["coj", "cpt", "elp", "lsc", "ogg"]


def test_cacheaggregates_folds_and_changes_no_answer(frames, api, admin, capsys):
    before = answer(api(admin))["sites"]
    call_command("cacheaggregates")
    assert "Folded: 3 changes" in capsys.readouterr().out
    assert answer(api(admin))["sites"] == before
    call_command("cacheaggregates")
    assert "Folded: 0 changes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("query", "sites"),
    [
        ("", {"lsc": 2, "cpt": 1, "elp": 1}),
        ("site_id=lsc", {"lsc": 2}),
        ("reduction_level=91", {"lsc": 1}),
        ("exclude_calibrations=true", {"lsc": 2, "cpt": 1, "elp": 1}),
        ("exclude_configuration_type=EXPOSE", {}),
        ("proposal_id=PROP002", {"elp": 1}),
        ("public=true", {"lsc": 2}),
        ("public=false", {"cpt": 1, "elp": 1}),
        ("target_name=51", {"lsc": 2, "cpt": 1, "elp": 1}),
        ("exposure_time=61", {"lsc": 1}),
        ("start=2025-03-10", {"lsc": 2, "cpt": 1, "elp": 1}),
        ("start=2025-03-10T01:08:32Z", {}),
        ("start=2020-01-01&end=2025-03-10T01:08:31Z", {"lsc": 2, "cpt": 1, "elp": 1}),
        ("end=2025-03-10T01:08:30Z", {}),
        ("start=2025-03-09&proposal_id=PROP002", {"elp": 1}),
        ("covers=POINT(10 10)", {}),
    ],
)
def test_counts_follow_any_term_of_a_list(frames, frame_factory, api, admin, query, sites):
    frame_factory(reduction_level=91, exposure_time=61.0)
    found = answer(api(admin), f"counts=true&{query}")
    assert found["sites"] == sites
    assert sum(found["proposals"].values()) == sum(sites.values())
    assert sum(sites.values()) == api(admin).get(f"/frames/?{query}").json()["count"]


def test_a_query_that_takes_longer_than_its_time_is_broken_off(db):
    with pytest.raises(TransientError, match="longer than 50 ms"), at_most(50), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(20)")


def test_the_time_limit_ends_with_the_question(frames, bob, now):
    aggregate(listing_for(bob, asked_terms(QueryDict()), at=now), timeout_ms=1234)
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_only_superusers_may_ask_without_a_time_limit(frames, api, alice, admin):
    for user, limit in ((alice, "20000"), (admin, "0")):
        with CaptureQueriesContext(connection) as asked:
            answer(api(user), f"{WINDOW}&query_timeout=0")
        limits = [row["sql"] for row in asked.captured_queries if "statement_timeout" in row["sql"]]
        assert f"'{limit}'" in limits[0]


def test_terms_that_nothing_can_meet_answer_with_nothing(frames, api, admin):
    for query in ("counts=true&target_name=nothing", "counts=true&submitter=Ø&basename_exact=x&OBJECT=%25"):
        assert answer(api(admin), query)["sites"] == {}
