"""Deep offsets: most of the frames before a page are left out by days whose frames are counted, instead of walked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Sum

from archive.domain.listing import Listing
from archive.domain.order import NEWEST_FIRST, Order
from archive.models import ProposalTimeTally
from archive.models.tally import Span

FAR = 20_000  # frames that are walked sooner than the tallies are asked
KNOWN = frozenset({"proposal_id"})


@dataclass(frozen=True, slots=True)
class Leap:
    """Frames from `before` on are `n_skipped`, and none of them is on the page."""

    before: datetime
    n_skipped: int

    def onwards(self, frames: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the frames that are not skipped."""
        return frames.filter(observation_date__lt=self.before)


def leap_of(listing: Listing, order: Order, offset: int) -> Leap | None:
    """Leap towards the frame at `offset` of the newest; None where tallies do not know the way, or it is near."""
    known = all(part.is_tallied and part.proposals is None for part in listing.parts)
    if offset < FAR or order != NEWEST_FIRST or not known:
        return None
    if not listing.terms.window.is_open or not listing.terms.columns <= KNOWN:
        return None
    parts = {part.is_public for part in listing.parts}
    rows = listing.terms.narrow(ProposalTimeTally.objects.using(listing.using)).filter(is_public__in=parts)
    within, skipped, first = Q(), 0, None
    for span in (Span.YEAR, Span.MONTH, Span.DAY):
        counts = rows.filter(within, span=span).values_list("starts_on").annotate(n=Sum("n_frames"))
        first, added = _span_at(list(counts.order_by("-starts_on")), offset - skipped)
        if first is None:
            return None  # behind the last frame
        skipped += added
        within = Q(starts_on__gte=first, starts_on__lt=_end_of(first, span))
    return None if first is None else Leap(_midnight(_end_of(first, Span.DAY)), skipped)


def _span_at(counts: Sequence[tuple[date, int]], offset: int) -> tuple[date | None, int]:
    """The span, newest first, in which the frame at `offset` lies, and the number of frames in those before."""
    skipped = 0
    for starts_on, n_frames in counts:
        if skipped + n_frames > offset:
            return starts_on, skipped
        skipped += n_frames
    return None, skipped


def _end_of(first: date, span: Span) -> date:
    if span is Span.YEAR:
        return date(first.year + 1, 1, 1)
    if span is Span.MONTH:
        return date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first + timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
