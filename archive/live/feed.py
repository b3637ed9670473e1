"""The one look-out of a stream process: new events, once for all listeners."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from time import monotonic
from typing import ParamSpec, TypeVar

import structlog
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from rest_framework.exceptions import APIException

from archive.domain import sight, stream
from archive.domain.sight import Ear, Told
from archive.domain.stream import ForgottenError
from archive.errors import TransientError
from archive.live import bell
from archive.live.caller import Caller
from archive.live.listener import Chunk, Ending, Listener
from archive.live.pool import in_pool
from archive.models import Event

logger = structlog.get_logger(__name__)
LOOK_SECONDS = 0.5  # without a bell
RIGHTS_SECONDS = 5.0  # between two looks at what tokens and sessions are worth
TICK_SECONDS = 1.0
FAULT_SECONDS = 1.0
MOST_LISTENERS = 1000  # of one process

P = ParamSpec("P")
T = TypeVar("T")
Audience = Sequence[tuple[Listener, Ear]]


class Feed:
    """Carries events to the listeners of this process, each in order, without gaps and without repetition.

    `position` is that of the last event that is on its way to whoever has joined. Who comes with an older one looks for
    the events in between by itself, and joins when it has reached `position`.
    """

    def __init__(self) -> None:
        self.position = 0
        self._listeners: set[Listener] = set()
        self._audience: set[Listener] = set()
        self._is_rung = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()
        self._unsent: tuple[list[Event], Audience] | None = None

    async def start(self) -> None:
        """Begin to look, unless that was done before."""
        async with self._starting:
            if not self._tasks:
                self.position = await in_pool(stream.last_position)()
                works = (self._carry, self._look_after, self._hear)
                self._tasks = [asyncio.create_task(_for_good(work)) for work in works]

    async def receive(self, listener_of: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Give what `listener_of` makes of a caller by looking at the database, in a process that can take one more.

        Raises TransientError when there are too many, or when the database does not answer.
        """
        if len(self._listeners) >= MOST_LISTENERS:
            raise TransientError("Too many listeners: try again later.")
        try:
            await self.start()
            return await in_pool(listener_of)(*args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            raise TransientError("The database does not answer: try again later.") from error

    def admit(self, listener: Listener) -> None:
        """Look after a listener; it hears nothing before it joins."""
        self._listeners.add(listener)

    def join(self, listener: Listener, *, position: int) -> bool:
        """Carry what comes after `position` to a listener; False if it has to look for more by itself first."""
        if position < self.position:
            return False
        listener.begin_at(position)
        self._audience.add(listener)
        return True

    def leave(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        self._audience.discard(listener)

    async def _hear(self) -> None:
        await bell.listen(self._is_rung.set)

    async def _carry(self) -> None:
        while True:
            self._is_rung.clear()
            if await self._carry_next():
                continue
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._is_rung.wait()
            except TimeoutError:
                await self._check_position()

    async def _carry_next(self) -> bool:
        """Carry one batch; False if there is none. A batch that could not be judged comes again."""
        if self._unsent is None:
            try:
                events = await in_pool(stream.events_from)(self.position, most=stream.BATCH_SIZE)
            except ForgottenError:
                await self._begin_anew()
                return True
            if not events:
                return False
            self.position += len(events)  # whoever joins from here on has these
            self._unsent = events, [(listener, listener.ear) for listener in self._audience]
        events, audience = self._unsent
        if audience:
            told = await in_pool(sight.told)(events, {ear for _, ear in audience}, at=timezone.now())
            hand_out(told, audience, position=events[-1].position or 0)
        self._unsent = None
        return True

    async def _check_position(self) -> None:
        if await in_pool(stream.last_position)() < self.position:
            await self._begin_anew()

    async def _begin_anew(self) -> None:
        """Positions went back, or what follows was forgotten: the database is not the one of before."""
        self.position = await in_pool(stream.last_position)()
        for listener in tuple(self._listeners):
            listener.end(Ending.FORGOTTEN)

    async def _look_after(self) -> None:
        """End streams whose caller has lost its rights, and let each kind of listener do what it does in silence."""
        asked_s = monotonic()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            for listener in tuple(self._audience):
                listener.tick()
            if monotonic() - asked_s >= RIGHTS_SECONDS:
                await self._ask_for_rights()
                asked_s = monotonic()

    async def _ask_for_rights(self) -> None:
        callers: dict[Hashable, list[Listener]] = {}
        for listener in self._listeners:
            if not listener.caller.is_nobody:
                callers.setdefault(listener.caller.key, []).append(listener)
        for listeners in callers.values():
            user_id = await _user_id_of(listeners[0].caller)
            for listener in listeners:
                if listener.ear.user_id != user_id:
                    listener.end(Ending.NO_RIGHTS)


async def _user_id_of(caller: Caller) -> int | None:
    try:
        return (await in_pool(caller.reader)()).pk
    except (APIException, TransientError):
        return None


def hand_out(told: dict[Ear, list[Told]], audience: Audience, *, position: int) -> None:
    """Offer each listener what its ear is told of a batch that ends at `position`.

    Who came back from a process that was ahead of this one has heard the first of them, or all: only the others follow.
    """
    written: dict[Hashable, list[Chunk]] = {}
    for listener, ear in audience:
        heard = listener.looked_at
        if heard >= position:
            continue
        group = (ear, listener.group(), heard)
        if group not in written:
            written[group] = listener.write([each for each in told[ear] if (each.event.position or 0) > heard])
        listener.offer(written[group], position=position)


async def _for_good(work: Callable[[], Awaitable[None]]) -> None:
    """Do a work of the feed again whenever it fails."""
    while True:
        try:
            await work()
        except (OperationalError, InterfaceError) as error:
            logger.warning("service_away", service="database", error=str(error).strip())
        except Exception:
            logger.exception("live_feed_failed", work=work.__name__)
        await asyncio.sleep(FAULT_SECONDS)


feed = Feed()
