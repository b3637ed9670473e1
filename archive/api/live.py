"""/events/: what happens, as it happens, over Server-Sent Events. Runs in the stream process, not in gunicorn."""

import asyncio
import json
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET
from rest_framework.exceptions import AuthenticationFailed

from archive.api.authentication import TokenAuthentication
from archive.domain import stream
from archive.models import Event, Reader

LOOK_SECONDS = 0.25
SILENT_LOOKS = 60  # looks without an event, after which a comment keeps proxies from closing the connection


@require_GET
async def live_events(request: HttpRequest) -> HttpResponseBase:
    """Every event whose frame the reader may see, from now on, or from `Last-Event-ID` (a position) on."""
    if not isinstance(request, ASGIRequest):
        return HttpResponse("Live events come from the stream process: uvicorn settings.asgi:application.", status=503)
    try:
        user = await sync_to_async(_reader)(request)
    except AuthenticationFailed as error:
        return HttpResponse(str(error.detail), status=401, headers={"WWW-Authenticate": "Token"})
    asked = request.headers.get("Last-Event-ID", "")
    start = int(asked) if asked.isascii() and asked.isdigit() else await sync_to_async(stream.last_position)()
    return StreamingHttpResponse(
        _lines(user, start),
        content_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


def _reader(request: HttpRequest) -> Reader:
    """User of the token or of the session."""
    found = TokenAuthentication().authenticate(request)  # type: ignore[arg-type]  # it reads nothing but headers
    if found is not None:
        user: Reader = found[0]
        return user
    return request.user if request.user.is_active else AnonymousUser()


async def _lines(user: Reader, position: int) -> AsyncIterator[str]:
    yield ": listening\n\n"
    silent = 0
    while True:
        events, position = await sync_to_async(stream.events_after)(position, user=user, at=timezone.now())
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
