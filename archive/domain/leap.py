"""Deep offsets: most of the frames before a page are left out by days whose frames are counted, instead of walked."""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Any

from django.db.models import Q, QuerySet, Sum

from archive.domain.listing import Listing
from archive.domain.order import NEWEST_FIRST, Order
from archive.models import ProposalTimeTally
from archive.models.tally import BEGINNING, Span

FAR = 20_000  # frames that are walked sooner than the tallies are asked
KNOWN = frozenset({"proposal_id"})


@dataclass(frozen=True, slots=True)
class Leap:
    """Frames from `before` on are `n_skipped`, and none of them is on the page."""

    before: datetime
    n_skipped: int

    def __call__(self, frames: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the frames that are not skipped."""
        return frames.filter(observation_date__lt=self.before)

    @property
    def shape(self) -> Hashable:
        return "leap"

    @property
    def values(self) -> tuple[datetime]:
        return (self.before,)

    def with_values(self, values: Sequence[Any]) -> "Leap":
        return replace(self, before=values[0])


def leap_of(listing: Listing, order: Order, offset: int) -> Leap | None:
    """Leap towards the frame at `offset` of the newest; None where tallies do not know the way, or it is near."""
    if offset < FAR or order != NEWEST_FIRST or not _is_known(listing):
        return None
    rows, few = _tallied(listing), _days_of_few(listing)
    within, skipped, first = Q(), 0, BEGINNING
    for span in (Span.YEAR, Span.MONTH, Span.DAY):
        sums = rows.filter(within, span=span).values_list("starts_on").annotate(n=Sum("n_frames"))
        counts = Counter({starts_on: int(n) for starts_on, n in sums})  # PostgreSQL sums bigint as numeric
        counts.update(_start_of(day, span) for day in few)
        found, added = _span_at(counts, offset - skipped)
        if found is None:
            return None  # behind the last frame
        first, skipped = found, skipped + added
        within = Q(starts_on__gte=first, starts_on__lt=_end_of(first, span))
        few = [day for day in few if first <= day < _end_of(first, span)]
    return Leap(_midnight(_end_of(first, Span.DAY)), skipped)


def _is_known(listing: Listing) -> bool:
    is_told = all(part.is_tallied or part.is_few for part in listing.parts)
    return is_told and listing.terms.window.is_open and listing.terms.columns <= KNOWN


def _tallied(listing: Listing) -> QuerySet[Any]:
    """Tally rows of all parts but those of few frames."""
    condition = Q(pk__in=[])
    for part in listing.parts:
        if part.is_tallied:
            of_proposals = part.of_proposals or Q()
            condition |= Q(is_public=part.is_public) & of_proposals
    return listing.terms.narrow(ProposalTimeTally.objects.using(listing.using)).filter(condition)


def _days_of_few(listing: Listing) -> list[date]:
    few = [listing.frames_of(part).values_list("observation_date", flat=True) for part in listing.parts if part.is_few]
    return [instant.astimezone(UTC).date() for instant in chain(*few)]


def _span_at(counts: Counter[date], offset: int) -> tuple[date | None, int]:
    """The span, newest first, in which the frame at `offset` lies, and the number of frames in those before."""
    skipped = 0
    for starts_on in sorted(counts, reverse=True):
        if skipped + counts[starts_on] > offset:
            return starts_on, skipped
        skipped += counts[starts_on]
    return None, skipped


def _start_of(day: date, span: Span) -> date:
    if span is Span.DAY:
        return day
    return day.replace(day=1) if span is Span.MONTH else day.replace(month=1, day=1)


def _end_of(first: date, span: Span) -> date:
    if span is Span.YEAR:
        return date(first.year + 1, 1, 1)
    if span is Span.MONTH:
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
