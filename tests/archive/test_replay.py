"""/events/replay/: a pipeline that was down asks for what it missed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from archive.domain import broker, envelope, events, removal, stream
from archive.enums import EventName
from archive.models import Event

pytestmark = pytest.mark.django_db


def deliver() -> None:
    while events.deliver_pending(lambda _: None, clock=timezone.now):
        pass


def positions(response) -> list[int]:
    assert response.status_code == 200, response.content
    return [event["position"] for event in response.json()["results"]]


def test_pages_follow_each_other_to_the_end_and_on_from_there(api, frame_factory):
    for _ in range(5):
        frame_factory()
    deliver()
    client = api(None)
    first = client.get("/events/replay/?after=1&limit=2").json()
    second = client.get(first["next"]).json()
    assert [event["position"] for event in first["results"] + second["results"]] == [2, 3, 4, 5]
    assert (second["position"], second["next"]) == (5, None)
    frame_factory()
    deliver()
    assert positions(client.get(f"/events/replay/?after={second['position']}")) == [6]


def test_the_envelope_is_that_of_the_exchange_of_events(api, frame_factory):
    frame_factory(headers={"GAIN": 1.9})
    deliver()
    (told,) = api(None).get("/events/replay/?after=0").json()["results"]
    assert told == envelope.envelope_of(Event.objects.get())
    assert told["body"]["GAIN"] == 1.9
    assert broker.envelope_of is envelope.envelope_of


def test_each_reader_gets_what_it_may_see_and_what_it_asked_for(api, frame_factory, alice, bob, admin):
    frame_factory(public_date=None)
    frame_factory(site_id="cpt")
    frame_factory(site_id="cpt", public_date=None)
    deliver()
    assert [positions(api(user).get("/events/replay/")) for user in (None, bob, alice, admin)] == [
        [2],
        [2],
        [1, 2, 3],
        [1, 2, 3],
    ]
    assert positions(api(alice).get("/events/replay/?site_id=cpt")) == [2, 3]
    assert positions(api(alice).get("/events/replay/?site_id=cpt&public=true")) == [2]
    assert positions(api(alice).get("/events/replay/?public=false")) == [1, 3]


def test_what_is_hidden_moves_the_position_on(api, frame_factory):
    frame_factory(public_date=None)
    deliver()
    answer = api(None).get("/events/replay/?after=0").json()
    assert answer == {"position": 1, "next": None, "results": []}


def test_a_page_that_looked_far_enough_says_where_to_go_on(api, frame_factory, monkeypatch):
    monkeypatch.setattr(stream, "BATCH_SIZE", 2)
    monkeypatch.setattr(stream, "MOST_LOOKED_AT", 4)
    for number in range(6):
        frame_factory(site_id="cpt" if number == 5 else "lsc")
    deliver()
    first = api(None).get("/events/replay/?after=0&site_id=cpt").json()
    assert (first["position"], first["results"]) == (4, [])
    assert positions(api(None).get(first["next"])) == [6]


def test_events_of_a_frame_that_is_gone_are_told_to_those_who_could_see_it(api, frame_factory, alice):
    frame = frame_factory(public_date=None, target_name="Vega")
    removal.delete_frame(frame_id=frame.pk, at=timezone.now(), by="test")
    deliver()
    names = [event["event"] for event in api(alice).get("/events/replay/?target_name=veg").json()["results"]]
    assert names == [EventName.FRAME_INGESTED, EventName.FRAME_DELETED]
    assert positions(api(alice).get("/events/replay/?target_name=altair")) == []
    assert positions(api(None).get("/events/replay/")) == []


def test_what_an_event_remembers_of_a_frame_is_told_to_nobody(api, frame_factory, admin):
    frame = frame_factory(proposal_id="SECRET007")
    removal.delete_frame(frame_id=frame.pk, at=timezone.now(), by="test")
    deliver()
    assert "SECRET007" in str(Event.objects.latest("id").subject)
    text = api(admin).get("/events/replay/").content.decode()
    assert "subject" not in text
    assert "SECRET007" not in text


def test_positions_that_are_forgotten_are_gone_and_said_to_be(api, frame_factory):
    for _ in range(4):
        frame_factory()
        deliver()
    Event.objects.filter(position=2).update(published_at=None, fault="no broker takes it")
    later = timezone.now() + timedelta(days=31)
    assert events.forget_delivered(older_than=timedelta(days=30), at=later) == 3
    client = api(None)
    for after in (0, 1, 2):
        refused = client.get(f"/events/replay/?after={after}")
        assert refused.status_code == 410
        assert "no longer kept" in refused.json()["detail"]
    assert positions(client.get("/events/replay/?after=3")) == [4]
    assert positions(client.get("/events/replay/")) == [4]


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=99", "limit=0", "RLEVEL=high", "covers=POINT(x)"])
def test_what_can_not_be_read_is_refused(api, query):
    assert api(None).get(f"/events/replay/?{query}").status_code == 400


def test_an_empty_outbox_has_an_empty_replay(api):
    assert api(None).get("/events/replay/").json() == {"position": 0, "next": None, "results": []}
