"""How many frames a list has: by tallies where they know it, else by counting."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connections
from django.db.models import Aggregate, Q, QuerySet, Sum, Value
from django.db.models import Count as CountRows

from archive.domain import spans
from archive.domain.limited import at_most
from archive.domain.listing import Listing, Part
from archive.domain.prepared import Row
from archive.errors import TransientError
from archive.models import ProposalTally, ProposalTimeTally, SetupTally, TargetTally
from archive.models.tally import BEGINNING, SETUP, Span, Tally

PATIENCE_MS = 250
MOST_COUNTED = 100_000

# Columns that a tally knows, and whether it knows when; the first that fits is the smallest.
TALLIES: tuple[tuple[type[Tally], frozenset[str], bool], ...] = (
    (SetupTally, frozenset(SETUP), True),
    (TargetTally, frozenset({"target_name"}), False),
    (ProposalTally, frozenset({"proposal_id", *SETUP}), False),
)
# Terms that nothing bounds: to count what meets them may take as long as to look at every frame.
SKY = frozenset({"area", "centre"})
UNBOUNDED = SKY | {"basename", "exposure_time", "headers", "measured"}


@dataclass(frozen=True, slots=True)
class Count:
    """A number of frames; an estimate where to know it would have taken too long."""

    n: int
    is_estimate: bool = False

    def __add__(self, other: "Count") -> "Count":
        return Count(self.n + other.n, self.is_estimate or other.is_estimate)


def count(listing: Listing) -> Count:
    """Count a list: exactly, but for terms of UNBOUNDED that take longer than PATIENCE_MS."""
    return sum((_count_of(listing, part) for part in listing.parts), Count(0))


def tallied_count(listing: Listing) -> int | None:
    """Count of a list by tallies alone, which costs next to nothing; None when they do not know it."""
    if not listing.terms.window.is_open:
        return None
    found = 0
    for part in listing.parts:
        alone = listing.only(part)
        if part.is_few:
            found += _counted(alone, has_one_plan=True)
        elif not listing.terms.columns and part.of_proposals is None and part.is_tallied:
            found += _only_number(alone.rows("all", _sum_of_all, has_one_plan=True))
        elif (tally := _tally_for(listing, part)) is not None:
            found += _only_number(alone.rows("tally", partial(_sum_of_tally, tally), has_one_plan=True))
        else:
            return None
    return found


def _sum_of_all(listing: Listing) -> QuerySet[Any, Any]:
    """All listed frames of one flag: what every list without terms asks for."""
    (part,) = listing.parts
    everything = ProposalTimeTally.objects.using(listing.using).filter(span=Span.ALL, starts_on=BEGINNING)
    return _total(everything.filter(is_public=part.is_public), Sum("n_frames"))


def _sum_of_tally(tally: type[Tally], listing: Listing) -> QuerySet[Any, Any]:
    (part,) = listing.parts
    return _total(_rows_of(tally, listing, part, spans.EVERYTHING), Sum("n_frames"))


def _number_of_frames(listing: Listing) -> QuerySet[Any, Any]:
    (part,) = listing.parts
    return _total(listing.frames_of(part), CountRows("*"))


def _total(rows: QuerySet[Any], total: Aggregate) -> QuerySet[Any, Any]:
    """One row with one number."""
    totals: QuerySet[Any, Any] = rows.values(everything=Value(1)).annotate(n=total).values_list("n")
    return totals


def _only_number(rows: Sequence[Row]) -> int:
    ((found,),) = rows
    return int(found or 0)


def _counted(alone: Listing, *, has_one_plan: bool) -> int:
    """Count the frames of a listing of one part one by one."""
    return _only_number(alone.rows("count", _number_of_frames, has_one_plan=has_one_plan))


def tally_of(listing: Listing, part: Part) -> QuerySet[Any] | None:
    """Rows of a tally that together count the part, whenever observed; None when no tally knows it."""
    tally, cover = _tally_for(listing, part), spans.cover_of(listing.terms.window)
    if tally is None or (cover is None and tally is SetupTally):
        return None
    return _rows_of(tally, listing, part, cover.days if cover else Q())


def _rows_of(tally: type[Tally], listing: Listing, part: Part, days: Q) -> QuerySet[Any]:
    rows = listing.terms.narrow(tally._default_manager.using(listing.using), with_window=False)  # noqa: SLF001 - Django's documented way
    rows = rows.filter(is_public=part.is_public)
    if part.of_proposals is not None:
        rows = rows.filter(part.of_proposals)
    return rows.filter(days) if tally is SetupTally else rows


def _tally_for(listing: Listing, part: Part) -> type[Tally] | None:
    """The smallest tally that knows the columns of the terms, and the time where they name one."""
    columns = listing.terms.columns if part.of_proposals is None else listing.terms.columns | {"proposal_id"}
    needs_time = not listing.terms.window.is_open
    fitting = (tally for tally, known, has_time in TALLIES if columns <= known and (has_time or not needs_time))
    return next(fitting, None) if part.is_tallied else None


def rests_of(listing: Listing, part: Part) -> Iterable[QuerySet[Any]]:
    """Frames of a part that lie in its window, but in none of the whole days that `tally_of` counts."""
    cover = spans.cover_of(listing.terms.window)
    frames = listing.frames_of(part, with_window=False)
    for rest in cover.rests if cover else ():
        yield frames.filter(observation_date__gte=rest.start, observation_date__lte=rest.end)


def _count_of(listing: Listing, part: Part) -> Count:
    tally = tally_of(listing, part)
    if tally is not None:
        return Count(_sum_of(tally) + sum(rest.count() for rest in rests_of(listing, part)))
    if listing.terms.columns & UNBOUNDED:
        return _patient_count(listing.frames_of(part), is_sky=bool(listing.terms.columns & SKY))
    alone = listing.only(part)
    return Count(_counted(alone, has_one_plan=alone.has_one_plan))


def _sum_of(rows: QuerySet[Any]) -> int:
    return int(rows.aggregate(n=Sum("n_frames"))["n"] or 0)


def _patient_count(frames: QuerySet[Any], *, is_sky: bool) -> Count:
    """Count for a while; then estimate, but of a place on the sky only when there is very much in it."""
    try:
        with at_most(PATIENCE_MS, using=frames.db):
            return Count(frames.count())
    except TransientError:
        if is_sky and (counted := frames[: MOST_COUNTED + 1].count()) <= MOST_COUNTED:
            return Count(counted)
    return Count(_estimate_of(frames), is_estimate=True)


def _estimate_of(frames: QuerySet[Any]) -> int:
    """What the planner expects."""
    statement, parameters = frames.values("pk").query.get_compiler(frames.db).as_sql()
    with connections[frames.db].cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
        plan = cursor.fetchone()[0]
    plans = json.loads(plan) if isinstance(plan, str) else plan
    return int(plans[0]["Plan"]["Plan Rows"])
