"""/events/ over a real ASGI server: what happens is told to those who may see it, and a lost connection loses nothing."""

import socket
from collections.abc import Iterator

import pytest
import requests
from django.db import connection
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.domain import events, removal
from archive.enums import EventName
from archive.live.listener import MOST_WAITING_BYTES
from archive.models import Event, Frame
from deploy.local.ports import PortBlock
from tests.factories import FrameFactory
from tests.flows.stream_server import PATIENCE_S, Stream, deliver, stream_server, token_of
from tests.flows.web_server import web_server
from tests.processes import relay


@pytest.fixture
def ports() -> Iterator[PortBlock]:
    block = PortBlock()
    yield block
    block.release()


@pytest.fixture
def host(transactional_db, ports) -> Iterator[str]:
    with stream_server(ports.take()) as address:
        yield address


def test_new_frames_are_told_to_those_who_may_see_them(host, frame_factory, alice, bob, admin):
    with (
        Stream(host) as anyone,
        Stream(host, headers=token_of(bob)) as stranger,
        Stream(host, headers=token_of(alice)) as member,
        Stream(host, headers=token_of(admin)) as superuser,
    ):
        hidden, shown = frame_factory(public_date=None), frame_factory()
        deliver()
        assert anyone.frames(1) == stranger.frames(1) == [shown.pk]
        assert member.frames(2) == superuser.frames(2) == [hidden.pk, shown.pk]


def test_an_event_says_what_happened_without_the_whole_header(host, frame_factory):
    with Stream(host) as anyone:
        frame = frame_factory(headers={"GAIN": 1.9})
        deliver()
        told = anyone.next()
    event = Event.objects.get()
    assert (told["sse_id"], told["sse_event"]) == ("1", "frame.ingested")
    assert (told["id"], told["position"], told["frame_id"]) == (str(event.uuid), 1, frame.pk)
    assert set(told["body"]) == {"frameid", "basename", "filename", "version_set"}
    assert event.body["GAIN"] == 1.9


def test_terms_of_lists_narrow_what_is_told(host, frame_factory):
    queries = [
        "?site_id=cpt",
        "?OBJECT=whirl",
        "?exclude_calibrations=true&RLEVEL=91",
        "?cone=202.5,47.5,1",
        "?start=2025-06-01",
    ]
    streams = [Stream(host, query=query) for query in queries]
    around = ((202.0, 47.0), (202.0, 48.0), (203.0, 48.0), (203.0, 47.0), (202.0, 47.0))
    made = [
        frame_factory(site_id="cpt"),
        frame_factory(target_name="Whirlpool"),
        frame_factory(reduction_level=91),
        frame_factory(footprint=around),
        frame_factory(observation_date=timezone.now()),
    ]
    last = frame_factory(
        site_id="cpt", target_name="Whirlpool", reduction_level=91, footprint=around, observation_date=timezone.now()
    )
    deliver()
    for stream, frame in zip(streams, made, strict=True):
        with stream:
            assert stream.frames(2) == [frame.pk, last.pk]


def test_a_listener_goes_on_where_it_was_cut_off(host, frame_factory):
    made = [frame_factory() for _ in range(3)]
    deliver()
    with (
        Stream(host, headers={"Last-Event-ID": "1"}) as by_header,
        Stream(host, query="?last_event_id=1") as by_parameter,
    ):
        for stream in (by_header, by_parameter):
            assert [stream.next()["sse_id"] for _ in range(2)] == ["2", "3"]
        last = frame_factory()
        deliver()
        assert by_header.frames(1) == by_parameter.frames(1) == [last.pk]
    assert len(made) == 3


def test_cuts_while_frames_come_lose_and_repeat_nothing(host, frame_factory, ports):
    """The relay runs, and is killed in between; the listener is cut off after every few events."""
    heard: list[int] = []
    last_id, made = "0", []
    for turn in range(4):
        with relay(), Stream(host, headers={"Last-Event-ID": last_id}) as stream:
            made += [frame_factory().pk for _ in range(7)]
            wanted = len(made) if turn == 3 else len(heard) + 5
            while len(heard) < wanted:
                event = stream.next()
                heard.append(event["frame_id"])
                last_id = event["sse_id"]
    assert heard == made


def test_a_member_who_is_deactivated_hears_nothing_more(host, frame_factory, alice):
    with Stream(host, headers=token_of(alice)) as member:
        alice.is_active = False
        alice.save()
        frame_factory(public_date=None)
        deliver()
        (end,) = member.rest()
        assert end["sse_event"] == "stream.ended"
        assert "token" in end["detail"]


def test_a_stream_ends_when_its_token_is_revoked(host, alice):
    with Stream(host, headers=token_of(alice)) as member, Stream(host) as anyone:
        Token.objects.filter(user=alice).delete()
        assert [event["sse_event"] for event in member.rest()] == ["stream.ended"]
        assert anyone.status == 200


def test_who_leaves_a_proposal_hears_no_more_of_it(host, frame_factory, alice):
    with Stream(host, headers=token_of(alice)) as member:
        first = frame_factory(public_date=None)
        deliver()
        assert member.frames(1) == [first.pk]
        alice.proposals.clear()
        frame_factory(public_date=None)
        shown = frame_factory()
        deliver()
        assert member.frames(1) == [shown.pk]


def test_an_embargo_that_passes_sends_no_event(host, frame_factory, admin):
    with Stream(host) as anyone, Stream(host, headers=token_of(admin)) as witness:
        hidden = frame_factory(public_date=None)
        deliver()
        assert witness.frames(1) == [hidden.pk]
        Frame.objects.filter(pk=hidden.pk).update(public_date=timezone.now())
        shown = frame_factory()
        deliver()
        assert anyone.frames(1) == [shown.pk]


def test_the_end_of_a_frame_is_told_to_those_who_could_see_it(host, frame_factory, alice):
    hidden, shown = frame_factory(public_date=None, site_id="cpt"), frame_factory(site_id="cpt")
    deliver()
    with Stream(host, query="?site_id=cpt") as anyone, Stream(host, headers=token_of(alice)) as member:
        for frame in (hidden, shown):
            removal.delete_frame(frame_id=frame.pk, at=timezone.now(), by="test")
        deliver()
        told = [member.next(), member.next()]
        assert [(event["frame_id"], event["body"]["basename"]) for event in told] == [
            (hidden.pk, hidden.basename),
            (shown.pk, shown.basename),
        ]
        assert told[0]["body"].keys() == {"frameid", "basename", "rule", "reason"}
        assert anyone.frames(1) == [shown.pk]


def test_nothing_is_told_before_it_can_be_read(host, ports, use_store, tmp_path):
    port = ports.take()
    make = FrameFactory(use_store(type="local", root_dir=str(tmp_path), base_url=f"http://127.0.0.1:{port}/"))
    with web_server(port) as web, relay(), Stream(host) as stream:
        for _ in range(20):
            frame = make()
            told = stream.next()
            assert requests.get(f"{web}/frames/{told['frame_id']}/", timeout=PATIENCE_S).status_code == 200
            assert told["frame_id"] == frame.pk


def test_the_stream_lives_on_when_the_database_ends_its_connections(host, frame_factory):
    with Stream(host) as stream:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                           "AND datname = current_database()")  # fmt: skip
        frame = frame_factory()
        deliver()
        assert stream.frames(1) == [frame.pk]


def test_a_listener_who_does_not_read_is_cut_off_and_comes_back_without_loss(host, frame_factory):
    frame = frame_factory()
    big = {"filler": "x" * 50_000}
    with Stream(host, headers={"Last-Event-ID": "0"}) as quick, socket.create_connection(host.split(":")) as slow:
        # Few bytes wait on this side. With fewer than a segment of the loopback, 64 kB, each 8 kB would take 0.2 s.
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
        slow.settimeout(PATIENCE_S)
        slow.sendall(f"GET /events/ HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        while b": listening" not in slow.recv(4096):
            pass
        quick_ids, total = [], 400
        for _ in range(total - 1):
            events.record_event(EventName.FRAME_UPDATED, frame=frame, body=big, at=timezone.now())
            if len(quick_ids) < 10 * MOST_WAITING_BYTES / 50_000:
                deliver()
                quick_ids.append(int(quick.next()["sse_id"]))
        deliver()
        quick_ids += [int(quick.next()["sse_id"]) for _ in range(total - len(quick_ids))]
        text = b"".join(iter(lambda: slow.recv(1 << 20), b"")).decode()
    ids = [int(line[4:]) for line in text.splitlines() if line.startswith("id: ")]
    told, end = ids[:-1], ids[-1]
    assert "too slowly" in text.splitlines()[-2]
    assert told == list(range(1, end + 1))
    assert end < total
    assert quick_ids == list(range(1, total + 1))
    with Stream(host, headers={"Last-Event-ID": str(end)}) as back:
        assert [int(back.next()["sse_id"]) for _ in range(total - end)] == list(range(end + 1, total + 1))


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {"Authorization": "Token nobody"}, 401),
        ("?site_id=lsc&RLEVEL=high", {}, 400),
        ("?covers=POINT(x)", {}, 400),
        ("", {"Last-Event-ID": "yesterday"}, 400),
        ("", {"Last-Event-ID": "17"}, 400),
    ],
)
def test_what_can_not_be_listened_to_is_refused_with_its_reason(transactional_db, refuser, query, headers, status):
    refused = Stream(refuser, query=query, headers=headers)
    assert (refused.status, bool(refused.json())) == (status, True)


def test_who_was_away_too_long_is_told_so(host, frame_factory):
    for _ in range(3):
        frame_factory()
        deliver()
    Event.objects.filter(position__lt=3).delete()
    refused = Stream(host, headers={"Last-Event-ID": "1"})
    assert refused.status == 410
    assert "no longer kept" in refused.json()["detail"]


@pytest.mark.django_db
def test_gunicorn_says_where_the_stream_is(client):
    assert client.get("/events/").status_code == 503
