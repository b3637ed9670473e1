"""What reductions made, read back."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from pipeline.reductions.job import Made


def file_of(made: Made, role: str) -> Path:
    (path,) = (file.path for file in made.files if file.role == role)
    return path


def header_of(made: Made, role: str) -> fits.Header:
    return fits.getheader(file_of(made, role))


def pixels_of(made: Made, role: str) -> np.ndarray:
    return np.asarray(fits.getdata(file_of(made, role)))


def frames_of(made: Made) -> list[dict[str, Any]]:
    with file_of(made, "frames").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def shift_errors(made: Made, true_shifts_yx: Any) -> np.ndarray:
    """Measured less true shifts (n_frames, 2) of the used frames, their common part taken off: the lock is a choice."""
    rows = frames_of(made)
    used = np.array([row["used"] == "1" for row in rows])
    found = np.array([[float(row["dy_px"]), float(row["dx_px"])] for row in rows])[used]
    off = found - np.array(true_shifts_yx, dtype=np.float64)[used]
    return np.asarray(off - off.mean(axis=0))


def bytes_of(made: Made) -> dict[str, bytes]:
    return {file.filename: file.path.read_bytes() for file in made.files}
