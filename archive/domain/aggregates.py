"""What there is to choose from: distinct values of the frames that a reader may see, each with its number.

Asked live: of tallies where they know it, else of the frames.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import IntegerField, QuerySet, Value

from archive.domain.counts import rests_of, tally_of
from archive.domain.limited import at_most
from archive.domain.listing import Listing, Part
from archive.domain.spans import cover_of
from archive.models import ProposalTally, ProposalTimeTally
from archive.models.tally import SETUP

COLUMN_OF = {
    "sites": "site_id",
    "telescopes": "telescope_id",
    "filters": "primary_optical_element",
    "instruments": "instrument_id",
    "obstypes": "configuration_type",
    "proposals": "proposal_id",
}
FACETS = {**COLUMN_OF, "levels": "reduction_level"}

PROPOSAL = "proposal_id"

Counts = dict[str, Counter[str]]


def aggregate(listing: Listing, *, timeout_ms: int, facets: Mapping[str, str] = COLUMN_OF) -> Counts:
    """How many frames there are of each value, by the names of `facets`; empty values are left out.

    Raises TransientError when it takes longer than `timeout_ms`; 0 is no limit.
    """
    counts: dict[str, Counter[str]] = {column: Counter() for column in facets.values()}
    with at_most(timeout_ms, using=listing.using):
        for part in listing.parts:
            for columns, rows in _sources_of(listing, part, tuple(facets.values())):
                for column, value, n_frames in _grouped(rows, columns):
                    counts[column][value] += n_frames
    return {
        name: Counter({str(value): n for value, n in counts[column].items() if value != "" and n > 0})
        for name, column in facets.items()
    }


def _sources_of(
    listing: Listing, part: Part, columns: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], QuerySet[Any]]]:
    """Rows that together tell of each column: tallies, or frames that count one each."""
    of_setup = tuple(column for column in columns if column != PROPOSAL)
    of_proposal = tuple(column for column in columns if column == PROPOSAL)
    tallies = [(of_setup, _setup_tally), (of_proposal, _proposal_tally)]
    told = [(names, tally(listing, part)) for names, tally in tallies if names]
    known = [(names, rows) for names, rows in told if rows is not None]
    if len(known) < len(told):
        yield columns, _counting_one(listing.frames_of(part))
        return
    yield from known
    for rest in rests_of(listing, part):
        yield columns, _counting_one(rest)


def _setup_tally(listing: Listing, part: Part) -> QuerySet[Any] | None:
    tally = tally_of(listing, part)
    return tally if tally is not None and set(SETUP) <= {field.name for field in tally.model._meta.fields} else None  # noqa: SLF001 - Django's documented way


def _proposal_tally(listing: Listing, part: Part) -> QuerySet[Any] | None:
    """Rows of a tally that tells proposals: at some time with every set-up, or at any time with some."""
    terms = listing.terms
    if not part.is_tallied:
        return None
    if terms.columns <= {"proposal_id"} and (cover := cover_of(terms.window)):
        rows = terms.narrow(ProposalTimeTally.objects.using(listing.using), with_window=False).filter(cover.days)
    elif terms.window.is_open and terms.columns <= {"proposal_id", *SETUP}:
        rows = terms.narrow(ProposalTally.objects.using(listing.using))
    else:
        return None
    rows = rows.filter(is_public=part.is_public)
    return rows if part.of_proposals is None else rows.filter(part.of_proposals)


def _counting_one(frames: QuerySet[Any]) -> QuerySet[Any]:
    counting: QuerySet[Any] = frames.annotate(n_frames=Value(1, output_field=IntegerField()))
    return counting


def _grouped(rows: QuerySet[Any], columns: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """Column, value and number, for all columns in one pass."""
    selected = rows.order_by().values_list(*columns, "n_frames")
    try:
        statement, parameters = selected.query.get_compiler(rows.db).as_sql()
    except EmptyResultSet:  # the terms contradict themselves, or no target has such a name
        return
    names = ", ".join(columns)
    sets = ", ".join(f"({column})" for column in columns)
    with connections[rows.db].cursor() as cursor:
        cursor.execute(
            f"SELECT {names}, sum(n_frames), {', '.join(f'grouping({column})' for column in columns)} "  # noqa: S608 - names of columns, of COLUMN_OF
            f"FROM ({statement}) AS counted ({names}, n_frames) GROUP BY GROUPING SETS ({sets})",
            parameters,
        )
        for row in cursor:
            place = row[len(columns) + 1 :].index(0)
            yield columns[place], row[place], int(row[len(columns)])
