"""Which frames are new to a list that was made before: /search/new/, and the mark that the search page carries."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from archive.domain import arrivals, events
from archive.domain.removal import delete_frame
from archive.enums import EventName
from archive.models import Event, Frame
from tests.factories import OBSERVED_AT
from tests.flows.stream_server import deliver

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_counts")]


@pytest.fixture
def mark(client):
    """The mark of a page of the search that is made now: `mark(client, "?site_id=lsc")`."""

    def of_page(of=client, query=""):
        deliver()
        return of.get(f"/search/{query}").context["arrivals"]

    return of_page


def ask(client, mark, after=None):
    return client.get(f"{mark['address']}&after={mark['after'] if after is None else after}")


def new_to(client, mark):
    """Ids that a page of this mark is told of now, once the relay has run."""
    deliver()
    answer = ask(client, mark)
    assert answer.status_code == 200, answer.content
    return answer.json()["frames"]


def test_what_came_since_is_told_to_whoever_may_see_it(client, api, alice, bob, admin, frame_factory, mark):
    old = frame_factory()
    marks = mark()
    public, hidden = frame_factory(), frame_factory(public_date=None)
    for user, wanted in ((None, [public]), (bob, [public]), (alice, [public, hidden]), (admin, [public, hidden])):
        reader = api(None)
        if user:
            reader.force_login(user)
        assert new_to(reader, marks) == [frame.pk for frame in wanted], user
    assert old.pk not in new_to(client, mark())


@pytest.mark.parametrize(
    ("query", "n"),
    [
        ("?site_id=cpt", 1),
        ("?site_id=cpt&site_id=lsc", 2),
        ("?target_name=m+51&exposure_time=50", 2),
        ("?exposure_time=61", 0),
        ("?header=OBJECT%3DM+51", 2),
        ("?public=true", 2),
        ("?start=2025-03-09&end=2025-03-10", 2),
        ("?end=2025-03-09", 0),
        ("?cone=202.47,47.2,1", 0),
    ],
)
def test_only_what_the_page_asks_for_is_told(query, n, client, frame_factory, mark):
    marks = mark(query=query)
    frame_factory()
    frame_factory(site_id="cpt")
    assert len(new_to(client, marks)) == n


def test_bytes_and_values_more_of_a_frame_are_no_new_frame(client, frame_factory, mark, now, store):
    frame = frame_factory()
    marks = mark()
    with transaction.atomic():
        events.record_event(EventName.FRAME_INGESTED, frame=frame, body={}, at=OBSERVED_AT + timedelta(hours=1))
        events.record_event(EventName.FRAME_UPDATED, frame=frame, body={}, at=now)
    assert new_to(client, marks) == []


def test_a_frame_that_was_known_by_its_name_alone_is_new_with_its_bytes(client, frame_factory, mark):
    Frame.objects.create(basename="named-before")
    marks = mark()
    assert new_to(client, marks) == []
    assert new_to(client, marks) == [] != [frame_factory(basename="named-before").pk] == new_to(client, marks)


def test_what_becomes_public_counts_from_then_if_it_came_since(client, frame_factory, mark):
    before = frame_factory(public_date=None)
    marks = mark()
    since = frame_factory(public_date=None)
    assert new_to(client, marks) == []
    Frame.objects.filter(pk__in=[before.pk, since.pk]).update(public_date=OBSERVED_AT)
    assert new_to(client, marks) == [since.pk]


def test_what_is_gone_again_is_not_told(client, frame_factory, mark, now):
    marks = mark()
    delete_frame(frame_id=frame_factory().pk, at=now, by="test")
    assert new_to(client, marks) == []


def test_a_frame_that_commits_late_is_told_whatever_its_number(client, frame_factory, mark):
    """Its rows have lower numbers than those that a page has; the relay gives it a position after them."""
    late, early = frame_factory(), frame_factory()
    held = Event.objects.filter(frame_id=late.pk)
    rows = list(held.values())
    held.delete()  # as if it had not committed yet
    marks = mark()
    Event.objects.bulk_create(Event(**row) for row in rows)
    assert new_to(client, marks) == [late.pk]
    assert early.pk > late.pk


def test_what_the_relay_has_not_seen_yet_is_in_the_page_already(client, frame_factory, mark):
    mark()
    frame = frame_factory()
    waiting = client.get("/search/").context["arrivals"]["waiting"]
    assert waiting == str(frame.pk)


def test_questions_of_many_events_are_asked_piece_by_piece(client, frame_factory, mark, monkeypatch):
    marks = mark()
    made = [frame_factory().pk for _ in range(5)]
    monkeypatch.setattr(arrivals, "MOST_LOOKED_AT", 2)
    deliver()
    after, has_more, found = marks["after"], True, []
    while has_more:
        answer = ask(client, marks, after).json()
        after, has_more = answer["after"], answer["has_more"]
        found += answer["frames"]
    assert found == made
    monkeypatch.setattr(arrivals, "MOST_LOOKED_AT", 2000)
    monkeypatch.setattr(arrivals, "MOST_TOLD", 3)
    assert new_to(client, marks) == made[:3]


def test_events_that_are_forgotten_make_the_page_an_old_one(client, frame_factory, mark, now):
    marks = mark()
    frame_factory()
    frame_factory()
    deliver()
    Event.objects.filter(position=marks["after"] + 1).delete()
    assert ask(client, marks).status_code == 410


@pytest.mark.parametrize("query", ["", "?after=", "?after=-1", "?after=1e3", f"?after={10**18}", "?after=0&start=soon"])
def test_what_can_not_be_read_is_refused_in_words(client, query):
    answer = client.get(f"/search/new/{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("query", "has_bar"),
    [("", True), ("?view=gallery", True), ("?ordering=-observation_date", True), ("?page=2", True), ("?site_id=none", True),
     ("?ordering=observation_date", False), ("?ordering=basename", False), ("?view=sky", False), ("?view=aladin", False)],
)  # fmt: skip
def test_lists_with_the_newest_first_have_a_bar(client, frame_factory, query, has_bar):
    frame_factory()
    assert ('id="arrivals"' in client.get(f"/search/{query}").content.decode()) is has_bar


def test_a_question_costs_the_same_for_one_frame_and_for_three(client, alice, frame_factory, mark, now):
    """Session, user, events, frames: those by their numbers, whatever the archive holds."""
    client.force_login(alice)
    marks = mark(client, "?site_id=lsc")
    for n_frames in (1, 3):
        while Frame.objects.count() < n_frames:
            frame_factory()
        deliver()
        with CaptureQueriesContext(connection) as asked:
            assert len(ask(client, marks).json()["frames"]) == n_frames
        assert len(asked) == 4
    of_events, of_frames = (each["sql"] for each in asked.captured_queries[2:])
    assert "Index" in plan_of(of_events)
    assert "Seq Scan on archive_frame" not in plan_of(of_frames)


def plan_of(statement):
    """How it is answered where tables are large: here, where they are small, reading them whole is cheaper."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_pages_that_stand_open_have_a_limit_of_their_own(client, frame_factory, mark, settings):
    settings.THROTTLES = {**settings.THROTTLES, "anonymous": "1/day", "open-pages": "2/day"}
    marks = mark()
    statuses = [ask(client, marks) for _ in range(3)]
    assert [answer.status_code for answer in statuses] == [200, 200, 429]
    assert int(statuses[-1]["Retry-After"]) > 0
    assert client.get("/frames/").status_code == 200
