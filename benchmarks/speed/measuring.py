"""Times of single requests, and rates of many readers at once."""

import random
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice

from tqdm import tqdm

from archive.errors import FatalError
from benchmarks.speed.asks import Ask, Readers, Session, count_of
from benchmarks.speed.operations import MIXED, Operation, checked_shape
from benchmarks.speed.truth import SEED, Truth

N_WARMING = 20
N_COUNTED = 3  # of each operation are counted by the database as well
N_READERS = 8
READING_S = 20.0
N_OF_EACH = 40  # asks of each operation among the mixed ones


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure at one size: the median and 95th percentile of times in ms, or a rate alone."""

    value: float
    p95: float | None = None


def cell_of(times_s: Sequence[float]) -> Cell:
    milliseconds = [1000.0 * time_s for time_s in times_s]
    return Cell(statistics.median(milliseconds), statistics.quantiles(milliseconds, n=20, method="inclusive")[-1])


def times_of(operation: Operation, session: Session, truth: Truth) -> Cell:
    """Time of one request after another, each another one. Raises FatalError when an answer is wrong."""
    asks = list(islice(operation.draw(truth), N_WARMING + operation.n))
    for ask in asks[:N_WARMING]:
        session.get(ask)
    for ask in asks[:N_COUNTED]:
        _require_count(operation, ask, session, truth.readers)
    times_s = []
    for ask in tqdm(asks[N_WARMING:], desc=operation.name, disable=None, leave=False):
        started_s = time.perf_counter()
        content = session.get(ask)
        times_s.append(time.perf_counter() - started_s)
        checked_shape(operation, ask, content)
    return cell_of(times_s)


def rate_of_readers(url: str, truth: Truth) -> Cell:
    """Requests a second of some readers who ask all kinds of questions at once."""
    asks = [ask for operation in MIXED for ask in islice(operation.draw(truth), N_OF_EACH)]
    random.Random(SEED).shuffle(asks)
    end_s = time.monotonic() + READING_S

    def read(number: int) -> int:
        session = Session(url, truth.readers)
        done = 0
        for ask in islice(cycle(asks), number * len(asks) // N_READERS, None):
            if time.monotonic() > end_s:
                break
            session.get(ask)
            done += 1
        return done

    started_s = time.perf_counter()
    with ThreadPoolExecutor(N_READERS) as pool:
        done = sum(pool.map(read, range(N_READERS)))
    return Cell(done / (time.perf_counter() - started_s))


def _require_count(operation: Operation, ask: Ask, session: Session, readers: Readers) -> None:
    """Raise FatalError unless the answer counts what the database counts; frames become public meanwhile."""
    if checked_shape(operation, ask, session.get(ask)) is None:
        return
    least = count_of(ask, readers)
    counted = checked_shape(operation, ask, session.get(ask))
    most = count_of(ask, readers)
    if counted is not None and not least <= counted <= most:
        raise FatalError(
            f"{operation.name}: {ask.path} with {dict(ask.params)} for {ask.who.value} counts {counted:,}, "
            f"the database {least:,} to {most:,}."
        )


def warm(session: Session, truth: Truth) -> None:
    """Let every thread of the web server connect and load what it loads at first use."""
    for operation in MIXED:
        for ask in islice(operation.draw(truth), N_WARMING // 4):
            try:
                session.get(ask)
            except FatalError:
                break  # its own measurement says so
