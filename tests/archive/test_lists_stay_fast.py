"""Each term of a list keeps to its number of statements; deep offsets and counts are the same as walked and counted ones.

What the statements cost at a million rows is measured by `make bench`, and told in docs/performance.md.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.api.pagination import FrameRows
from archive.domain import leap, spans
from archive.domain.counts import count
from archive.domain.listing import Window, listing_for
from archive.domain.order import NEWEST_FIRST
from archive.enums import RawKind
from archive.models import Frame, Headers, Observation, Product, RawFile, sky
from archive.models.tally import Span
from archive.terms.asked import asked_terms
from archive.terms.frames import FrameFilter
from tests.archive.test_tallies import let_dates_pass

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FIRST = datetime(2024, 12, 30, tzinfo=UTC)
SQUARE = [(10, 10), (11, 10), (11, 11), (10, 11), (10, 10)]
# Statements of a page that is full: frames whose flag waits, the count, keys of the page, frames with versions, relations.
# A term that is taken apart into names asks for these too, a window counts what is left of its first and last day, and
# what nothing bounds is found once and tells its count by the way.
FULL_PAGE = 5
BESIDE = ("bright_strehl", "faint_strehl", "seeing_median", "magnitude", "altitude", "azimuth")
COSTS = {
    "start=2024-12-30T03:00Z": 6,
    "end=2025-01-10T03:00Z": 6,
    "DATE_OBS=2024-12-30T03:00Z": FULL_PAGE,
    "L1PUBDAT=2024-12-30": FULL_PAGE,
    **{f"{name}=2024-12-30": FULL_PAGE for name in ("dayobs", "DAY_OBS")},
    "basename=FRAME": 4,
    "basename_exact=fa15-frame000": 4,
    **{f"{name}=51": 6 for name in ("target_name", "OBJECT")},
    "target_name_exact=M 51": FULL_PAGE,
    "empty_target_name=false": FULL_PAGE,
    **{f"{name}=P1": FULL_PAGE for name in ("proposal_id", "PROPID")},
    **{f"{name}=fa15": FULL_PAGE for name in ("instrument_id", "INSTRUME")},
    **{f"{name}=lsc": FULL_PAGE for name in ("site_id", "SITEID")},
    **{f"{name}=1m0a": FULL_PAGE for name in ("telescope_id", "TELID")},
    **{f"{name}=rp": FULL_PAGE for name in ("primary_optical_element", "FILTER")},
    **{f"{name}=EXPOSE": FULL_PAGE for name in ("configuration_type", "OBSTYPE", "include_configuration_type")},
    **{f"{name}=DARK": FULL_PAGE for name in ("exclude_configuration_type", "exclude_OBSTYPE")},
    **{f"{name}=7": FULL_PAGE for name in ("observation_id", "BLKUID", "request_id", "REQNUM")},
    **{f"{name}=0": FULL_PAGE for name in ("reduction_level", "RLEVEL", "id__gt")},
    **{f"{name}=1": 4 for name in ("exposure_time", "EXPTIME")},
    **{f"{name}=100": 4 for name in ("exposure_time_max", "strehl_max", "seeing_max")},
    **{f"{name}=0": 4 for name in ("strehl_min", "seeing_min")},
    **{f"{name}_min=0": 4 for name in BESIDE},
    **{f"{name}_max=1": 4 for name in BESIDE},
    **{f"{name}=OK": 4 for name in ("bright_strehl_flag", "faint_strehl_flag")},
    "done=bright": 4,
    "header=OBJECT": 8,  # within a limit of time
    "exclude_calibrations=true": FULL_PAGE,
    "public=true": FULL_PAGE,
    "submitter=ada": FULL_PAGE,
    **{f"{name}=POINT(10.5 10.5)": 4 for name in ("covers", "intersects")},
    "cone=10.5,10.5,1": 4,
    **{f"{name}=0": 4 for name in ("ra_min", "dec_min")},
    **{f"{name}=90": 4 for name in ("ra_max", "dec_max")},
}


@pytest.fixture
def many(db) -> list[Frame]:
    """300 public frames over the end of a year, two every third hour."""
    rows = [
        Frame(
            basename=f"fa15-frame{number:03d}",
            observation_date=FIRST + timedelta(hours=3 * (number // 2)),
            observation_day=date(2024, 12, 30),
            public_date=FIRST,
            site_id="lsc",
            telescope_id="1m0a",
            instrument_id="fa15",
            proposal_id="P1",
            configuration_type="EXPOSE",
            primary_optical_element="rp",
            observation_id=7,
            request_id=7,
            submitter="ada",
            target_name="M 51",
            exposure_time=60.0,
            area=sky.polygon_of(SQUARE),
            centre=sky.centre_of(SQUARE),
            is_listed=True,
        )
        for number in range(300)
    ]
    frames = Frame.objects.bulk_create(rows)
    Headers.objects.bulk_create(Headers(frame=frame, data={"OBJECT": "M 51"}) for frame in frames)
    observed = Observation.objects.create(
        name="seen",
        proposal_id="P1",
        observed_at=FIRST,
        night=FIRST.date(),
        public_date=FIRST,
        seeing_nearest_arcsec=1.0,
        seeing_median_arcsec=1.0,
        magnitude=1.0,
        altitude_deg=1.0,
        azimuth_deg=1.0,
    )
    Product.objects.create(observation=observed, subject="seen", kind="bright", state="done", night=FIRST.date(),
                           fingerprint=64 * "f", not_before=FIRST, created_at=FIRST)  # fmt: skip
    strehl = {f"{stack}_strehl_ratio": 0.5 for stack in ("bright", "faint")}
    flags = {f"{stack}_strehl_flag": "OK" for stack in ("bright", "faint")}
    Observation.objects.update(**strehl, **flags)  # columns, as a trigger keeps them
    raw = {"observation": observed, "kind": RawKind.SCIENCE, "night": FIRST.date(), "observed_at": FIRST}
    RawFile.objects.bulk_create(RawFile(frame=frame, file_number=number, **raw) for number, frame in enumerate(frames))
    return frames


def statements_of(client, query: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/frames/?{query}").status_code == 200
    return len(asked)


def test_every_term_has_its_cost():
    assert sorted(query.split("=")[0] for query in COSTS) == sorted(FrameFilter.base_filters)


@pytest.mark.parametrize("query", COSTS)
def test_each_term_keeps_to_its_number_of_statements(many, api, query):
    assert api(None).get(f"/frames/?{query}&limit=1").json()["results"], "the page must be full"
    assert statements_of(api(None), f"{query}&limit=1") == COSTS[query]


@pytest.mark.parametrize("query", ["site_id=lsc", "basename=FRAME", "covers=POINT(10.5 10.5)", "exposure_time=1", ""])
def test_a_full_page_costs_no_more_than_a_small_one(many, api, query):
    costs = {statements_of(api(None), f"{query}&limit={limit}") for limit in (1, 10, 100)}
    assert len(costs) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("due", [0, 40])
def test_a_deep_page_is_the_one_that_a_walk_finds(many, monkeypatch, due):
    monkeypatch.setattr(leap, "FAR", 0)
    if due:
        Frame.objects.filter(pk__in=[frame.pk for frame in many[::7]]).update(public_date=None)
        let_dates_pass(Frame.objects.filter(is_public=False))
    expected = [(frame.observation_date, frame.pk) for frame in reversed(many)]
    listing = listing_for(AnonymousUser(), asked_terms(QueryDict()), at=NOW)
    for offset in (0, 1, 15, 16, 17, 150, 298, 299, 300, 5000):
        found = FrameRows(listing).page(NEWEST_FIRST, offset=offset, most=10)
        assert found == expected[offset : offset + 10], offset
        leapt = leap.leap_of(listing, NEWEST_FIRST, offset)
        assert (leapt is None) == (offset >= 300)
        assert leapt is None or leapt.n_skipped <= offset


def test_a_count_that_would_take_too_long_is_an_estimate_that_says_so(many, api, monkeypatch):
    monkeypatch.setattr("archive.domain.counts.PATIENCE_MS", 1)
    monkeypatch.setattr("archive.api.pagination.LOOK_AHEAD", 1)
    with connection.cursor() as cursor:  # a substring so common that the frames themselves must be looked at, slowly
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("ANALYZE archive_frame")
    listing = listing_for(AnonymousUser(), asked_terms(QueryDict("basename=frame&exposure_time=1")), at=NOW)
    found = count(listing)
    assert found.n > 0
    answer = api(None).get("/frames/?basename=frame&limit=10&offset=20").json()
    assert answer["count"] >= 31
    assert answer["next"]


INSTANTS = st.datetimes(datetime(2023, 11, 1), datetime(2026, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants them so


@settings(max_examples=200, deadline=None)
@given(start=st.none() | INSTANTS, end=st.none() | INSTANTS, instant=INSTANTS)
def test_a_window_is_made_up_of_spans_and_rests_that_hold_each_instant_once(start, end, instant):
    cover = spans.cover_of(Window(start, end))
    is_inside = (start is None or start <= instant) and (end is None or instant <= end)
    if cover is None:
        return
    held = sum(rest.start <= instant <= rest.end for rest in cover.rests)
    day = instant.date()
    rows = {
        Span.ALL: date(1, 1, 1),
        Span.YEAR: day.replace(month=1, day=1),
        Span.MONTH: day.replace(day=1),
        Span.DAY: day,
    }
    held += sum(matches(cover.days, span, starts_on) for span, starts_on in rows.items())
    assert held == is_inside


def matches(condition, span: Span, starts_on: date) -> bool:
    """Whether a row of a tally meets the condition, worked out without the database."""
    if not hasattr(condition, "children"):
        name, value = condition
        kinds: dict[str, Callable[[], bool]] = {
            "span": lambda: span == value,
            "starts_on": lambda: starts_on == value,
            "starts_on__gte": lambda: starts_on >= value,
            "starts_on__lt": lambda: starts_on < value,
            "pk__in": lambda: False,
        }
        return kinds[name]()
    found = (matches(child, span, starts_on) for child in condition.children)
    return any(found) if condition.connector == "OR" else all(found)


@pytest.mark.parametrize(
    "query", ["", "site_id=lsc", "offset=100", "start=2024-12-30", "basename=FRAME", "target_name=51"]
)
def test_a_count_is_a_whole_number_in_the_answer(many, api, query):
    """PostgreSQL sums counts as decimals, which JSON would show as 300.0."""
    assert b'"count":300,' in api(None).get(f"/frames/?{query}&limit=10").content
