"""The table of one run: each operation, its aim, the original's figure, and its own at each size."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.report import Aim
from benchmarks.speed.measuring import Cell

SMALL, LARGE = 1_000_000, 10_000_000
WIDEST_SPREAD = 3.0  # of the 95th percentile over the median
NAME, AIM, ORIGINAL, CELL, RATIO = 33, 12, 13, 18, 7


@dataclass(frozen=True, slots=True)
class Row:
    """`growth` is how many times slower it may be at 10 M than at 1 M. A size without a cell was void."""

    name: str
    unit: str
    aim: tuple[Aim, float]
    original: str
    growth: float
    cells: Mapping[int, Cell]

    def line(self, sizes: Sequence[int]) -> str:
        way, bound = self.aim
        aim = f"{way.value} {bound:g} {self.unit}"
        cells = "".join(f"{self._cell(size):<{CELL}}" for size in sizes)
        ratio = f"{self.slower:.2f}" if self.slower is not None else ""
        return f"{self.name:<{NAME}}{aim:<{AIM}}{self.original:<{ORIGINAL}}{cells}{ratio:<{RATIO}}{self.verdict(sizes)}"

    @property
    def slower(self) -> float | None:
        if not {SMALL, LARGE} <= self.cells.keys():
            return None
        small, large = self.cells[SMALL].value, self.cells[LARGE].value
        return large / small if self.aim[0] is Aim.AT_MOST else small / large

    def verdict(self, sizes: Sequence[int]) -> str:
        faults = list(self._faults(sizes))
        return f"MISSED: {', '.join(faults)}" if faults else "met"

    def _faults(self, sizes: Sequence[int]) -> Iterator[str]:
        if void := [f"{size:,}" for size in sizes if size not in self.cells]:
            yield f"void at {' and '.join(void)}"
        way, bound = self.aim
        # The aims are of the smaller size; the larger one is bound by the ratio.
        smallest = self.cells.get(min(sizes))
        if smallest and (smallest.value > bound if way is Aim.AT_MOST else smallest.value < bound):
            yield "aim"
        if wide := [
            f"{size:,}" for size, cell in self.cells.items() if cell.p95 and cell.p95 > WIDEST_SPREAD * cell.value
        ]:
            yield f"p95 at {' and '.join(wide)}"
        if self.slower is not None and self.slower > self.growth:
            yield f"ratio over {self.growth:g}"

    def _cell(self, size: int) -> str:
        if size not in self.cells:
            return "void"
        cell = self.cells[size]
        return f"{cell.value:.3g}" if cell.p95 is None else f"{cell.value:.3g}, {cell.p95:.3g}"


def table(rows: Sequence[Row], sizes: Sequence[int]) -> str:
    heads = "".join(f"{f'at {size:,}':<{CELL}}" for size in sizes)
    head = f"{'operation (median, p95)':<{NAME}}{'aim':<{AIM}}{'original':<{ORIGINAL}}{heads}{'ratio':<{RATIO}}"
    return "\n".join([head, *(row.line(sizes) for row in rows)])
