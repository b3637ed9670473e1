"""A small simulated night, with its truth."""

import bz2
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from astropy.io import fits


@dataclass(frozen=True)
class SimulatedNight:
    """Folders of raw files and of their truth."""

    raws: Path
    truths: Path

    def subject(self, part: str) -> str:
        """The one exposure whose name holds a part."""
        (found,) = (path.stem for path in self.truths.glob(f"*{part}*.json"))
        return found

    def truth(self, subject: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.truths / f"{subject}.json").read_text())
        return told


def first_header(path: Path) -> dict[str, Any]:
    """Header of a packed file's first HDU."""
    with bz2.open(path) as stream:
        return dict(fits.Header.fromfile(stream))
