"""Walks through whole lists: every row once, and as many as were counted."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from archive.errors import FatalError
from benchmarks.speed import questions
from benchmarks.speed.asks import Ask, Session
from benchmarks.speed.truth import Truth

STYLES: tuple[dict[str, str], ...] = ({}, {"pagination_style": "cursor"})


@dataclass(frozen=True, slots=True)
class Walks:
    """Walks by one term, and how many rows a page of them has."""

    name: str
    draw: Callable[[Truth], Iterator[Ask]]
    limit: int
    n: int


WALKS = (
    Walks("covers", questions.places, 10, 15),
    Walks("target_name_exact", questions.targets, 100, 15),
    Walks("REQNUM", questions.requests_of, 10, 40),
)


def walk_all(url: str, truth: Truth) -> str:
    """Walk, by offset and by cursor. Raises FatalError for the first walk that repeats a row or loses one."""
    session = Session(url, truth.readers)
    n_rows, done = 0, []
    for walks in WALKS:
        for ask in tqdm(islice(walks.draw(truth), walks.n), total=walks.n, desc=walks.name, disable=None, leave=False):
            n_rows += sum(_walked(session, ask, style | {"limit": str(walks.limit)}) for style in STYLES)
        done.append(f"{walks.name} {walks.n} of {walks.n}")
    return f"walks by offset and by cursor, each row once: {', '.join(done)}; {n_rows:,} rows"


def _walked(session: Session, ask: Ask, style: dict[str, str]) -> int:
    """How many rows the walk had."""
    before = _ids_of(ask)
    ids: list[int] = []
    counts: list[int] = []
    asked = Ask(ask.path, {**ask.params, **style})
    page = json.loads(session.get(asked))
    while True:
        ids += [row["id"] for row in page["results"]]
        counts += [page["count"]] if "count" in page else []
        if page["next"] is None:
            break
        page = json.loads(session.follow(page["next"]))
    after = _ids_of(ask)
    if len(set(ids)) != len(ids) or not before <= set(ids) <= after or any(len(ids) != count for count in counts):
        raise FatalError(
            f"a walk of {dict(asked.params)} gave {len(ids)} rows, {len(set(ids))} different ones, counts "
            f"{sorted(set(counts))}; the database has {len(before)} to {len(after)}."
        )
    return len(ids)


def _ids_of(ask: Ask) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM archive_frame WHERE is_listed AND public_date <= %s AND ({ask.where})",
            [timezone.now(), *ask.values],
        )
        return {frame_id for (frame_id,) in cursor.fetchall()}
