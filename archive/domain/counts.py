"""How many frames a list has: by tallies where they know it, else by counting."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connections
from django.db.models import QuerySet, Sum

from archive.domain.limited import at_most
from archive.domain.listing import Listing, Part
from archive.domain.prepared import run
from archive.domain.spans import cover_of
from archive.errors import TransientError
from archive.models import ProposalTally, ProposalTimeTally, Reader, SetupTally, TargetTally
from archive.models.tally import BEGINNING, SETUP, Span, Tally

PATIENCE_MS = 250
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # statements of tallies know no time
MOST_COUNTED = 100_000

# Columns that a tally knows, and whether it knows when; the first that fits is the smallest.
TALLIES: tuple[tuple[type[Tally], frozenset[str], bool], ...] = (
    (SetupTally, frozenset(SETUP), True),
    (TargetTally, frozenset({"target_name"}), False),
    (ProposalTally, frozenset({"proposal_id", *SETUP}), False),
)
# Terms that nothing bounds: to count what meets them may take as long as to look at every frame.
SKY = frozenset({"area", "centre"})
UNBOUNDED = SKY | {"basename", "exposure_time"}


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
        if part.is_few:
            found += listing.frames_of(part).count()
        elif not listing.terms.columns and part.of_proposals is None and part.is_tallied:
            found += sum(
                int(n) for (n,) in run(_PUBLIC[part.is_public], AnonymousUser(), at=NEVER, using=listing.using)
            )
        elif (tally := tally_of(listing, part)) is not None:
            found += _sum_of(tally)
        else:
            return None
    return found


def _of_public(_reader: Reader, _at: datetime, _ids: Sequence[int]) -> QuerySet[Any, Any]:
    return _of_all(is_public=True)


def _of_hidden(_reader: Reader, _at: datetime, _ids: Sequence[int]) -> QuerySet[Any, Any]:
    return _of_all(is_public=False)


_PUBLIC = {True: _of_public, False: _of_hidden}


def _of_all(*, is_public: bool) -> QuerySet[Any, Any]:
    """All listed frames of one flag: what every list without terms asks for."""
    everything = ProposalTimeTally.objects.filter(is_public=is_public, span=Span.ALL, starts_on=BEGINNING)
    return everything.values("is_public").annotate(n=Sum("n_frames")).values_list("n")


def tally_of(listing: Listing, part: Part) -> QuerySet[Any] | None:
    """Rows of a tally that together count the part, whenever observed; None when no tally knows it."""
    columns = listing.terms.columns if part.of_proposals is None else listing.terms.columns | {"proposal_id"}
    needs_time = not listing.terms.window.is_open
    fitting = (tally for tally, known, has_time in TALLIES if columns <= known and (has_time or not needs_time))
    tally = next(fitting, None) if part.is_tallied else None
    if tally is None:
        return None
    rows = listing.terms.narrow(tally._default_manager.using(listing.using), with_window=False)  # noqa: SLF001 - Django's documented way
    rows = rows.filter(is_public=part.is_public)
    if part.of_proposals is not None:
        rows = rows.filter(part.of_proposals)
    cover = cover_of(listing.terms.window)
    if tally is SetupTally:
        return None if cover is None else rows.filter(cover.days)
    return rows


def rests_of(listing: Listing, part: Part) -> Iterable[QuerySet[Any]]:
    """Frames of a part that lie in its window, but in none of the whole days that `tally_of` counts."""
    cover = cover_of(listing.terms.window)
    frames = listing.frames_of(part, with_window=False)
    for rest in cover.rests if cover else ():
        yield frames.filter(observation_date__gte=rest.start, observation_date__lte=rest.end)


def _count_of(listing: Listing, part: Part) -> Count:
    tally = tally_of(listing, part)
    if tally is not None:
        return Count(_sum_of(tally) + sum(rest.count() for rest in rests_of(listing, part)))
    frames = listing.frames_of(part)
    if listing.terms.columns & UNBOUNDED:
        return _patient_count(frames, is_sky=bool(listing.terms.columns & SKY))
    return Count(frames.count())


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
