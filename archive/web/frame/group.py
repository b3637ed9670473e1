"""Frames that were taken for the same reason as a frame: its request, its block, its target in that night."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from archive.domain.access import Links
from archive.domain.listing import Listing, parts_for
from archive.domain.order import NEWEST_FIRST
from archive.domain.rows import FrameRow, Parts, rows_of
from archive.models import Frame, Reader
from archive.terms.asked import asked_terms

AT_ONCE = 6  # of one group
AROUND = timedelta(days=1)  # frames of the same night were taken so near to each other


@dataclass(frozen=True, slots=True)
class Group:
    """A few of them, and the address of the search that has all."""

    title: str
    address: str
    frames: list[dict[str, Any]]


def groups_of(frame: Frame, reader: Reader, links: Links, *, at: datetime) -> list[Group]:
    """Those groups that have another frame that the reader may see. Each is found in the order of an index."""
    parts = parts_for(reader, at=at, public=None)
    found: dict[str, tuple[Mapping[str, str], list[int]]] = {}
    for title, shown, terms in _wanted(frame):
        query = QueryDict(urlencode({**shown, **terms}))
        keys = Listing(asked_terms(query), parts).keys(NEWEST_FIRST, most=AT_ONCE + 1)
        if ids := [row[-1] for row in keys if row[-1] != frame.pk][:AT_ONCE]:
            found[title] = shown, ids
    ids = list(dict.fromkeys(pk for _, of_group in found.values() for pk in of_group))
    rows = rows_of(ids, reader, at=at, parts=Parts(related=False, thumbnails=True)) if ids else []
    by_id = {row.columns["id"]: _shown(row, links) for row in rows}
    return [
        Group(title, f"{reverse('search')}?{urlencode(terms)}", [by_id[pk] for pk in of_group if pk in by_id])
        for title, (terms, of_group) in found.items()
    ]


def _wanted(frame: Frame) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """Titles, terms of the search, and further ones that let an index find the frames at once."""
    if frame.request_id is not None:
        yield "Of the same request", {"request_id": str(frame.request_id)}, {}
    if frame.observation_id is not None:
        yield "Of the same block", {"observation_id": str(frame.observation_id)}, {}
    if frame.target_name and frame.observation_day and frame.observation_date:
        start, end = (f"{frame.observation_date + away:%Y-%m-%dT%H:%M:%SZ}" for away in (-AROUND, AROUND))
        shown = {"target_name_exact": frame.target_name, "dayobs": frame.observation_day.isoformat()}
        yield "Of the same target in this night", shown, {"start": start, "end": end}


def _shown(row: FrameRow, links: Links) -> dict[str, Any]:
    columns = row.columns
    pictures = {each.size: links.to(each.store, each.path, each.version_id) for each in row.thumbnails}
    return {
        "id": columns["id"],
        "name": columns["basename"],
        "observed": columns["observation_date"],
        "filter": columns["primary_optical_element"],
        "picture": pictures.get("small", ""),
    }
