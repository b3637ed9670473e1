"""The analysis of a picture of a site: statistics, a histogram and two cuts, as numbers and as drawings."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from archive.domain.family_rows import FamilyRow
from archive.downloads.looking import Cut, look_of
from archive.errors import ArchiveError
from archive.models import ExposureFile

WIDTH, HEIGHT = 480, 120
FACTS = (
    ("median", "Median"),
    ("mean", "Mean"),
    ("sigma", "Standard deviation"),
    ("robust_sigma", "the same of most pixels"),
    ("least", "Least"),
    ("greatest", "Greatest"),
)
LONGEST_NUMBER = 7


@dataclass(frozen=True, slots=True)
class Drawing:
    """A line through values, in the units of a drawing; `parts` are its pieces between gaps."""

    label: str
    parts: list[str]
    low: str
    high: str


def analysis_of(row: FamilyRow, given: QueryDict) -> dict[str, Any]:
    """What `?analysis=fits` or `picture` asks for, with `row` and `column` to cut along; only the choice without it."""
    sources = _sources(row)
    chosen = given.get("analysis", "")
    context: dict[str, Any] = {"sources": list(sources), "analysed": "", "wide": WIDTH, "high": HEIGHT}
    if chosen not in sources:
        return context
    file, cut = sources[chosen], Cut(_pixel(given, "row"), _pixel(given, "column"))
    try:
        found = look_of(file.object, extension=file.extension, cut=cut)
    except ArchiveError as error:
        return context | {"analysed": chosen, "analysis_error": str(error)}
    return context | {
        "analysed": chosen,
        "look": found,
        "facts": [(label, _number(found[name])) for name, label in FACTS],
        "n_blank": found["width_px"] * found["height_px"] - found["n_finite"],
        "bars": _bars(found["counts"]),
        "ends": (_number(found["low"]), _number(found["high"])),
        "cuts": [
            _drawing(f"Row {found['row']}", found["along_row"]),
            _drawing(f"Column {found['column']}", found["along_column"]),
        ],
    }


def _sources(row: FamilyRow) -> dict[str, ExposureFile]:
    """Files that can be analysed: the small FITS file, which says as much sooner, before the large one."""
    fits = row.small_fits or row.large_fits
    found = {"fits": fits, "picture": row.medium_picture or row.small_picture}
    return {name: file for name, file in found.items() if file is not None and not file.object.fault}


def _pixel(given: QueryDict, name: str) -> int | None:
    text = given.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER else None


def _bars(counts: list[int]) -> list[tuple[float, float, float, float]]:
    """x, y, width and height of each bin, higher by the root of its number: so that few are seen beside many."""
    most = max(counts) or 1
    width = WIDTH / len(counts)
    heights = [round(HEIGHT * (n / most) ** 0.5, 2) for n in counts]
    return [
        (round(number * width, 2), round(HEIGHT - high, 2), round(width, 2), high)
        for number, high in enumerate(heights)
    ]


def _drawing(label: str, values: list[float | None]) -> Drawing:
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    scale = HEIGHT / (high - low) if high > low else 0.0
    step = WIDTH / max(1, len(values) - 1)
    parts: list[list[str]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            parts.append([])
        else:
            parts[-1].append(f"{number * step:.1f},{HEIGHT - (value - low) * scale:.1f}")
    return Drawing(label, [" ".join(part) for part in parts if part], _number(low), _number(high))


def _number(value: float) -> str:
    return f"{value:.6g}"
