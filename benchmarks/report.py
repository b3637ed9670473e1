"""One line per figure: what was measured, what was hoped for, and what the machine itself did at the same time."""

import os
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from deploy.local.venvs import ROOT

QUIET = 0.5  # load average of a machine that has nothing else to do


class Aim(Enum):
    """Which way is better."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What this machine does of the same kind without the archive, measured in the same run."""

    value: float
    unit: str
    says: str


@dataclass(frozen=True, slots=True)
class Text:
    """A line, or lines, that stand as they are."""

    text: str

    def line(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement. `runs` are its single values when it was repeated, `value` stands for them."""

    name: str
    value: float
    unit: str
    baseline: Baseline
    aim: tuple[Aim, float] | None = None
    runs: tuple[float, ...] = ()

    def line(self) -> str:
        parts = [f"{self.name:<57}", f"{self.value:>8.4g} {self.unit:<11}", f"{self._spread():<25}"]
        parts += [f"{self._aim():<20}", f"{self._beside()}; load {os.getloadavg()[0]:.1f}"]
        return " ".join(parts)

    def _spread(self) -> str:
        return f"({len(self.runs)} runs: {min(self.runs):.3g} to {max(self.runs):.3g})" if self.runs else ""

    def _aim(self) -> str:
        if self.aim is None:
            return "no aim"
        way, bound = self.aim
        met = self.value >= bound if way is Aim.AT_LEAST else self.value <= bound
        return f"aim {way.value} {bound:g}: {'met' if met else 'MISSED'}"

    def _beside(self) -> str:
        baseline = self.baseline
        return f"{self.value / baseline.value:.3g} x {baseline.says} ({baseline.value:.4g} {baseline.unit})"


def median_of(
    name: str, runs: Sequence[float], unit: str, *, baseline: Baseline, aim: tuple[Aim, float] | None = None
) -> Figure:
    """The figure of a few whole runs."""
    return Figure(name, statistics.median(runs), unit, baseline, aim, tuple(runs))


def latencies_of(name: str, latencies_s: Sequence[float], *, baseline: Baseline) -> list[Figure]:
    """Median and 95th percentile of many short times; they are shown in ms, and so must be `baseline`."""
    milliseconds = sorted(1000.0 * latency_s for latency_s in latencies_s)
    found = {
        "median": statistics.median(milliseconds),
        "95th percentile": statistics.quantiles(milliseconds, n=20, method="inclusive")[-1],
    }
    return [Figure(f"{name}, {what} of {len(milliseconds)}", value, "ms", baseline) for what, value in found.items()]


def headline() -> str:
    """Date, machine, load before anything was started, and state of the code."""
    load = os.getloadavg()[0]
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {len(os.sched_getaffinity(0))} cores, {memory_gib:.0f} GiB, "
        f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Python {platform.python_version()}; "
        f"commit {_commit()}; "
        f"load before: {load:.2f}{' (others are at work here: rates come out too low)' if load > QUIET else ''}"
    )


def _commit() -> str:
    """Short name of the commit, with a + when the tree has been changed since; `unknown` outside of a clone."""
    command = ("git", "-C", str(ROOT), "describe", "--always", "--dirty=+", "--exclude=*")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
