"""Frames that came after a list was made, for whoever has it before their eyes still.

New is what the outbox reports as the first bytes of a frame, as saved searches hear of it. Its positions follow
commits: by ids or times a frame that took long to register would be lost. More bytes of a frame that had some, other
values of it and the coming of its public date make no new frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from archive.domain import sight, stream
from archive.domain.listing import Terms
from archive.enums import EventName
from archive.models import Event, Frame, Reader, Version

MOST_LOOKED_AT = 2000  # events of one question
MOST_TOLD = 100  # frames; of more nobody wants to know how many


@dataclass(frozen=True, slots=True)
class Mark:
    """What a list has that is read after this: events up to a position, and those that wait for theirs still."""

    position: int
    frame_ids: list[int]


@dataclass(frozen=True, slots=True)
class Arrived:
    """New frames, up to MOST_TOLD, of events up to a position; `has_more`: there are later ones."""

    frame_ids: list[int]
    position: int
    has_more: bool


def mark_now(*, using: str) -> Mark:
    """The mark of a list that is read next, from the same database: a replica has what it has."""
    # In this order: an event that gets its position in between is known twice; in the other, not at all.
    waiting = Event.objects.using(using).filter(position=None, name=EventName.FRAME_INGESTED).order_by("pk")
    ids = list(waiting.values_list("frame_id", flat=True)[:MOST_LOOKED_AT])
    return Mark(stream.last_position(using=using), [number for number in ids if number is not None])


def arrived(reader: Reader, terms: Terms, *, after: int, at: datetime) -> Arrived:
    """New frames after a position that meet the terms and that `reader` may see now.

    Raises ForgottenError when what follows the position is no longer kept.
    """
    events = stream.events_from(after, most=MOST_LOOKED_AT, with_bodies=False)
    begun_at: dict[int, datetime] = {}
    for event in events:
        if event.name == EventName.FRAME_INGESTED and event.frame_id is not None:
            begun_at.setdefault(event.frame_id, event.created_at)
    position = after + len(events)  # they have no gaps
    found = _new(begun_at, reader, terms, at=at) if begun_at else []
    return Arrived(found[:MOST_TOLD], position, len(events) == MOST_LOOKED_AT)


def _new(begun_at: Mapping[int, datetime], reader: Reader, terms: Terms, *, at: datetime) -> list[int]:
    """Of frames by the time of their event those that had no bytes before it."""
    few = Frame.objects.few().visible_to(reader, at=at).listed().filter(pk__any_of=sorted(begun_at))
    oldest = Version.objects.filter(frame=OuterRef("pk")).order_by("created").values("created")[:1]
    rows = sight.meeting(terms, few, at=at).annotate(oldest=Subquery(oldest)).values_list("pk", "oldest")
    return sorted({pk for pk, first_at in rows if first_at is None or first_at >= begun_at[pk]})
