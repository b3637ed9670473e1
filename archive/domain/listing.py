"""Lists of frames: which meet the terms of a reader, in order, page by page.

What a reader may see is taken apart into disjoint parts, each of which one index holds in order: a condition that joins
them by OR would make the database walk the frames that nobody may see. Pages take the first rows of each part; counts
add up (counts.py).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Protocol, Self, TypeVar

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from archive.domain import shapes
from archive.domain.limited import at_most
from archive.domain.order import NEWEST_FIRST, Order
from archive.domain.prepared import Row
from archive.errors import TransientError
from archive.models import Frame, Proposal, Reader
from archive.models.frame import NEWEST_BY
from archive.models.proposal import ALL_PROGRAMMES
from archive.models.readers import of_any_proposal

# More frames than these can only wait for their flag when beat has stood still: they are then asked for by their date.
MOST_DUE = 2000
NO_PROPOSAL = ""  # stands in frames that are of none
# Columns for each of which an index holds the frames of one value newest first.
IN_ORDER = frozenset(NEWEST_BY.values()) | {"submitter"}
# Columns that are looked at row by row: where few frames meet the terms, a page of them may need every frame there is.
WITHOUT_INDEX = frozenset({"headers"})
PATIENCE_MS = 10_000
TOO_SLOW = "To find these takes too long: give a time, a place or an instrument too."


class Shaped(Protocol):
    """What makes one statement for all values (shapes.py)."""

    @property
    def shape(self) -> Hashable: ...

    @property
    def values(self) -> tuple[Any, ...]: ...

    def with_values(self, values: Sequence[Any], /) -> Self: ...


T = TypeVar("T", bound=Shaped)


class Narrowing(Shaped, Protocol):
    """Keeps the rows that come after a place."""

    def __call__(self, rows: QuerySet[Any], /) -> QuerySet[Any]: ...


@dataclass(frozen=True, slots=True)
class Window:
    """From one start of observation to another, both included; None is no limit."""

    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.start is None and self.end is None


class Terms(Shaped, Protocol):
    """What a reader asks for. `narrow` keeps the rows that meet it, of frames and of tallies alike.

    The shape is None where the values change the statement.
    """

    @property
    def columns(self) -> frozenset[str]:
        """Columns that the terms look at, beside the window's."""

    @property
    def window(self) -> Window: ...

    @property
    def public(self) -> bool | None:
        """True: only what everybody sees; False: only what is not public yet."""

    @property
    def alternatives(self) -> Sequence["Terms"]:
        """Terms that are disjoint and together the same; an index holds the frames of each in order."""

    def without(self, column: str) -> "Terms":
        """The same but for terms that compare this column with values."""

    def narrow(self, rows: QuerySet[Any], *, with_window: bool = True) -> QuerySet[Any]: ...


# Frames whose date has come before their flag: their ids, or if they are many the instant by which the date came.
Due = list[int] | datetime
VALUES_OF_PART = ("proposals", "others", "due", "but")


@dataclass(frozen=True, slots=True)
class Part:
    """Frames that a reader sees for one reason: listed ones with this flag, and more.

    Attributes
    ----------
    is_public : what their flag says.
    proposals : of these only; None: whichever, or none.
    of_any : of any proposal, but not of none.
    others : of none of these.
    due : those that are due.
    but : not those that are due.
    """

    is_public: bool
    proposals: list[str] | None = None
    of_any: bool = False
    others: list[str] | None = None
    due: Due | None = None
    but: Due | None = None

    @property
    def is_tallied(self) -> bool:
        """Whether tallies tell how many they are."""
        return self.due is None and self.but is None

    @property
    def is_few(self) -> bool:
        """They are named one by one."""
        return isinstance(self.due, list)

    @property
    def has_one_plan(self) -> bool:
        """Whether one plan finds them in order, whatever the values."""
        return self.of_proposals is None and not any(isinstance(due, datetime) for due in (self.due, self.but))

    @property
    def of_proposals(self) -> Q | None:
        """Condition on the proposal alone, of frames and of tallies; None: whichever, or none."""
        if self.of_any:
            return of_any_proposal()
        return None if self.proposals is None else Q(proposal_id__any_of=self.proposals)

    @property
    def condition(self) -> Q:
        found = Q(is_public=self.is_public)
        if self.of_proposals is not None:
            found &= self.of_proposals
        if self.due is not None:
            found &= _is_due(self.due)
        if self.but is not None:
            found &= ~_is_due(self.but)
        if self.others is not None:
            found &= ~Q(proposal_id__any_of=self.others)
        return found

    @property
    def shape(self) -> Hashable:
        return self.is_public, self.of_any, *(type(getattr(self, name)) for name in VALUES_OF_PART)

    @property
    def values(self) -> tuple[Any, ...]:
        return tuple(value for name in VALUES_OF_PART if (value := getattr(self, name)) is not None)

    def with_values(self, values: Sequence[Any]) -> "Part":
        names = [name for name in VALUES_OF_PART if getattr(self, name) is not None]
        return replace(self, **dict(zip(names, values, strict=True)))


def _is_due(due: Due) -> Q:
    return Q(pk__any_of=due) if isinstance(due, list) else Q(public_date__lte=due)


def parts_for(reader: Reader, *, at: datetime, public: bool | None, using: str = "default") -> list[Part]:
    """Take apart what `reader` may see at `at`, as `visible_to` has it.

    With `public` True only what everybody sees, with False only the rest.
    """
    everything = reader.is_active and reader.is_superuser
    mine = _proposals_of(reader)
    if everything and public is None:
        return [Part(is_public=True), Part(is_public=False)]
    due = _due(at, using=using)
    hidden = _hidden(mine)
    if public is False:
        return [replace(hidden, but=due)] if everything or mine else []
    parts = [Part(is_public=True)]
    if public is None and mine:
        parts.append(hidden)
    if due is not None:
        parts.append(replace(_not_of(mine if public is None else None), due=due))
    return parts


def _hidden(mine: list[str] | None) -> Part:
    """What is not public yet, of these proposals or of whichever."""
    if mine is not None and ALL_PROGRAMMES in mine:
        return Part(is_public=False, of_any=True)
    return Part(is_public=False, proposals=mine)


def _not_of(mine: list[str] | None) -> Part:
    """What is not public yet, and of none of these proposals."""
    if mine is not None and ALL_PROGRAMMES in mine:
        return Part(is_public=False, proposals=[NO_PROPOSAL])
    return Part(is_public=False, others=mine)


def _proposals_of(reader: Reader) -> list[str] | None:
    """What a member holds; None for all others."""
    if reader.is_anonymous or not reader.is_active or reader.is_superuser:
        return None
    held = shapes.rows("held", None, [reader.pk], lambda values: Proposal.ids_of(User(pk=values[0])))
    return [proposal_id for (proposal_id,) in held] or None


def _due(at: datetime, *, using: str) -> Due | None:
    """Beat sets the flags every minute, so that they should be few."""
    ids = [row[0] for row in shapes.rows("due", None, [at], _first_due, using=using)]
    return (at if len(ids) > MOST_DUE else ids) or None


def _first_due(values: Sequence[Any]) -> QuerySet[Any, Any]:
    due = Frame.objects.filter(is_public=False, public_date__lte=values[0])
    return due.values_list("pk", flat=True)[: MOST_DUE + 1]


@dataclass(frozen=True, slots=True)
class Listing:
    """Listed frames that meet the terms and that a reader may see. `using`: the database that is asked."""

    terms: Terms
    parts: Sequence[Part]
    using: str = "default"

    @property
    def shape(self) -> Hashable:
        return None if self.terms.shape is None else (self.terms.shape, *(part.shape for part in self.parts))

    @property
    def values(self) -> tuple[Any, ...]:
        return (*self.terms.values, *(value for part in self.parts for value in part.values))

    def with_values(self, values: Sequence[Any]) -> "Listing":
        left = iter(values)

        def with_its_own(shaped: T) -> T:
            return shaped.with_values(tuple(islice(left, len(shaped.values))))

        return replace(self, terms=with_its_own(self.terms), parts=[with_its_own(part) for part in self.parts])

    def only(self, part: Part) -> "Listing":
        return replace(self, parts=(part,))

    def frames_of(self, part: Part, *, with_window: bool = True) -> QuerySet[Any]:
        """Frames of one part, in no order."""
        seen = Frame.objects.using(self.using).listed().filter(part.condition)
        return self.terms.narrow(seen, with_window=with_window)

    def keys(self, order: Order, *, offset: int = 0, most: int, after: Narrowing | None = None) -> list[Row]:
        """Values of the columns of `order` of up to `most` frames, in this order, from the one at `offset` on.

        `after` keeps what comes after a place. Raises TransientError where no index helps and it takes too long.
        """
        if not self.parts:
            return []
        if self.terms.columns & WITHOUT_INDEX:
            try:
                with at_most(PATIENCE_MS, using=self.using):
                    return list(_keys(self, order, offset=offset, most=most, after=after))
            except TransientError as error:
                raise TransientError(TOO_SLOW) from error
        if self.shape is None or offset:  # each offset is another statement, and few are asked for twice
            return list(_keys(self, order, offset=offset, most=most, after=after))
        n_values = len(self.values)

        def written(values: Sequence[Any]) -> QuerySet[Any, Any]:
            place = after.with_values(values[n_values:]) if after else None
            return _keys(self.with_values(values[:n_values]), order, offset=0, most=most, after=place)

        shape = (self.shape, order, most, after.shape if after else None)
        values = (*self.values, *(after.values if after else ()))
        has_one_plan = order == NEWEST_FIRST and self.has_one_plan
        return shapes.rows("keys", shape, values, written, using=self.using, prepare=has_one_plan)

    def rows(self, name: str, write: "Callable[[Listing], QuerySet[Any, Any]]", *, has_one_plan: bool) -> list[Row]:
        """Rows of `write(self)`, which gives lists of columns and is the same statement for the same shape."""
        if self.shape is None:
            return list(write(self))
        return shapes.rows(
            name,
            self.shape,
            self.values,
            lambda values: write(self.with_values(values)),
            using=self.using,
            prepare=has_one_plan,
        )

    @property
    def has_one_plan(self) -> bool:
        """Whether one plan is good whatever the values: an index holds in order what is compared, and the window."""
        columns = self.terms.columns
        return len(columns) <= 1 and columns <= IN_ORDER and all(part.has_one_plan for part in self.parts)


def _keys(listing: Listing, order: Order, *, offset: int, most: int, after: Narrowing | None) -> QuerySet[Any, Any]:
    columns = [term.column for term in order]
    firsts = []
    for terms in listing.terms.alternatives:
        for part in listing.parts:
            frames = replace(listing, terms=terms).frames_of(part)
            if after is not None:
                frames = after(frames)
            ordered = frames.order_by(*(term.sql() for term in order))
            firsts.append(ordered.values_list(*columns))
    if len(firsts) == 1:
        return firsts[0][offset : offset + most]
    return _merged([first[: offset + most] for first in firsts], order)[offset : offset + most]


def _merged(firsts: Sequence[QuerySet[Any, Any]], order: Order) -> QuerySet[Any, Any]:
    """The first rows of each part as one list in order."""
    return firsts[0].union(*firsts[1:], all=True).order_by(*map(str, order))


def listing_for(reader: Reader, terms: Terms, *, at: datetime, using: str = "default") -> Listing:
    """Everything that meets the terms and that `reader` may see at `at`."""
    return Listing(terms, parts_for(reader, at=at, public=terms.public, using=using), using)
