"""Events as readers may see them, in the order of their positions."""

from datetime import datetime

from django.db.models import Max

from archive.domain.removal import tombstones_for
from archive.enums import ExpiringKind
from archive.models import Event, Frame, Reader

BATCH_SIZE = 200


def last_position() -> int:
    """Position of the newest event that readers may have seen."""
    return Event.objects.aggregate(last=Max("position"))["last"] or 0


def events_after(position: int, *, user: Reader, at: datetime) -> tuple[list[Event], int]:
    """Events after `position` whose frames `user` may see, and the position up to which all were looked at.

    Positions are given after commit, without gaps: whoever goes on from the answered position misses nothing.
    """
    batch = list(Event.objects.filter(position__gt=position).order_by("position")[:BATCH_SIZE])
    if not batch:
        return [], position
    asked = {event.frame_id for event in batch if event.frame_id is not None}
    seen = set(Frame.objects.visible_to(user, at=at).filter(pk__in=asked).values_list("pk", flat=True))
    # Of what is gone those hear who could see it: that it went, and what came before.
    gone = tombstones_for(user, kind=ExpiringKind.FRAME).filter(thing_id__in=asked - seen)
    seen |= set(gone.values_list("thing_id", flat=True))
    return [event for event in batch if event.frame_id in seen], batch[-1].position or position
