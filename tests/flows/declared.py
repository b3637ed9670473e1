"""Where this archive answers otherwise than the original on purpose. Each mends a fault, named as in ocs-defects.md."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Declared:
    capture: int
    path: str
    original: Any
    here: Any
    mends: str


DECLARED: tuple[Declared, ...] = ()
