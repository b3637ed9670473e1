"""/events/: what happens, as it happens, over Server-Sent Events. Runs in the stream process, not in gunicorn."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from time import monotonic
from typing import TypeVar

from asgiref.sync import sync_to_async
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from archive.domain import stream
from archive.errors import TransientError
from archive.models import Event, Reader

T = TypeVar("T")
POSITION = re.compile(r"[0-9]{1,18}")
LOOK_SECONDS = 0.25
SILENT_LOOKS = 60  # looks without an event, after which a comment keeps proxies from closing the connection
STREAM_SECONDS = 600.0  # a stream ends then; listeners come back by themselves, with Last-Event-ID
MOST_LISTENERS = 1000  # of one process

_listeners = 0


@require_GET
async def live_events(request: HttpRequest) -> HttpResponseBase:
    """Every event whose frame the reader may see, from now on, or from `Last-Event-ID` (a position) on."""
    if not isinstance(request, ASGIRequest):
        return HttpResponse("Live events come from the stream process: uvicorn settings.asgi:application.", status=503)
    if _listeners >= MOST_LISTENERS:
        return HttpResponse("Too many listeners: try again later.", status=503, headers={"Retry-After": "30"})
    try:
        start = await _in_pool(_start_of)(request)
    except APIException as error:
        headers = {"WWW-Authenticate": "Token"} if error.status_code == HTTPStatus.UNAUTHORIZED else {}
        return HttpResponse(str(error.detail), status=error.status_code, headers=headers)
    except TransientError as error:
        return HttpResponse(str(error), status=503)
    return StreamingHttpResponse(
        _lines(request, start),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _in_pool(look: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """Run a look at the database in the process's few shared threads: listeners must not hold a connection each."""

    def with_sound_connection(*arguments: object) -> T:
        close_old_connections()
        return look(*arguments)

    return sync_to_async(with_sound_connection, thread_sensitive=False)


def _start_of(request: HttpRequest) -> int:
    _reader(request)
    asked = request.headers.get("Last-Event-ID", "")
    return int(asked) if POSITION.fullmatch(asked) else stream.last_position()


def _look(request: HttpRequest, position: int) -> tuple[list[Event], int]:
    """Events after `position` for whoever the reader is now: rights may have gone since the last look."""
    if stream.last_position() <= position:
        return [], position
    return stream.events_after(position, user=_reader(request), at=timezone.now())


def _reader(request: HttpRequest) -> Reader:
    """Whoever the API would take this request to come from, read anew."""
    request.user = get_user(request)
    user: Reader = Request(request, authenticators=APIView().get_authenticators()).user
    return user


async def _lines(request: HttpRequest, position: int) -> AsyncIterator[str]:
    global _listeners  # noqa: PLW0603 - one number per process, changed in one thread
    _listeners += 1
    try:
        async for line in _told(request, position):
            yield line
    except (APIException, TransientError):
        return  # the token is worth nothing any more, or nobody can tell just now
    finally:
        _listeners -= 1


async def _told(request: HttpRequest, position: int) -> AsyncIterator[str]:
    yield ": listening\n\n"
    silent, end = 0, monotonic() + STREAM_SECONDS
    while monotonic() < end:
        events, position = await _in_pool(_look)(request, position)
        for event in events:
            yield _message(event)
        silent = 0 if events else silent + 1
        if silent % SILENT_LOOKS == SILENT_LOOKS - 1:
            yield ": still here\n\n"
        if not events:
            await asyncio.sleep(LOOK_SECONDS)


def _message(event: Event) -> str:
    data = json.dumps({"frame_id": event.frame_id, "created_at": event.created_at.isoformat(), "body": event.body})
    return f"id: {event.position}\nevent: {event.name}\ndata: {data}\n\n"
