"""One open stream: what waits for it in memory, and why it ends."""

import asyncio
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from time import monotonic

from archive.domain.sight import Ear, Told
from archive.live.caller import Caller

MOST_WAITING_BYTES = 1_000_000  # before the last batch; what is written once is shared by all who wait for it
ROOM_OF_ONE_BYTES = 200  # what a waiting chunk takes beside itself


class Ending(Enum):
    """Why a stream ends, as its listener is told."""

    TOO_SLOW = "You read too slowly: come back with this position, and nothing is lost."
    IN_TIME = "This stream has lasted long enough: come back with this position, and nothing is lost."
    NO_RIGHTS = "Your token or session is worth nothing any more."
    FORGOTTEN = "The database was put back, or this stream fell too far behind: begin anew."


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is sent in one go; `position` is that of the last event in it."""

    data: bytes
    position: int


class Listener:
    """Base of the two kinds. The feed offers, the connection takes; both in the process's one event loop."""

    def __init__(self, caller: Caller, ear: Ear) -> None:
        self.caller = caller
        self.ear = ear
        self.ending: Ending | None = None
        self.began_s = self.offered_s = monotonic()
        self.position = 0  # up to which everything was taken
        self.looked_at = 0  # up to which everything was offered
        self._waiting: deque[Chunk] = deque()
        self._waiting_bytes = 0
        self._is_awake = asyncio.Event()

    def group(self) -> Hashable:
        """Listeners of one group and one ear are written the same."""
        return type(self).__name__

    def write(self, told: Sequence[Told]) -> list[Chunk]:
        raise NotImplementedError

    def offer(self, chunks: Sequence[Chunk], *, position: int) -> None:
        """Let chunks wait, which bring the listener to `position`. One who lets too much wait is cut off."""
        if self.ending is not None:
            return
        self.looked_at = position
        if not chunks:
            if not self._waiting:
                self.position = position
            return
        if self._waiting_bytes > MOST_WAITING_BYTES:
            self.end(Ending.TOO_SLOW)
            return
        self.offered_s = monotonic()
        self._waiting.extend(chunks)
        self._waiting_bytes += sum(len(chunk.data) + ROOM_OF_ONE_BYTES for chunk in chunks)
        self._is_awake.set()

    def end(self, ending: Ending) -> None:
        """End the stream after what is being sent; what waits is dropped, and asked for again by position."""
        if self.ending is None:
            self.ending = ending
            self.drop_waiting()
            self._is_awake.set()

    def drop_waiting(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    def tick(self) -> None:
        """Do what is to be done once a second, whether something happens or not."""

    def begin_at(self, position: int) -> None:
        self.position = self.looked_at = position

    async def take(self) -> Chunk | None:
        """The next chunk, when there is one; None when the stream ends."""
        while not self._waiting:
            if self.ending is not None:
                return None
            self._is_awake.clear()
            await self._is_awake.wait()
        chunk = self._waiting.popleft()
        self._waiting_bytes -= len(chunk.data) + ROOM_OF_ONE_BYTES
        return chunk

    def sent(self, chunk: Chunk) -> None:
        """Say that a chunk has gone out: whoever comes back goes on behind it."""
        self.position = chunk.position if self._waiting or self.ending else self.looked_at
