"""The outbox in the order of its positions, as readers go through it."""

from datetime import datetime
from itertools import count, takewhile

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Max

from archive.domain import sight
from archive.domain.sight import Ear, Told
from archive.errors import NotFoundError, UsageError
from archive.models import Event

BATCH_SIZE = 200
MOST_LOOKED_AT = 5000  # events that one page of a replay looks through


class ForgottenError(NotFoundError):
    """Events that a reader asks for are no longer kept."""


def last_position(*, using: str = DEFAULT_DB_ALIAS) -> int:
    """Position of the newest event that readers may have seen."""
    return Event.objects.using(using).aggregate(last=Max("position"))["last"] or 0


def require_kept(position: int) -> None:
    """Make sure that a reader who has everything up to `position` can go on from there.

    Raises ForgottenError when what follows is no longer kept, UsageError when nobody can have come so far.
    """
    last = last_position()
    if position > last:
        raise UsageError(f"There is no position {position} yet: the newest is {last}. Ask again without it.")
    events_from(position, most=1)


def events_from(position: int, *, most: int, with_bodies: bool = True) -> list[Event]:
    """Up to `most` events after `position`, in order and without a gap. Raises ForgottenError where there is one."""
    rows = Event.objects.filter(position__gt=position).order_by("position").defer("subject")
    if not with_bodies:
        rows = rows.defer("body")
    found = list(rows[:most])
    whole = [event for event, _ in takewhile(lambda pair: pair[0].position == pair[1], zip(found, count(position + 1)))]
    if found and not whole:
        oldest = _position_of(found[0])
        raise ForgottenError(
            f"Events after position {position} are no longer kept; the oldest that is has position {oldest}. "
            f"Ask the lists for what was missed, and go on from {oldest - 1}."
        )
    return whole


def look(ear: Ear, *, after: int, most: int, at: datetime) -> tuple[list[Told], int]:
    """What `ear` may hear of the next events, at most `most`, and the position up to which they were looked at."""
    events = events_from(after, most=min(most, BATCH_SIZE))
    if not events:
        return [], after
    return sight.told(events, [ear], at=at)[ear], after + len(events)


def oldest_position() -> int:
    """Position before the oldest event that is kept."""
    placed = Event.objects.filter(position__isnull=False).order_by("position")
    oldest = placed.values_list("position", flat=True).first()
    return (oldest or 1) - 1


def replay(ear: Ear, *, after: int, limit: int, at: datetime) -> tuple[list[Event], int]:
    """Up to `limit` events after `after` that `ear` may hear, and the position up to which they were looked at.

    Raises ForgottenError and UsageError as `require_kept` does.
    """
    require_kept(after)
    found: list[Event] = []
    position = after
    while len(found) < limit and position - after < MOST_LOOKED_AT:
        events = events_from(position, most=BATCH_SIZE, with_bodies=False)
        if not events:
            break
        heard = [each.event for each in sight.told(events, [ear], at=at)[ear]]
        missing = limit - len(found)
        found += heard[:missing]
        position = _position_of(found[-1] if len(heard) >= missing else events[-1])
    bodies = Event.objects.defer("subject").in_bulk([event.pk for event in found])
    return [bodies[event.pk] for event in found], position


def _position_of(event: Event) -> int:
    return event.position or 0
