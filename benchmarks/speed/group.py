"""The group: loads each size, measures every operation, and prints one table of all sizes."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from archive.errors import FatalError, UsageError
from benchmarks import baselines
from benchmarks.load import load
from benchmarks.report import Aim, Text
from benchmarks.services import Bench
from benchmarks.speed.asks import Session, make_readers
from benchmarks.speed.measuring import N_READERS, READING_S, Cell, rate_of_readers, times_of, warm
from benchmarks.speed.operations import OPERATIONS
from benchmarks.speed.posting import FILE_BYTES, N_CLIENTS, measure_one_by_one, measure_posts
from benchmarks.speed.table import LARGE, SMALL, Row, table
from benchmarks.speed.truth import Truth
from benchmarks.speed.walks import walk_all

FEWEST = 10_000  # with fewer there is not enough to ask for
POST_ONE, POST_MANY = "POST, 1 client", f"POST, {N_CLIENTS} clients"
MIXED_READERS = f"{N_READERS} readers mixed, {READING_S:.0f} s"
# Beside the operations: unit, aim, and what the original does.
OTHERS = {
    POST_ONE: ("ms", (Aim.AT_MOST, 10.0), ""),
    POST_MANY: ("/s", (Aim.AT_LEAST, 200.0), "41-97"),
    MIXED_READERS: ("/s", (Aim.AT_LEAST, 200.0), "31-50"),
}

Cells = dict[str, Cell]


def measure(bench: Bench) -> Iterator[Text]:
    """Notes as they come, then the table. Raises FatalError at the end when an operation gave wrong answers."""
    sizes = sizes_of(os.environ.get("FRAMES", ""))
    cells: dict[int, Cells] = {}
    void: list[str] = []
    for size in sizes:
        yield Text(_loaded(bench, size))
        readers = make_readers(bench.token())
        measured = _Size(bench, Truth(readers), size)
        cells[size] = measured.cells
        with bench.running("web"):
            yield from measured.run(void)
        # As with S3: the client has stored the bytes, and the archive does not touch them.
        with bench.running("web", FILESTORE_TYPE="dummy"):
            measured.post(void)
            yield Text(measured.beside())
    yield Text(table(_rows(cells), sizes))
    if void:
        raise FatalError("\n".join(["Wrong answers, so that these have no figure:", *void]))


class _Size:
    """Everything that is measured at one size, with the web server running."""

    def __init__(self, bench: Bench, truth: Truth, size: int) -> None:
        self.cells: Cells = {}
        self._bench = bench
        self._truth = truth
        self._size = size

    def run(self, void: list[str]) -> Iterator[Text]:
        """Reads first: what is posted changes what there is to read."""
        url, truth = self._bench.url, self._truth
        session = Session(url, truth.readers)
        warm(session, truth)
        for operation in OPERATIONS:
            with self._voiding(void):
                self.cells[operation.name] = times_of(operation, session, truth)
        with self._voiding(void):
            self.cells[MIXED_READERS] = rate_of_readers(url, truth)
        with self._voiding(void):
            yield Text(f"at {self._size:,}, {walk_all(url, truth)}")
        with self._voiding(void):
            taken_in = measure_one_by_one(url, self._bench.store, truth.readers)
            yield Text(
                f"at {self._size:,}: POST of one client whose file of {FILE_BYTES} bytes is stored locally, "
                f"with a sync of it and of its six folders: {taken_in.value:.3g}, {taken_in.p95 or 0.0:.3g} ms"
            )

    def post(self, void: list[str]) -> None:
        with self._voiding(void):
            posted = measure_posts(self._bench.url, self._bench.store, self._truth.readers)
            self.cells |= {POST_ONE: posted.one, POST_MANY: posted.many}

    @contextmanager
    def _voiding(self, void: list[str]) -> Iterator[None]:
        """What goes wrong in one measurement leaves the others in force; it is told at the end."""
        try:
            yield
        except FatalError as error:
            void.append(f"at {self._size:,}, {error}")

    def beside(self) -> str:
        """What the machine itself does, in the same run."""
        empty, synced = baselines.empty_request(self._bench.url), baselines.commit_synced(self._bench.folder)
        return (
            f"at {self._size:,}: {empty.says} {empty.value:.2f} {empty.unit}; {synced.says} {synced.value:.2f} "
            f"{synced.unit}; load {os.getloadavg()[0]:.1f}"
        )


def sizes_of(text: str) -> list[int]:
    try:
        sizes = sorted({int(part) for part in text.replace("_", "").split(",") if part.strip()}) or [SMALL, LARGE]
    except ValueError as error:
        raise UsageError(f"FRAMES={text} is no list of numbers: give one, such as FRAMES=1000000,10000000.") from error
    if sizes[0] < FEWEST:
        raise UsageError(f"FRAMES={text} has too few frames to ask for: give at least {FEWEST:,}.")
    return sizes


def _loaded(bench: Bench, size: int) -> str:
    bench.empty()
    started_s = time.perf_counter()
    load(size)
    return f"{size:,} frames loaded in {time.perf_counter() - started_s:.0f} s; load {os.getloadavg()[0]:.1f}"


def _rows(cells: dict[int, Cells]) -> list[Row]:
    def of(name: str) -> dict[int, Cell]:
        return {size: measured[name] for size, measured in cells.items() if name in measured}

    rows = [
        Row(
            operation.name,
            "ms",
            (Aim.AT_MOST, operation.aim_ms),
            operation.original_ms,
            operation.growth,
            of(operation.name),
        )
        for operation in OPERATIONS
    ]
    return [*rows, *(Row(name, unit, aim, original, 2.0, of(name)) for name, (unit, aim, original) in OTHERS.items())]
