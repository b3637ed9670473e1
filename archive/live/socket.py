"""/live/: the notice of Photon Ranch over a WebSocket: that something changed at a site, and of which base name.

A client says which site it wants in `?site=`, and another one with `{"action": "updatesubscribersite", "site": "…"}`.
Who it is it says in the header Authorization; a browser, which can not set it, with
`{"action": "authenticate", "authorization": "Token …"}`. Not in the address: addresses are written into logs. Not by
the cookie of the pages: any other site could open a socket in a reader's name.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Hashable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any

import orjson
from django.http import QueryDict
from rest_framework.exceptions import APIException, ValidationError

from archive.domain.sight import Ear, Told
from archive.enums import EventName
from archive.errors import TransientError
from archive.live.caller import Caller
from archive.live.feed import feed
from archive.live.listener import Chunk, Ending, Listener
from archive.live.pool import in_pool
from archive.terms.listening import ear_for

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PATHS = frozenset({"/live/", "/live", "/"})  # the original is asked for its bare name
LONGEST_SITE = 64
CLOSE_CODES = {Ending.TOO_SLOW: 1013, Ending.IN_TIME: 1012, Ending.FORGOTTEN: 1012, Ending.NO_RIGHTS: 4401}


class SiteListener(Listener):
    """Takes notices of one site at a time."""

    def __init__(self, caller: Caller, ear: Ear, site: str) -> None:
        super().__init__(caller, ear)
        self.site = site

    def group(self) -> Hashable:
        return super().group(), self.site

    def write(self, told: Sequence[Told]) -> list[Chunk]:
        """Notices of this site; of those that say the same one."""
        found: dict[bytes, int] = {}
        for each in told:
            data = _data_of(each)
            if data["site"] == self.site:
                notice = orjson.dumps({"topic": "imagedata", "site": self.site, "data": data})
                found[notice] = each.event.position or 0
        return [Chunk(notice, position) for notice, position in found.items()]

    def change_site(self, site: str) -> None:
        self.drop_waiting()
        self.site = site


def _data_of(told: Told) -> dict[str, Any]:
    body = told.event.body
    if told.event.name != EventName.FAMILY_UPDATED:
        return {"s3_directory": "data", "base_filename": told.basename, "site": told.site_id}
    data = {"s3_directory": body["s3_directory"], "base_filename": body["base"], "site": body["site"]}
    if body.get("channel") is not None:
        data["channel"] = body["channel"]
    return data


async def live_socket(scope: Message, receive: Receive, send: Send) -> None:
    """An ASGI application for one WebSocket, from its opening to its end."""
    await receive()
    if scope["path"] not in PATHS:
        await _refuse(send, 404, "There is no WebSocket here: take /live/.")
        return
    parameters, caller = QueryDict(scope["query_string"]), _caller_of(scope)
    try:
        ear = await feed.receive(_ear_of, caller, parameters)
    except APIException as error:
        await _refuse(send, error.status_code, json.dumps(error.detail))
        return
    except TransientError as error:
        await _refuse(send, 503, str(error))
        return
    await send({"type": "websocket.accept"})
    listener = SiteListener(caller, ear, parameters.get("site", "")[:LONGEST_SITE])
    await _Conversation(scope, receive, send, listener, parameters).hold()


def _caller_of(scope: Message, authorization: str | None = None) -> Caller:
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    address = {"REMOTE_ADDR": (scope.get("client") or ("",))[0]}
    if b"x-forwarded-for" in headers:
        address["HTTP_X_FORWARDED_FOR"] = headers[b"x-forwarded-for"]
    shown = headers.get(b"authorization", "") if authorization is None else authorization
    return Caller(authorization=shown, session_key=None, address=address)


def _ear_of(caller: Caller, parameters: QueryDict) -> Ear:
    return ear_for(caller.reader(), parameters)


class _Conversation:
    """Notices one way, wishes the other."""

    def __init__(
        self, scope: Message, receive: Receive, send: Send, listener: SiteListener, parameters: QueryDict
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._listener = listener
        self._parameters = parameters

    async def hold(self) -> None:
        feed.admit(self._listener)
        feed.join(self._listener, position=feed.position)
        sending = asyncio.create_task(self._send_notices())
        try:
            while (message := await self._receive())["type"] == "websocket.receive":
                await self._obey(message.get("text") or "")
        finally:
            feed.leave(self._listener)
            sending.cancel()
            with suppress(asyncio.CancelledError, OSError):  # a connection that is gone
                await sending

    async def _send_notices(self) -> None:
        while (chunk := await self._listener.take()) is not None:
            await self._send({"type": "websocket.send", "text": chunk.data.decode()})
            self._listener.sent(chunk)
        ending = self._listener.ending or Ending.IN_TIME
        await self._send({"type": "websocket.close", "code": CLOSE_CODES[ending], "reason": ending.value})

    async def _obey(self, text: str) -> None:
        try:
            wish = json.loads(text)
            action = wish["action"]
            said = str(wish["site" if action == "updatesubscribersite" else "authorization"])
        except (ValueError, TypeError, KeyError, RecursionError):
            await self._complain('Send {"action": "updatesubscribersite", "site": "…"}.')
            return
        if action == "updatesubscribersite":
            self._listener.change_site(said[:LONGEST_SITE])
        elif action == "authenticate":
            await self._authenticate(said)
        else:
            await self._complain(f"There is no action {action!r}: there are updatesubscribersite and authenticate.")

    async def _authenticate(self, authorization: str) -> None:
        caller = _caller_of(self._scope, authorization)
        try:
            self._listener.ear = await in_pool(_ear_of)(caller, self._parameters)
            self._listener.caller = caller
        except ValidationError:
            raise  # the same terms were read before
        except APIException:
            self._listener.end(Ending.NO_RIGHTS)
        except TransientError as error:
            await self._complain(str(error))

    async def _complain(self, detail: str) -> None:
        complaint = {"topic": "error", "data": {"detail": detail}}
        await self._send({"type": "websocket.send", "text": orjson.dumps(complaint).decode()})


async def _refuse(send: Send, status: int, detail: str) -> None:
    """Answer the opening with a plain HTTP status."""
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": detail.encode()})
