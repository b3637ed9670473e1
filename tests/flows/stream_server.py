"""The archive's stream process for tests that listen as programs do: uvicorn on a port of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import requests
from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.authtoken.models import Token
from sseclient import SSEClient

from archive.domain import events
from deploy.local.probes import listens
from deploy.local.processes import STREAM_OPTIONS
from tests.processes import running, until

PATIENCE_S = 30


@contextmanager
def stream_server(port: int, **settings: str) -> Iterator[str]:
    """Host and port of a running stream process, on the database of the running test."""
    command = (sys.executable, "-m", "uvicorn", "settings.asgi:application", "--log-level", "warning")
    with running(*command, "--port", str(port), *STREAM_OPTIONS, **settings):
        until(lambda: listens(port), what="the stream process listens")
        yield f"127.0.0.1:{port}"


def token_of(user: User) -> dict[str, str]:
    return {"Authorization": f"Token {Token.objects.get(user=user).key}"}


def deliver() -> None:
    """What the relay does, once: positions, and a broker that takes everything."""
    while events.deliver_pending(lambda _: None, clock=timezone.now):
        pass


class Stream:
    """An SSE client of a public package on one stream. In a `with`."""

    def __init__(self, host: str, *, query: str = "", headers: dict[str, str] | None = None) -> None:
        address = f"http://{host}/events/{query}"
        self._response = requests.get(address, headers=headers, stream=True, timeout=PATIENCE_S)
        self.status = self._response.status_code
        self._events = SSEClient(self._response.iter_content(None)).events()

    def __enter__(self) -> "Stream":
        assert self.status == 200, self._response.text
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()

    def json(self) -> Any:
        return self._response.json()

    def next(self) -> Any:
        """The next event as its envelope, with the id and name that it came under."""
        event = next(self._events)
        return {**orjson.loads(event.data), "sse_id": event.id, "sse_event": event.event}

    def frames(self, count: int) -> list[int]:
        """Frames of the next events."""
        return [self.next()["frame_id"] for _ in range(count)]

    def rest(self) -> list[Any]:
        """Everything up to the end of the stream."""
        return [{**orjson.loads(event.data), "sse_id": event.id, "sse_event": event.event} for event in self._events]
