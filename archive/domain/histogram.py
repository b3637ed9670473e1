"""When the frames of a list were observed: their numbers by years, months or days of UTC, exactly."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from typing import Any

from django.db.models import Count, DateField, Q, QuerySet, Sum
from django.db.models.functions import Trunc

from archive.domain.limited import at_most
from archive.domain.listing import Listing, Part, Window
from archive.domain.spans import Cover, cover_by
from archive.models import ProposalTimeTally, SetupTally
from archive.models.tally import SETUP, Span

UNITS = {Span.YEAR: "year", Span.MONTH: "month", Span.DAY: "day"}
# The first that knows the columns of the terms is the smaller one.
TALLIES = ((ProposalTimeTally, frozenset({"proposal_id"})), (SetupTally, frozenset(SETUP)))
MOST_MONTHS = 36
LONGEST_BY_MONTHS, LONGEST_BY_DAYS = timedelta(days=31 * MOST_MONTHS), timedelta(days=45)


def histogram(listing: Listing, *, timeout_ms: int) -> tuple[Span, dict[date, int]]:
    """Numbers of frames by the first day of their span; the spans are such that there are not too many.

    Raises TransientError when it takes longer than `timeout_ms`.
    """
    with at_most(timeout_ms, using=listing.using):
        span = _span_within(listing.terms.window)
        counted = _by(listing, span)
        if span == Span.YEAR and 0 < len(counted) <= MOST_MONTHS // 12:
            span, counted = Span.MONTH, _by(listing, Span.MONTH)
    return span, dict(sorted(counted.items()))


def _span_within(window: Window) -> Span:
    """The length of spans that the window asks for."""
    if window.start is None or window.end is None or window.end - window.start > LONGEST_BY_MONTHS:
        return Span.YEAR
    return Span.MONTH if window.end - window.start > LONGEST_BY_DAYS else Span.DAY


def _by(listing: Listing, span: Span) -> dict[date, int]:
    found: Counter[date] = Counter()
    for part in listing.parts:
        for starts_on, n in _of_part(listing, part, span):
            found[_start_of(span, starts_on)] += n
    return {starts_on: n for starts_on, n in found.items() if n > 0}


def _of_part(listing: Listing, part: Part, span: Span) -> Iterator[tuple[date, int]]:
    tally, cover = _tally_for(listing, part), cover_by(listing.terms.window, span)
    if tally is None or cover is None:
        yield from _grouped(listing.frames_of(part), span)
        return
    yield from _rows_of(tally, listing, part, cover).values_list("starts_on").annotate(n=Sum("n_frames"))
    frames = listing.frames_of(part, with_window=False)
    for rest in cover.rests:
        within = frames.filter(observation_date__gte=rest.start, observation_date__lte=rest.end)
        yield from _grouped(within, span)


def _tally_for(listing: Listing, part: Part) -> type[ProposalTimeTally | SetupTally] | None:
    columns = listing.terms.columns if part.of_proposals is None else listing.terms.columns | {"proposal_id"}
    return next((tally for tally, known in TALLIES if columns <= known), None) if part.is_tallied else None


def _rows_of(tally: type[Any], listing: Listing, part: Part, cover: Cover) -> QuerySet[Any, Any]:
    rows = listing.terms.narrow(tally.objects.using(listing.using), with_window=False)
    of_whom = Q() if part.of_proposals is None else part.of_proposals
    return rows.filter(cover.days, of_whom, is_public=part.is_public).order_by()


def _grouped(frames: QuerySet[Any, Any], span: Span) -> QuerySet[Any, Any]:
    day = Trunc("observation_date", UNITS[span], output_field=DateField(), tzinfo=UTC)
    found: QuerySet[Any, Any] = frames.order_by().values_list(day).annotate(n=Count("*"))
    return found


def _start_of(span: Span, day: date) -> date:
    if span == Span.DAY:
        return day
    return day.replace(day=1) if span == Span.MONTH else day.replace(month=1, day=1)
