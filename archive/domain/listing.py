"""Lists of frames: which meet the terms of a reader, in order, page by page.

What a reader may see is taken apart into disjoint parts, each of which one index holds in order: a condition that joins
them by OR would make the database walk the frames that nobody may see. Pages take the first rows of each part; counts
add up (counts.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from archive.domain.order import Order
from archive.domain.prepared import run
from archive.models import Frame, FrameQuerySet, Proposal, Reader
from archive.models.proposal import ALL_PROGRAMMES
from archive.models.readers import of_any_proposal

# More frames than these can only wait for their flag when beat has stood still: they are then asked for by their date.
MOST_DUE = 2000

Narrowing = Callable[[QuerySet[Any]], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Window:
    """From one start of observation to another, both included; None is no limit."""

    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.start is None and self.end is None


class Terms(Protocol):
    """What a reader asks for. `narrow` keeps the rows that meet it, of frames and of tallies alike."""

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the terms look at, beside the window's."""

    @property
    def window(self) -> Window: ...

    @property
    def public(self) -> bool | None:
        """True: only what everybody sees; False: only what is not public yet."""

    def narrow(self, rows: QuerySet[Any], *, with_window: bool = True) -> QuerySet[Any]: ...


@dataclass(frozen=True, slots=True)
class Part:
    """Frames that a reader sees for one reason.

    Attributes
    ----------
    condition : on frames.
    is_public : what their flag says.
    of_proposals : condition on the proposal alone, of frames and of tallies; None: any, or none.
    is_tallied : whether tallies tell how many they are.
    is_few : they are named one by one.
    """

    condition: Q
    is_public: bool
    of_proposals: Q | None = None
    is_tallied: bool = True
    is_few: bool = False

    def of(self, frames: FrameQuerySet) -> FrameQuerySet:
        return frames.filter(self.condition)


def parts_for(reader: Reader, *, at: datetime, public: bool | None, using: str = "default") -> list[Part]:
    """Take apart what `reader` may see at `at`, as `visible_to` has it.

    With `public` True only what everybody sees, with False only the rest.
    """
    everything = reader.is_active and reader.is_superuser
    mine = _proposals_of(reader)
    if everything and public is None:
        return [Part(Q(is_public=True), is_public=True), Part(Q(is_public=False), is_public=False)]
    due, is_few = _due(at, using=using)
    if public is False:
        if not everything and mine is None:
            return []
        return [_hidden(None if everything else mine, but=due)]
    parts = [Part(Q(is_public=True), is_public=True)]
    if public is None and mine is not None:
        parts.append(_hidden(mine))
        due = due and due & ~mine
    if due:
        parts.append(Part(due, is_public=False, is_tallied=False, is_few=is_few))
    return parts


def _hidden(mine: Q | None, *, but: Q | None = None) -> Part:
    """Frames that are not public yet, of these proposals or all of them."""
    condition = Q(is_public=False)
    if mine is not None:
        condition &= mine
    if but:
        return Part(condition & ~but, is_public=False, of_proposals=mine, is_tallied=False)
    return Part(condition, is_public=False, of_proposals=mine)


def _proposals_of(reader: Reader) -> Q | None:
    """What is of the reader's proposals, whether public or not; None for readers who hold none."""
    if reader.is_anonymous or not reader.is_active or reader.is_superuser:
        return None
    held = tuple(Proposal.ids_of(reader))
    if ALL_PROGRAMMES in held:
        return of_any_proposal()
    return Q(proposal_id__in=held) if held else None


def _due(at: datetime, *, using: str) -> tuple[Q | None, bool]:
    """Frames whose public date has come and whose flag does not say so yet; and whether they are few, as they should.

    Beat sets the flags every minute.
    """
    ids = [row[0] for row in run(_first_due, AnonymousUser(), at=at, using=using)]
    if len(ids) > MOST_DUE:
        return Q(is_public=False, public_date__lte=at), False
    return (Q(is_public=False, pk__any_of=ids), True) if ids else (None, True)


def _first_due(_reader: Reader, at: datetime, _ids: Sequence[int]) -> QuerySet[Any, Any]:
    due = Frame.objects.filter(is_public=False, public_date__lte=at)
    return due.values_list("pk", flat=True)[: MOST_DUE + 1]


@dataclass(frozen=True, slots=True)
class Listing:
    """Listed frames that meet the terms and that a reader may see. `using`: the database that is asked."""

    terms: Terms
    parts: Sequence[Part]
    using: str = "default"

    def frames_of(self, part: Part, *, with_window: bool = True) -> QuerySet[Any]:
        """Frames of one part, in no order."""
        return self.terms.narrow(part.of(Frame.objects.using(self.using).listed()), with_window=with_window)

    def keys(
        self, order: Order, *, offset: int = 0, most: int, after: Narrowing | None = None
    ) -> list[tuple[Any, ...]]:
        """Values of the columns of `order` of up to `most` frames, in this order, from the one at `offset` on.

        `after` keeps what comes after a place.
        """
        columns = [term.column for term in order]
        firsts = []
        for part in self.parts:
            frames = self.frames_of(part)
            if after is not None:
                frames = after(frames)
            ordered = frames.order_by(*(term.sql() for term in order))
            firsts.append(ordered.values_list(*columns))
        if len(firsts) == 1:
            return list(firsts[0][offset : offset + most])
        if not firsts:
            return []
        return list(_merged([first[: offset + most] for first in firsts], order)[offset : offset + most])


def _merged(firsts: Sequence[QuerySet[Any, Any]], order: Order) -> QuerySet[Any, Any]:
    """The first rows of each part as one list in order."""
    return firsts[0].union(*firsts[1:], all=True).order_by(*map(str, order))


def listing_for(reader: Reader, terms: Terms, *, at: datetime, using: str = "default") -> Listing:
    """Everything that meets the terms and that `reader` may see at `at`."""
    return Listing(terms, parts_for(reader, at=at, public=terms.public, using=using), using)
