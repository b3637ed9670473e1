"""What waits for a listener in memory: bounded, in order, and never forgotten silently."""

import asyncio

from django.http import HttpRequest, QueryDict

from archive.domain.sight import ear_of
from archive.live.caller import Caller
from archive.live.listener import MOST_WAITING_BYTES, Chunk, Ending
from archive.live.sse import HEARTBEAT, HEARTBEAT_SECONDS, STREAM_SECONDS, EventListener
from archive.terms.asked import asked_terms


def listener() -> EventListener:
    request = HttpRequest()
    caller = Caller(authorization="", session_key=None, address=request.META)
    return EventListener(caller, ear_of(caller.reader(), asked="", terms=asked_terms(QueryDict())))


def taken(one: EventListener, count: int) -> list[Chunk | None]:
    async def take() -> list[Chunk | None]:
        return [await one.take() for _ in range(count)]

    return asyncio.run(take())


def test_chunks_come_in_order_and_the_position_follows_what_was_sent():
    one = listener()
    one.begin_at(7)
    one.offer([Chunk(b"eight", 8)], position=9)
    one.offer([Chunk(b"ten", 10)], position=12)
    first, second = taken(one, 2)
    assert (first, second) == (Chunk(b"eight", 8), Chunk(b"ten", 10))
    one.sent(second)
    assert one.position == 12  # of 11 and 12 nothing was for it


def test_what_was_not_for_a_listener_moves_it_on():
    one = listener()
    one.offer([], position=5)
    assert one.position == 5


def test_a_listener_that_lets_too_much_wait_ends_behind_what_was_sent():
    one = listener()
    big = bytes(MOST_WAITING_BYTES // 2)
    one.offer([Chunk(b"first", 1)], position=1)
    (first,) = taken(one, 1)
    for position in (2, 3, 4):
        one.offer([Chunk(big, position)], position=position)
    one.sent(first)
    assert (one.ending, one.position, taken(one, 1)) == (Ending.TOO_SLOW, 1, [None])


def test_one_large_batch_alone_cuts_nobody_off():
    one = listener()
    one.offer([Chunk(bytes(3 * MOST_WAITING_BYTES), 1)], position=1)
    assert one.ending is None


def test_silence_is_broken_by_a_comment_and_a_long_stream_ends():
    one = listener()
    one.tick()
    one.offered_s -= HEARTBEAT_SECONDS
    one.tick()
    assert taken(one, 1) == [Chunk(HEARTBEAT, 0)]
    one.began_s -= STREAM_SECONDS
    one.tick()
    assert one.ending is Ending.IN_TIME
