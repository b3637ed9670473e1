"""/events/ over a real ASGI server: what happens is told to those who may see it, and a lost connection loses nothing."""

import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.domain import events
from tests.processes import running, until


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def stream_url(transactional_db) -> Iterator[str]:
    port = free_port()
    command = (
        sys.executable,
        "-m",
        "uvicorn",
        "settings.asgi:application",
        "--port",
        str(port),
        "--log-level",
        "warning",
    )
    with running(*command):
        until(lambda: is_open(port), what="the stream process listens")
        yield f"http://127.0.0.1:{port}/events/"


def told(response: requests.Response, count: int) -> list[dict[str, Any]]:
    """The next events of a stream."""
    found: list[dict[str, Any]] = []
    event: dict[str, Any] = {}
    for line in response.iter_lines(decode_unicode=True):
        key, _, value = line.partition(": ")
        if key in {"id", "event", "data"}:
            event[key] = json.loads(value) if key == "data" else value
        elif not line and event:
            found.append(event)
            event = {}
            if len(found) == count:
                return found
    raise AssertionError("the stream ended")


def deliver() -> None:
    events.deliver_pending(lambda _: None, clock=timezone.now)


def test_new_frames_are_told_to_those_who_may_see_them(stream_url, frame_factory, alice):
    token = {"Authorization": f"Token {Token.objects.get(user=alice).key}"}
    with (
        requests.get(stream_url, stream=True, timeout=30) as anyone,
        requests.get(stream_url, headers=token, stream=True, timeout=30) as member,
    ):
        assert anyone.headers["Content-Type"] == "text/event-stream"
        hidden, shown = frame_factory(public_date=None), frame_factory()
        deliver()
        assert [event["data"]["frame_id"] for event in told(anyone, 1)] == [shown.pk]
        assert [event["data"]["frame_id"] for event in told(member, 2)] == [hidden.pk, shown.pk]


def test_a_listener_goes_on_where_it_was_cut_off(stream_url, frame_factory):
    frames = [frame_factory() for _ in range(3)]
    deliver()
    with requests.get(stream_url, headers={"Last-Event-ID": "1"}, stream=True, timeout=30) as response:
        found = told(response, 2)
    assert [(event["id"], event["event"], event["data"]["frame_id"]) for event in found] == [
        ("2", "frame.ingested", frames[1].pk),
        ("3", "frame.ingested", frames[2].pk),
    ]


def test_a_listener_who_is_deactivated_hears_nothing_more(stream_url, frame_factory, alice):
    token = {"Authorization": f"Token {Token.objects.get(user=alice).key}"}
    with requests.get(stream_url, headers=token, stream=True, timeout=30) as member:
        lines = member.iter_lines(decode_unicode=True)
        assert next(lines) == ": listening"
        alice.is_active = False
        alice.save()
        frame_factory(public_date=None)
        deliver()
        assert [line for line in lines if line] == []  # the stream ends


def test_a_bad_token_is_refused(stream_url):
    assert requests.get(stream_url, headers={"Authorization": "Token nobody"}, timeout=30).status_code == 401


@pytest.mark.django_db
def test_gunicorn_says_where_the_stream_is(client):
    assert client.get("/events/").status_code == 503
