"""One line per figure: what came out, of how many repeats, and what it ought to be."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np


@dataclass(frozen=True, slots=True)
class Range:
    """Where a figure ought to lie, ends included."""

    low: float = -inf
    high: float = inf

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        if self.low == -inf:
            return f"≤ {self.high:g}"
        if self.high == inf:
            return f"≥ {self.low:g}"
        return f"±{self.high:g}" if self.low == -self.high else f"{self.low:g} to {self.high:g}"


def within(bound: float) -> Range:
    return Range(-bound, bound)


def at_most(bound: float) -> Range:
    return Range(high=bound)


def at_least(bound: float) -> Range:
    return Range(low=bound)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value with the aim that the specification sets it; None where it is only told."""

    name: str
    value: float
    unit: str
    aim: Range | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.aim is None or self.aim.holds(self.value)

    def line(self) -> str:
        aim = "" if self.aim is None else f"aim {self.aim}: {'met' if self.is_met else 'MISSED'}"
        return f"{self.name:<66} {self.value:>8.3g} {self.unit:<7} {aim:<22} {self.note}".rstrip()


def bias_and_scatter(
    name: str, relative: Sequence[float], *, bias: Range | None = None, scatter: Range | None = None, note: str = ""
) -> list[Figure]:
    """Mean and standard deviation of measured over true, less one, in percent."""
    percent = 100 * np.asarray(relative)
    return [
        Figure(f"{name}: bias of {len(percent)}", float(percent.mean()), "%", bias, note),
        Figure(f"{name}: scatter", float(percent.std(ddof=1)), "%", scatter),
    ]
