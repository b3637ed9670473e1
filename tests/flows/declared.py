"""Where this archive answers otherwise than the original on purpose. Each mends a fault, named as in ocs-defects.md.

An entry holds for one recording and one place in its answer, and must be needed: one that no longer differs fails.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Declared:
    capture: int
    path: str
    original: Any
    here: Any
    mends: str

    def covers(self, capture: int, path: str) -> bool:
        return (self.capture, self.path) == (capture, path)

    def __hash__(self) -> int:
        return hash((self.capture, self.path))


EXACT = "C1: counts are exact, never the planner's estimate"
TIE = "C3: rows of one instant have a fixed order, so that pages neither repeat nor lose any"
UNSEEN = "S6: ids of related frames that the caller can not open are not shown"


def counted(capture: int, *, original: int | None = None, here: int | None = None) -> list[Declared]:
    """A count that was an estimate; with numbers, one that was wrong."""
    entries = [Declared(capture, "$.count_estimated", True, False, EXACT)]  # noqa: FBT003 - values of the answers
    if original is not None:
        entries.append(Declared(capture, "$.count", original, here, EXACT))
    return entries


DECLARED: tuple[Declared, ...] = (
    Declared(4, "status", 500, 200, "C5: the OpenAPI document is there"),
    *counted(22, original=3, here=5),
    *counted(23, original=4, here=5),
    *counted(24, original=4, here=5),
    *counted(25, original=4, here=5),
    *counted(27, original=3, here=5),
    *counted(28, original=4, here=5),
    Declared(25, "$.next", None, "/frames/?limit=2&offset=4", "C1: next follows from the rows, not from the count"),
)
