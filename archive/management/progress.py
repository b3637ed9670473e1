"""Progress of long commands: a bar on a terminal, nothing in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def bars(doing: str, total: int, unit: str) -> Iterator[Callable[[int], object]]:
    """A bar for one step; what it gives is told how many are done."""
    with tqdm(total=total, unit=unit, unit_scale=unit == "B", desc=doing, disable=None) as bar:
        yield bar.update


class Told:
    """Writes lines as they come, up to so many: a store that is the wrong one gives millions."""

    def __init__(self, write: Callable[[str], object], *, most: int = 100) -> None:
        self._write, self._most = write, most
        self.number = 0

    def __call__(self, line: str) -> None:
        self.number += 1
        if self.number <= self._most:
            self._write(line)

    def end(self) -> None:
        """Say how many were not written."""
        if self.number > self._most:
            self._write(f"… and {self.number - self._most} more.")
