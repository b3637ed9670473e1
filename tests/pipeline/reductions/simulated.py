"""A small simulated night with its truth: calibrations, and one target of each sort."""

import bz2
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from astropy.io import fits

from pipeline.simulation.night import raw_folder, truth_folder, write_exposure
from pipeline.simulation.plan import Exposure, Kind, Night

NIGHT = Night(date(2026, 11, 1), seed=3, size_px=320)
# Frames of each target, and how many of them a file holds. The star has no companion: that would take from its Strehl.
STAR, FAINT, EMPTY, SATURATED, PLANET = "HD_1984", "LP_88_a", "351_Yrsa", "HD_2451", "Uranus"
FRAMES = {STAR: (24, 10), FAINT: (60, 60), EMPTY: (8, 8), SATURATED: (4, 4), PLANET: (16, 16)}
CALIBRATION_FRAMES = 10


@dataclass(frozen=True)
class SimulatedNight:
    """Folders of raw files and of their truth."""

    raws: Path
    truths: Path

    def subject(self, part: str) -> str:
        """The first exposure whose name holds a part."""
        return min(path.stem for path in self.truths.glob(f"*{part}*.json"))

    def truth(self, subject: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.truths / f"{subject}.json").read_text())
        return told


def write_night(folder: Path) -> SimulatedNight:
    for exposure in _exposures():
        write_exposure(exposure, NIGHT, folder=folder)
    return SimulatedNight(raw_folder(folder, NIGHT), truth_folder(folder, NIGHT))


def first_header(path: Path) -> dict[str, Any]:
    """Header of a packed file's first HDU."""
    with bz2.open(path) as stream:
        return dict(fits.Header.fromfile(stream))


def _exposures() -> Iterator[Exposure]:
    has_seeing = False
    for exposure in NIGHT.exposures():
        if exposure.target is not None:
            if exposure.target.name in FRAMES:
                n_frames, per_file = FRAMES[exposure.target.name]
                target = replace(exposure.target, companions=())
                yield replace(exposure, target=target, n_frames=n_frames, frames_per_file=per_file)
        elif exposure.kind is Kind.SEEING:
            if not has_seeing:
                yield exposure
            has_seeing = True
        elif exposure.filter_name in ("", "Si"):
            yield replace(exposure, n_frames=CALIBRATION_FRAMES, frames_per_file=CALIBRATION_FRAMES)
