"""What waits for a listener in memory: bounded, in order, and never forgotten silently."""

import asyncio
from datetime import UTC, datetime

from django.http import HttpRequest, QueryDict

from archive.domain.sight import Told, ear_of
from archive.live.caller import Caller
from archive.live.feed import hand_out
from archive.live.listener import MOST_WAITING_BYTES, Chunk, Ending
from archive.live.sse import HEARTBEAT, HEARTBEAT_SECONDS, STREAM_SECONDS, EventListener
from archive.models import Event
from archive.terms.asked import asked_terms

NOW = datetime(2026, 11, 28, tzinfo=UTC)


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


def test_who_was_ahead_of_the_feed_hears_only_what_is_new_to_it():
    """It came back with the id of an event that another process had sent before this one looked."""
    at_pace, ahead, far_ahead = listener(), listener(), listener()
    for one, position in ((at_pace, 10), (ahead, 11), (far_ahead, 12)):
        one.begin_at(position)
    events = [Event(position=position, name="frame.ingested", created_at=NOW, body={}) for position in (11, 12)]
    told = {at_pace.ear: [Told(event, "lsc", "a frame") for event in events]}
    hand_out(told, [(one, at_pace.ear) for one in (at_pace, ahead, far_ahead)], position=12)
    (both,), (second,) = taken(at_pace, 1), taken(ahead, 1)
    assert [both.data.count(b"id: 11\n"), both.data.count(b"id: 12\n")] == [1, 1]
    assert [second.data.count(b"id: 11\n"), second.data.count(b"id: 12\n")] == [0, 1]
    assert (second.position, far_ahead.position, far_ahead.looked_at) == (12, 12, 12)
    far_ahead.end(Ending.IN_TIME)
    assert taken(far_ahead, 1) == [None]
