"""Walks through a list: every order, both styles, several sizes of page; each row once, forwards and back."""

import base64
import itertools
import json
import random
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from archive.api.pagination import CursorPages, FrameRows, LimitOffset
from archive.domain.listing import listing_for
from archive.domain.order import Term
from archive.models import Frame, Proposal, Reader
from archive.terms.asked import asked_terms
from archive.terms.ordering import FRAME_COLUMNS, order_of
from tests.archive.bodies import post_thumbnail

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FIRST_NIGHT = datetime(2025, 3, 9, 22, tzinfo=UTC)
ORDERS = [
    "",
    *FRAME_COLUMNS,
    *(f"-{column}" for column in FRAME_COLUMNS),
    "reduction_level,-exposure_time",
    "-exposure_time,target_name,-observation_date",
    "nonsense,-nothing",
]


@pytest.fixture
def sample(db) -> list[Frame]:
    """200 frames: many share dates, names and levels, a third has no exposure time."""
    chance = random.Random(7)
    rows = [
        Frame(
            basename=f"frame{number:03d}",
            observation_date=FIRST_NIGHT + timedelta(microseconds=chance.randrange(8)),
            observation_day=date(2025, 3, 9),
            public_date=FIRST_NIGHT,
            proposal_id=chance.choice(["", "p1", "p2"]),
            instrument_id=chance.choice(["fa15", "fa16"]),
            target_name=chance.choice(["", "m51", "m52", "ngc"]),
            primary_optical_element=chance.choice(["gp", "rp"]),
            configuration_type=chance.choice(["EXPOSE", "DARK"]),
            reduction_level=chance.choice([0, 11, 91]),
            exposure_time=chance.choice([None, 0.1, 60.0, 1e-7, 300.3]),
            is_listed=True,
        )
        for number in chance.sample(range(200), 200)
    ]
    return Frame.objects.bulk_create(rows)


def in_order(frames: list[Frame], text: str) -> list[int]:
    """Ids in the order that is asked for, worked out here: ties by id in the direction of the last column."""
    words = [word for word in text.split(",") if word.removeprefix("-") in FRAME_COLUMNS] or ["-observation_date"]
    rows = sorted(frames, key=lambda frame: frame.pk, reverse=words[-1].startswith("-"))
    for word in reversed(words):
        column = word.removeprefix("-")
        rows.sort(key=partial(missing_last, column=column), reverse=word.startswith("-"))
    return [frame.pk for frame in rows]


def missing_last(frame: Frame, *, column: str) -> tuple[bool, Any]:
    value = getattr(frame, column)
    return value is None, 0 if value is None else value


class Walker:
    """Pages as the view makes them, without the cost of writing each frame out."""

    def __init__(self, reader: Reader, query: str = "") -> None:
        self.reader, self.terms = reader, asked_terms(QueryDict(query))

    def page(self, url: str) -> tuple[list[int], str | None, str | None]:
        request = Request(APIRequestFactory().get(url))
        order = order_of(request.query_params.get("ordering", ""))
        place = [term.column for term in order].index("id")
        rows = FrameRows(listing_for(self.reader, self.terms, at=NOW))
        if request.query_params.get("pagination_style") == "cursor":
            by_cursor = CursorPages(order)
            keys = by_cursor.paginate_queryset(rows, request)
            return [key[place] for key in keys], by_cursor.next_url, by_cursor.previous_url
        pages = LimitOffset(order)
        keys = pages.paginate_queryset(rows, request)
        return [key[place] for key in keys], pages.get_next_link(), pages.get_previous_link()

    def there_and_back(self, url: str) -> tuple[list[list[int]], list[list[int]]]:
        forwards, backwards = [], []
        rows, following, previous = self.page(url)
        assert previous is None
        forwards.append(rows)
        while following:
            rows, following, previous = self.page(following)
            forwards.append(rows)
        backwards.append(rows)
        while previous:
            rows, _, previous = self.page(previous)
            backwards.append(rows)
        return forwards, backwards[::-1]


@pytest.fixture
def member(db) -> User:
    """A user who holds p1, and so sees two disjoint parts of the sample."""
    user = User.objects.create_user("member")
    Proposal.objects.create(id="p1").members.add(user)
    return user


@pytest.mark.parametrize("style", ["offset", "cursor"])
@pytest.mark.parametrize("role", ["anonymous", "member", "superuser"])
def test_every_walk_gives_each_row_once_in_order_and_the_same_back(sample, member, style, role):
    """Pages of a single row walk through fifteen of the frames, others through all."""
    readers = {"anonymous": AnonymousUser(), "member": member, "superuser": User(is_superuser=True)}
    hidden = {"anonymous": {"p1", "p2"}, "member": {"p2"}, "superuser": set()}[role]
    Frame.objects.filter(pk__in=[frame.pk for frame in sample[::3]]).exclude(proposal_id="").update(public_date=None)
    embargoed = {frame.pk for frame in sample[::3]}
    seen = [frame for frame in sample if frame.pk not in embargoed or frame.proposal_id not in hidden]
    for text, limit in itertools.product(ORDERS, (1, 30) if role == "member" else (70,)):
        newest = f"id__gt={sorted(frame.pk for frame in seen)[-16]}" if limit == 1 else ""
        shown = sorted(seen, key=lambda frame: frame.pk)[-15:] if newest else seen
        expected = in_order(shown, text)
        url = f"/frames/?ordering={text}&limit={limit}&pagination_style={style}"
        forwards, backwards = Walker(readers[role], newest).there_and_back(url)
        pages = [expected[start : start + limit] for start in range(0, len(expected), limit)]
        assert forwards == pages, url
        assert list(itertools.chain(*backwards)) == expected, url


@pytest.mark.parametrize("style", ["offset", "cursor"])
@pytest.mark.parametrize(
    "terms", ["target_name_exact=", "primary_optical_element=rp&", "instrument_id=fa15&instrument_id=fa16&"]
)
def test_a_walk_of_several_values_gives_each_row_once_in_order_and_the_same_back(sample, style, terms):
    """Alone they are one list for each value, laid together; beside a term that an index has, they are not."""
    query = f"{terms}&proposal_id=p1&proposal_id=p2&configuration_type=EXPOSE&configuration_type=DARK"
    wanted = [frame for frame in sample if frame.proposal_id in {"p1", "p2"}]
    if "primary" in terms:
        wanted = [frame for frame in wanted if frame.primary_optical_element == "rp"]
    for text in ("", "exposure_time", "-target_name,reduction_level"):
        url = f"/frames/?ordering={text}&limit=30&pagination_style={style}"
        forwards, backwards = Walker(AnonymousUser(), query).there_and_back(url)
        assert list(itertools.chain(*forwards)) == in_order(wanted, text), url
        assert list(itertools.chain(*backwards)) == in_order(wanted, text), url


def test_a_walk_by_cursor_over_http_has_the_envelope_of_the_interface(sample, api):
    url, seen, before = "/frames/?pagination_style=cursor&ordering=exposure_time&limit=90", [], []
    while url:
        answer = api(None).get(url).json()
        assert list(answer) == ["next", "previous", "results"]
        seen += [row["id"] for row in answer["results"]]
        before.append(answer["previous"])
        url = answer["next"]
        assert url is None or url.split("?")[1].startswith("cursor=")
    assert seen == in_order(sample, "exposure_time")
    assert [link is None for link in before] == [True, False, False]
    assert [row["id"] for row in api(None).get(before[1]).json()["results"]] == seen[:90]


def test_rows_that_come_or_go_elsewhere_shift_no_cursor(sample):
    walker, expected = Walker(AnonymousUser()), in_order(sample, "")
    rows, following, _ = walker.page("/frames/?pagination_style=cursor&limit=50")
    Frame.objects.filter(pk__in=rows[:20]).delete()
    Frame.objects.create(basename="newest", observation_date=NOW, observation_day=NOW.date(), is_listed=True)
    assert walker.page(following)[0] == expected[50:100]


def changed(text: str, **changes) -> str:
    content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return base64.urlsafe_b64encode(json.dumps({**content, **changes}).encode()).decode()


def test_a_broken_cursor_is_404(sample, api):
    client = api(None)
    good = client.get("/frames/?pagination_style=cursor&limit=1").json()["next"].split("cursor=")[1].split("&")[0]
    assert client.get("/frames/", {"pagination_style": "cursor", "cursor": good}).status_code == 200
    bad = [
        "zzz", "é", "%00", "=", "a" * 20000, base64.b64encode(b"p=1&r=1&o=2").decode(), base64.b64encode(b"[]").decode(),
        base64.b64encode(b"[" * 9000).decode(), base64.b64encode(b"\xff\xfe").decode(),
        changed(good, v=[]), changed(good, v=["2025-03-09T22:00:00", 1, 2]), changed(good, v=["soon", 1]),
        changed(good, v=[5, 1]), changed(good, v=["2025-03-09T22:00:00Z", None]), changed(good, v=["2025-03-09T22:00:00Z", "1"]),
        changed(good, v=["2025-03-09T22:00:00Z", 2**63]), changed(good, v=["2025-03-09T22:00:00Z", True]),
        changed(good, v="xy"), changed(good, v=None), changed(good, b=1), changed(good, o="id"), changed(good, o=None),
    ]  # fmt: skip
    for text in bad:
        answer = client.get("/frames/", {"pagination_style": "cursor", "cursor": text})
        assert (answer.status_code, answer.json()) == (404, {"detail": "Invalid cursor"}), text
    other = client.get("/frames/", {"pagination_style": "cursor", "cursor": good, "ordering": "id"})
    assert other.status_code == 404
    assert client.get("/frames/?pagination_style=cursor&cursor=").status_code == 200
    by_name = changed(good, o="basename,id", v=["a\x00", 1])
    assert client.get(f"/frames/?pagination_style=cursor&ordering=basename&cursor={by_name}").status_code == 404
    by_time = changed(good, o="exposure_time,id", v=["x", 1])
    assert client.get(f"/frames/?pagination_style=cursor&ordering=exposure_time&cursor={by_time}").status_code == 404


def test_orders_are_read_from_left_to_right_and_end_in_the_id():
    for text, expected in (
        ("", "-observation_date,-id"),
        ("nope,,-", "-observation_date,-id"),
        ("exposure_time", "exposure_time,id"),
        ("-exposure_time, basename", "-exposure_time,basename,id"),
        ("-id,basename", "-id"),
        ("basename,-basename,nope", "basename,id"),
        ("proposal_id,-observation_date", "proposal_id,-observation_date,-id"),
        ("basename\x00", "-observation_date,-id"),
    ):
        assert ",".join(map(str, order_of(text))) == expected
    assert str(Term("id").reversed()) == "-id"


def test_links_have_their_parameters_by_name_and_no_offset_of_zero(sample, api):
    page = api(None).get("/frames/?ordering=id&limit=7&offset=7&include_related_frames=false").json()
    assert page["next"] == "http://testserver/frames/?include_related_frames=false&limit=7&offset=14&ordering=id"
    assert page["previous"] == "http://testserver/frames/?include_related_frames=false&limit=7&ordering=id"
    assert list(page) == ["count", "next", "previous", "results", "count_estimated"]


def test_the_last_full_page_has_no_next(sample, api):
    page = api(None).get("/frames/?limit=100&offset=100&force_count=").json()
    assert (len(page["results"]), page["next"], page["count"], page["count_estimated"]) == (100, None, 200, False)


@pytest.mark.parametrize("offset", [2**31, 2**63 - 1, 2**63, 2**64, 10**30])
def test_an_offset_beyond_all_rows_is_an_empty_page(sample, api, offset):
    page = api(None).get(f"/frames/?offset={offset}").json()
    assert (page["results"], page["next"], page["count"]) == ([], None, 200)


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "9" * 5000])
def test_odd_limits_are_the_default(sample, api, limit):
    expected = 200 if limit.startswith("9") and len(limit) < 4300 else 100
    assert len(api(None).get("/frames/", {"limit": limit}).json()["results"]) == expected
    by_cursor = api(None).get("/frames/", {"limit": limit, "pagination_style": "cursor"})
    assert len(by_cursor.json()["results"]) == expected


def test_a_page_by_cursor_costs_one_question_less_than_one_by_offset(sample, api, django_assert_num_queries):
    client = api(None)
    following = client.get("/frames/?pagination_style=cursor&limit=3").json()["next"]
    with django_assert_num_queries(4):  # frames whose flag waits, keys, frames with versions, relations: no count
        assert len(client.get(following).json()["results"]) == 3


@pytest.mark.parametrize("route", ["/thumbnails/", "/versions/"])
def test_other_lists_have_cursors_too(frame_factory, api, admin, route):
    client = api(admin)
    frame = frame_factory(versions=3)
    for number in range(3):
        post_thumbnail(client, frame, number)
    everything = [row["id"] for row in client.get(route).json()["results"]]
    url, seen = f"{route}?pagination_style=cursor&limit=2", []
    while url:
        page = client.get(url).json()
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert (seen, len(seen)) == (everything, 3)
    assert client.get(f"{route}?pagination_style=cursor&cursor=zzz").status_code == 404
