"""The text files of the original archive and of the pipeline before it, read with their traps.

Nothing here is more than a reading of bytes: what does not look as it should raises ValueError.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

# Two whole numbers, then the guide star's region in raw pixels: (x1,y1),(x2,y2).
_REGION = re.compile(r"\s*\d+\D+\d+\D*\(\s*(\d+)\s*,\s*(\d+)\s*\)\s*,?\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_BEST = re.compile(r"(?:_(?P<further>\d+))?\.fits(?:\.bz2)?\[(?P<frame>\d+)\]$")
STREHL_COLUMNS = 7
CURVE_COLUMNS = 2
SHIFT_COLUMNS = 5


@dataclass(frozen=True, slots=True)
class StrehlText:
    """One line of `_strehl.txt`. The ratio is a share of 1, as everywhere here; the file has percent."""

    y_px: float
    x_px: float
    core_arcsec: float | None
    halo_arcsec: float | None
    strehl_ratio: float
    fwhm_arcsec: float | None
    flag: str


@dataclass(frozen=True, slots=True)
class Curve:
    """`_contrast_curve.txt`: the star's place, px, and (separation arcsec, magnitudes fainter) of each point."""

    lock_yx: tuple[float, float]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one frame lay from the first, px, with its errors; rejected frames have no shift."""

    frame: int
    dy_px: float
    dx_px: float
    error_y_px: float
    error_x_px: float
    is_used: bool


def strehl_of(text: str) -> StrehlText:
    """The one line of numbers: x, y, core, halo, percent, FWHM, flag."""
    for words in _lines(text):
        if len(words) == STREHL_COLUMNS:
            x_px, y_px, core, halo, percent, fwhm = map(_number, words[:6])
            if x_px is None or y_px is None or percent is None:
                raise ValueError("it gives no place or no ratio")
            if words[6] not in ("OK", "BAD?"):
                raise ValueError(f"{words[6]!r} is no flag of a Strehl ratio")
            return StrehlText(y_px, x_px, core, halo, percent / 100, fwhm, words[6])
    raise ValueError("it has no line of seven columns")


def curve_of(text: str) -> Curve:
    rows = [tuple(map(float, words)) for words in _lines(text)]
    if not rows or any(len(row) != CURVE_COLUMNS for row in rows):
        raise ValueError("its lines are not separation and magnitudes")
    return Curve(_lock_in(text), tuple((row[0], row[1]) for row in rows))


def shifts_of(text: str) -> tuple[tuple[float, float], tuple[Shift, ...]]:
    """Place of the star (y, x), px, and the shift of each frame.

    The file has its two shift columns swapped and negated: what it calls x is minus the shift in y. Rejected frames are
    rows of zeros; they are told as not used, since nobody measured that they did not move.
    """
    lines = text.splitlines()
    lock = _lock_in(text)
    shifts = []
    for line in lines[2:]:
        words = line.split()
        if not words:
            continue
        if len(words) != SHIFT_COLUMNS:
            raise ValueError(f"{line!r} has not five columns")
        number, x_column, y_column, error_x, error_y = map(float, words)
        is_used = any((x_column, y_column, error_x, error_y))
        # 0.0 - x, since -0.0 is written as such
        shifts.append(Shift(int(number), 0.0 - x_column, 0.0 - y_column, error_y, error_x, is_used))
    return lock, tuple(shifts)


def guide_star_of(text: str) -> tuple[int, int] | None:
    """The lock position (y, x) in raw pixels out of `pipeline_settings.txt`: middle of the first region that stands."""
    for line in text.splitlines():
        found = _REGION.match(line)
        if found is not None:
            x1, y1, x2, y2 = map(int, found.groups())
            return (y1 + y2) // 2, (x1 + x2) // 2
    return None


def best_frame_of(text: str) -> tuple[int, int] | None:
    """Number of the raw file, 0 for the first, and of the frame in it: the sharpest one, from `sorted.txt`."""
    lines = text.splitlines()
    words = lines[1].split() if len(lines) > 1 else []
    found = _BEST.search(words[-1]) if words else None
    if found is None:
        return None
    further = found["further"]
    # The time of day ends in six digits behind a dot, so `_1.fits` is a further file and `.040912.fits` is none.
    return (0 if further is None else int(further) + 1), int(found["frame"])


def _number(word: str) -> float | None:
    """A number; None for one that is not known, which such files write as nan."""
    number = float(word)
    return number if math.isfinite(number) else None


def _lines(text: str) -> Sequence[list[str]]:
    """Words of each line that is no comment."""
    return [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _lock_in(text: str) -> tuple[float, float]:
    """The star's place, with which the first line ends: x, then y."""
    first = text.splitlines()[0] if text else ""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", first)
    if len(numbers) < 2:
        raise ValueError("its first line does not end in the place of the star")
    return float(numbers[-1]), float(numbers[-2])
