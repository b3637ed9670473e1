"""Which frames go when somebody clears up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from archive.errors import UsageError
from archive.models import Frame, FrameQuerySet

# What may be named to be kept or to go, and the column that holds it.
LISTS = {"types": "configuration_type", "proposals": "proposal_id", "instruments": "instrument_id"}
SINGLES = ("reduction_level", "request_id", "observation_id", "site_id", "telescope_id")


@dataclass(frozen=True, slots=True)
class Selection:
    """All of these must hold. Frames without a date, known only because others name them, are never selected.

    equal : of SINGLES.
    include, exclude : of LISTS; nothing named is no condition.
    """

    start: datetime | None = None
    end: datetime | None = None
    equal: dict[str, int | str] = field(default_factory=dict)
    include: dict[str, Sequence[str]] = field(default_factory=dict)
    exclude: dict[str, Sequence[str]] = field(default_factory=dict)


def selected(selection: Selection) -> FrameQuerySet:
    """The frames of a selection, oldest first.

    Raises UsageError when the selection has no end in time: that is how an archive is emptied by mistake.
    """
    if selection.end is None:
        raise UsageError("say up to when frames shall go.")
    frames = Frame.objects.filter(observation_date__lte=selection.end, **selection.equal)
    if selection.start is not None:
        if selection.start > selection.end:
            raise UsageError("the start lies after the end.")
        frames = frames.filter(observation_date__gte=selection.start)
    for name, column in LISTS.items():
        if kept := selection.include.get(name):
            frames = frames.filter(**{f"{column}__in": list(kept)})
        if left_out := selection.exclude.get(name):
            frames = frames.exclude(**{f"{column}__in": list(left_out)})
    return frames.order_by("observation_date", "pk")
