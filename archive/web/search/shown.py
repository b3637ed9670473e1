"""What a question found, as the templates show it: facets, terms to take away, bars of time, rows, pages."""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse

from archive.domain.access import Links
from archive.domain.aggregates import Counts
from archive.domain.rows import FrameRow
from archive.enums import ReductionLevel
from archive.models.tally import Span
from archive.terms.frames import FrameFilter
from archive.web.pictures import picture_of
from archive.web.search import ranges
from archive.web.search.asked import Asked
from archive.web.search.columns import COLUMNS, NAME, cells
from archive.web.search.found import Found
from archive.web.words import embargo_words

# Term, title, and its name among facets; in the order of the page.
FACETS = (
    ("site_id", "Site", "sites"),
    ("telescope_id", "Telescope", "telescopes"),
    ("instrument_id", "Instrument", "instruments"),
    ("primary_optical_element", "Filter", "filters"),
    ("configuration_type", "Type", "obstypes"),
    ("reduction_level", "Reduction level", "levels"),
    ("proposal_id", "Proposal", "proposals"),
)
FACET_TERMS = {term for term, _, _ in FACETS}
SHOWN_AT_ONCE, MOST_VALUES = 6, 200
# Terms with a field of their own in the form, by what people call them; others have their own name.
CALLED = {term: title for term, title, _ in FACETS} | {
    "place": "Near",
    "target_name": "Target",
    "basename": "Name",
    "start": "From",
    "end": "To",
    "dayobs": "Night",
    "exposure_time": "Exposure from",
    "exposure_time_max": "Exposure to",
    "header": "Header",
    "public": "Public",
    "include_configuration_type": "Type",
    "exclude_configuration_type": "Not of type",
    "done": "Done",
    **dict(ranges.FLAGS),
    **{each.least: f"{each.title} from" for each in ranges.OF_OPTICS},
    **{each.most: f"{each.title} to" for each in ranges.OF_OPTICS},
}
NAME_THEMSELVES = {"", "place", "header"}  # what is said of these tells which it is
LEVELS = {str(ReductionLevel.RAW.value): "0, raw", str(ReductionLevel.FINAL.value): "91, reduced"}
DAY = timedelta(days=1)
BARS_HIGH = 100


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet."""

    value: str
    text: str
    n_frames: int | None
    is_chosen: bool


def facets(asked: Asked, counted: Counts | None) -> Iterator[dict[str, Any]]:
    """Facets in order, each with its most frequent values and those chosen; without either it is left out."""
    for term, title, name in FACETS:
        counts: Mapping[str, int] = (counted or {}).get(name, {})
        chosen = asked.chosen(term)
        ranked = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
        values = ranked + [value for value in chosen if value not in ranked]
        if not values:
            continue
        texts = LEVELS if name == "levels" else {}
        # Without counts only what is chosen is known.
        numbers = dict.fromkeys(values) if counted is None else {value: counts.get(value, 0) for value in values}
        choices = [Choice(each, texts.get(each, each), numbers[each], each in chosen) for each in values]
        others = choices[SHOWN_AT_ONCE:]
        yield {
            "title": title,
            "term": term,
            "first": choices[:SHOWN_AT_ONCE],
            "others": others,
            "is_open": any(choice.is_chosen for choice in others),
            "n_left_out": len(counts) - len(ranked),
        }


def chips(asked: Asked) -> list[dict[str, str]]:
    """Terms that hold, each with the address without it; of a facet each value."""
    found = []
    for name in ("place", *FrameFilter.base_filters):
        if name not in asked.given:
            continue
        title = CALLED.get(name, name)
        if name in FACET_TERMS:
            values = asked.chosen(name)
            found += [{"text": f"{title}: {each}", "address": asked.address_less(name, each)} for each in values]
            continue
        said = ", ".join(asked.given.getlist(name))
        if name == "place":
            said = f"{'; '.join(said.split(chr(10)))} ({asked.given.get('radius', '')} {asked.given.get('unit', '')})"
        without = ("place", "radius", "unit") if name == "place" else (name,)
        found.append({"text": f"{title}: {said}", "address": asked.address(*without)})
    return found


def errors(asked: Asked) -> list[str]:
    """What can not be read, each after what people call its term."""
    return [
        each if name in NAME_THEMSELVES else f"{CALLED.get(name, name)}: {each}"
        for name, says in asked.errors.items()
        for each in says
    ]


def bars(asked: Asked, found: Found) -> list[dict[str, Any]]:
    """Numbers of frames by time, each with its place on a drawing and the address of that time alone."""
    if not found.when:
        return []
    largest = max(found.when.values())
    shown = []
    for place, day in enumerate(_days(list(found.when), found.span)):
        n_frames = found.when.get(day, 0)
        high = max(2.0, BARS_HIGH * n_frames / largest) if n_frames else 0.0
        shown.append(
            {
                "x": 10 * place + 1,
                "y": f"{BARS_HIGH - high:.1f}",
                "height": f"{high:.1f}",
                "n_frames": n_frames,
                "label": _label(day, found.span),
                "address": asked.address(start=day.isoformat(), end=(_next(day, found.span) - DAY).isoformat()),
            }
        )
    return shown


def _days(days: list[date], span: Span) -> Iterator[date]:
    """All spans from the first to the last, also those in which nothing was observed."""
    day = days[0]
    while day <= days[-1]:
        yield day
        day = _next(day, span)


def _next(day: date, span: Span) -> date:
    if span == Span.DAY:
        return day + DAY
    return (
        day + timedelta(days=calendar.monthrange(day.year, day.month)[1])
        if span == Span.MONTH
        else date(day.year + 1, 1, 1)
    )


def _label(day: date, span: Span) -> str:
    return day.isoformat()[: {Span.YEAR: 4, Span.MONTH: 7}.get(span, 10)]


def heads(asked: Asked) -> list[dict[str, Any]]:
    """Heads of the table's columns, those that order it with the address of the other order."""
    first = asked.order[0] if "ordering" in asked.given else None
    shown = []
    for column in (NAME, *(COLUMNS[name] for name in asked.columns)):
        is_first = first is not None and first.column == column.ordering
        descending = bool(is_first and first and first.descending)
        shown.append(
            {
                "label": column.label,
                "ordering": column.ordering,
                "is_number": column.is_number,
                "sorted": ("descending" if descending else "ascending") if is_first else "",
                "address": column.ordering
                and asked.address(ordering=column.ordering if descending or not is_first else f"-{column.ordering}"),
            }
        )
    return shown


def rows(asked: Asked, found: Found, links: Links, *, at: datetime) -> list[dict[str, Any]]:
    size = "small"
    return [
        {
            "id": row.columns["id"],
            "name": row.columns["basename"],
            "address": frame_address(row.columns["id"]),
            "target": row.columns["target_name"],
            "observed": row.columns["observation_date"],
            "filter": row.columns["primary_optical_element"],
            "instrument": row.columns["instrument_id"],
            "picture": picture_of(row, links, size=size),
            "cells": cells(row, asked.columns) if asked.view == "table" else [],
            "embargo": embargo_of(row, at=at),
        }
        for row in found.rows
    ]


def embargo_of(row: FrameRow, *, at: datetime) -> str:
    """What the badge says of a frame that not everybody may see yet; empty where everybody may."""
    return embargo_words(row.columns["public_date"], at=at)


def frame_address(frame_id: int) -> str:
    """The page of a frame."""
    return reverse("frame-page", args=[frame_id])


def pages(asked: Asked, found: Found) -> dict[str, Any]:
    """Where this page lies, and the addresses of those beside it."""
    first = (asked.page - 1) * asked.per_page + 1
    return {
        "first": first,
        "last": first + len(found.rows) - 1,
        "before": asked.address(page=str(asked.page - 1)) if asked.page > 1 else "",
        "after": asked.address(page=str(asked.page + 1)) if found.has_more else "",
    }


def script_of(asked: Asked, base_url: str) -> dict[str, str]:
    """The same question for programs: address of the API, curl, Python, and a script that downloads all of it."""
    address = base_url.rstrip("/") + reverse("frame-list")
    query = asked.api.urlencode()
    full = f"{address}?{query}" if query else address
    terms = "".join(f"\n    ({name!r}, {value!r})," for name, values in asked.api.lists() for value in values)
    return {
        "link": full,
        "curl": f"curl '{full}'",
        "python": (
            "import requests\n\n"
            f"terms = [{terms}\n]\n"
            f'found = requests.get("{address}", params=terms, timeout=60)\n'
            "found.raise_for_status()\n"
            'for frame in found.json()["results"]:\n'
            '    print(frame["filename"], frame["url"])'
        ),
        "script": f"{base_url.rstrip('/')}{reverse('frame-script')}?format=curl{'&' if query else ''}{query}",
    }
