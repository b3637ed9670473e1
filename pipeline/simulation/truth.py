"""What is true of simulated data, as JSON beside it. The pipeline never reads this."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.simulation.plan import Night

DECIMALS = 6
VERSION = 1


def made_with(night: Night) -> dict[str, Any]:
    """What the bytes of a night follow from."""
    return {
        "simulator": VERSION,
        "date": night.date.isoformat(),
        "seed": night.seed,
        "size_px": night.size_px,
        "n_frames": night.n_frames,
        "is_full": night.is_full,
        **({"n_references": night.n_references} if night.n_references else {}),
    }


def write(path: Path, facts: Mapping[str, Any]) -> None:
    """Write facts whole or not at all; numbers to six decimals."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(_plain(facts), indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def write_map(path: Path, pattern: np.ndarray) -> None:
    """Write a pattern of the camera as numpy's own file: a FITS file might be taken for data."""
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as stream:
        np.save(stream, pattern)
    partial.replace(path)


def is_of(path: Path, night: Night) -> bool:
    """Whether the truth is there, and is of this night as it is asked for now."""
    if not path.exists():
        return False
    told: object = json.loads(path.read_text(encoding="utf-8")).get("made_with")
    return told == made_with(night)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float):
        return round(float(value), DECIMALS)
    return value
