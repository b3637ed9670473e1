"""How soon the server has made the pages for people, at 1 and 10 million frames (FRAMES=)."""

import os
import re
import time
from collections.abc import Iterator
from itertools import islice

from django.contrib.auth.models import User

from archive.errors import FatalError
from benchmarks import baselines, carts, observations, page_rows
from benchmarks.load import load
from benchmarks.page_asks import SEARCH, SKY, cookie_of, of_others, of_search
from benchmarks.report import Aim, Figure, median_of
from benchmarks.services import Bench
from benchmarks.speed.asks import Ask, Readers, Session, Who, count_of, make_readers
from benchmarks.speed.group import sizes_of
from benchmarks.speed.table import SMALL
from benchmarks.speed.truth import Truth

N_RUNS, N_WARMING = 30, 5
AIM_MS, AIM_LARGE_MS = 150.0, 300.0
AIM_OF_MAP_MS = 1000.0  # it comes after the page, by a question of its own
COUNT = re.compile(r'<p class="count"[^>]*><b>([\d,]+)</b>')


def measure(bench: Bench) -> Iterator[Figure]:
    """Each page by questions of its kinds, and the numbers of the search page's map beside it."""
    for size in sizes_of(os.environ.get("FRAMES", "")):
        bench.empty()
        load(size)
        observations.populate()
        page_rows.populate()
        readers = make_readers(bench.token())
        truth = Truth(readers)
        aim_ms = AIM_MS if size <= SMALL else AIM_LARGE_MS
        with bench.running("web"):
            session = _browsers(bench, readers)
            empty = baselines.empty_request(bench.url)
            for name, asks in {**of_search(truth), **of_others(truth)}.items():
                times_ms = [1000.0 * took_s for took_s in _times(session, readers, asks)]
                aim = (Aim.AT_MOST, AIM_OF_MAP_MS if name.startswith(SKY) else aim_ms)
                yield median_of(f"page {name}, {size:,}", times_ms, "ms", baseline=empty, aim=aim)
            member = User.objects.get(auth_token=readers.tokens[Who.MEMBER])
            yield from carts.figures(bench.url, member, size, empty=empty)


def _browsers(bench: Bench, readers: Readers) -> Session:
    """Requests of people who have logged in."""
    session = Session(bench.url, readers)
    for who, token in readers.tokens.items():
        session.sign_in(who, cookie_of(User.objects.get(auth_token=token)))
    return session


def _times(session: Session, readers: Readers, asks: Iterator[Ask]) -> Iterator[float]:
    for number, ask in enumerate(islice(asks, N_WARMING + N_RUNS)):
        started_s = time.perf_counter()
        content = session.get(ask)
        took_s = time.perf_counter() - started_s
        if number >= N_WARMING:
            yield took_s
        elif ask.path == SEARCH and (told := _count(content)) != (n := count_of(ask, readers)):
            raise FatalError(f"{ask.path} with {dict(ask.params)} tells of {told:,} frames; there are {n:,}.")


def _count(content: bytes) -> int:
    found = COUNT.search(content.decode())
    if found is None:
        raise FatalError(f"the page tells no exact number: {content[:300]!r}")
    return int(found[1].replace(",", ""))
