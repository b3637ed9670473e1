"""/events/: what happens, as it happens, over Server-Sent Events. Runs in the stream process, not in gunicorn."""

import re
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from time import monotonic

import orjson
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from rest_framework.exceptions import APIException

from archive.domain import stream
from archive.domain.envelope import brief_envelope_of
from archive.domain.sight import Ear, Told
from archive.domain.stream import ForgottenError
from archive.errors import ArchiveError, TransientError, UsageError
from archive.live.caller import Caller
from archive.live.feed import feed
from archive.live.listener import Chunk, Ending, Listener
from archive.live.pool import in_pool
from archive.models import Event
from archive.terms.listening import ear_for

POSITION = re.compile(r"[0-9]{1,18}")
HEARTBEAT_SECONDS = 15.0  # proxies close a connection that is silent for a minute
STREAM_SECONDS = 600.0  # a stream ends then; listeners come back by themselves, with Last-Event-ID
HEARTBEAT = b": still here\n\n"
STATUS_OF: dict[type[ArchiveError], int] = {ForgottenError: 410, UsageError: 400, TransientError: 503}
ELSEWHERE = "Live events come from the stream process: uvicorn settings.asgi:application."


class EventListener(Listener):
    """Takes events in the form of text/event-stream."""

    def write(self, told: Sequence[Told]) -> list[Chunk]:
        if not told:
            return []
        return [Chunk(b"".join(_message(each.event) for each in told), told[-1].event.position or 0)]

    def tick(self) -> None:
        now_s = monotonic()
        if now_s - self.began_s >= STREAM_SECONDS:
            self.end(Ending.IN_TIME)
        elif now_s - self.offered_s >= HEARTBEAT_SECONDS:
            self.offer([Chunk(HEARTBEAT, self.looked_at)], position=self.looked_at)


@require_GET
async def live_events(request: HttpRequest) -> HttpResponseBase:
    """Events whose frames the reader may see and that meet the terms of lists, from now on or from a position on."""
    if not isinstance(request, ASGIRequest):
        return JsonResponse({"detail": ELSEWHERE}, status=503)
    try:
        listener, position = await feed.receive(_listener_for, request)
    except (APIException, ArchiveError) as error:
        return _refusal(error)
    return StreamingHttpResponse(
        _lines(listener, feed.position if position is None else position),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _refusal(error: APIException | ArchiveError) -> JsonResponse:
    if isinstance(error, APIException):
        detail = error.detail if isinstance(error.detail, dict) else {"detail": error.detail}
        headers = {"WWW-Authenticate": "Token"} if error.status_code == HTTPStatus.UNAUTHORIZED else {}
        return JsonResponse(detail, status=error.status_code, headers=headers)
    status = next(status for kind, status in STATUS_OF.items() if isinstance(error, kind))
    headers = {"Retry-After": "10"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return JsonResponse({"detail": str(error)}, status=status, headers=headers)


def _listener_for(request: HttpRequest) -> tuple[EventListener, int | None]:
    """A listener who may listen, and the position from which on it wants to; None: from now on."""
    caller = Caller.of(request)
    ear = ear_for(caller.reader(), request.GET)
    asked = request.headers.get("Last-Event-ID") or request.GET.get("last_event_id", "")
    if not asked:
        return EventListener(caller, ear), None
    if not POSITION.fullmatch(asked):
        raise UsageError("Last-Event-ID is no position: send back the id of the last event, or none.")
    stream.require_kept(int(asked))
    return EventListener(caller, ear), int(asked)


async def _lines(listener: EventListener, position: int) -> AsyncIterator[bytes]:
    feed.admit(listener)
    try:
        yield b": listening\n\n"
        while not feed.join(listener, position=position):
            told, position = await in_pool(_look)(listener.ear, position, feed.position - position)
            for chunk in listener.write(told):
                yield chunk.data
            if listener.ending is not None:
                listener.begin_at(position)
                break
        while (taken := await listener.take()) is not None:
            yield taken.data
            listener.sent(taken)
        yield _farewell(listener)
    except ForgottenError:
        listener.end(Ending.FORGOTTEN)
        yield _farewell(listener)
    finally:
        feed.leave(listener)


def _look(ear: Ear, position: int, most: int) -> tuple[list[Told], int]:
    return stream.look(ear, after=position, most=most, at=timezone.now())


def _message(event: Event) -> bytes:
    data = orjson.dumps(brief_envelope_of(event))
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.position or 0, event.name.encode(), data)


def _farewell(listener: Listener) -> bytes:
    """Why the stream ends; with the position behind which it goes on for whoever comes back, unless there is none."""
    ending = listener.ending or Ending.IN_TIME
    if ending is Ending.FORGOTTEN:
        return b"event: stream.ended\ndata: %s\n\n" % orjson.dumps({"position": None, "detail": ending.value})
    data = orjson.dumps({"position": listener.position, "detail": ending.value})
    return b"id: %d\nevent: stream.ended\ndata: %s\n\n" % (listener.position, data)
