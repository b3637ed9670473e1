"""What a question finds: how many, their facets, when they were observed, and one page of them."""

import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from archive.domain.aggregates import FACETS, Counts, aggregate
from archive.domain.counts import Count, count
from archive.domain.histogram import histogram
from archive.domain.leap import leap_of
from archive.domain.listing import Listing, Terms, listing_for
from archive.domain.replica import with_fallback
from archive.domain.rows import FrameRow, Parts, rows_of
from archive.errors import TransientError
from archive.models.tally import Span
from archive.web.search.asked import Asked

# What is asked beside the page of frames: where it would take longer, the page says so and comes without.
PATIENCE_MS = 1500


@dataclass(slots=True)
class Found:
    """One answer. Facets and histogram are None where they would have taken too long."""

    count: Count
    ids: list[int]
    has_more: bool
    facets: Counts | None = None
    span: Span = Span.YEAR
    when: dict[Any, int] | None = None
    rows: list[FrameRow] = field(default_factory=list)


def found_by(asked: Asked, terms: Terms, request: HttpRequest, *, at: datetime) -> Found:
    """Answer a question; `terms` are those of `asked`. Raises TransientError when to find a page takes too long."""

    def looked(alias: str) -> Found:
        return _looked(asked, listing_for(request.user, terms, at=at, using=alias))

    found = with_fallback(looked, request.user, at=at)
    found.rows = rows_of(found.ids, request.user, at=at, parts=Parts(related=False, thumbnails=True))
    return found


def _looked(asked: Asked, listing: Listing) -> Found:
    facets = _facets(listing)
    # Every frame has a level: where facets were counted, they tell how many frames there are.
    counted = count(listing) if facets is None else Count(sum(facets["levels"].values()))
    ids, has_more = _page(asked, listing) if counted.n and asked.per_page else ([], False)
    found = Found(counted, ids, has_more, facets and _choices(asked, listing, facets))
    if counted.n and facets is not None:
        try:
            found.span, found.when = histogram(listing, timeout_ms=PATIENCE_MS)
        except TransientError:
            found.when = None
    return found


def _facets(listing: Listing) -> Counts | None:
    try:
        return aggregate(listing, timeout_ms=PATIENCE_MS, facets=FACETS)
    except TransientError:
        return None


def _choices(asked: Asked, listing: Listing, facets: Counts) -> Counts:
    """What there is to choose from: of a facet with chosen values, the counts under all other terms.

    Chosen values count the same under all terms; so where the others take too long, these still stand there.
    """
    until_s = time.monotonic() + PATIENCE_MS / 1000
    choices = dict(facets)
    for name, column in FACETS.items():
        left_ms = int(1000 * (until_s - time.monotonic()))
        if not asked.chosen(column) or left_ms <= 0:
            continue
        others = replace(listing, terms=listing.terms.without(column))
        with suppress(TransientError):
            choices |= aggregate(others, timeout_ms=left_ms, facets={name: column})
    return choices


def _page(asked: Asked, listing: Listing) -> tuple[list[int], bool]:
    order, offset = asked.order, (asked.page - 1) * asked.per_page
    leap = leap_of(listing, order, offset)
    skipped = leap.n_skipped if leap else 0
    keys = listing.keys(order, offset=offset - skipped, most=asked.per_page + 1, after=leap)
    place = [term.column for term in order].index("id")
    ids = [int(key[place]) for key in keys]
    return ids[: asked.per_page], len(ids) > asked.per_page
