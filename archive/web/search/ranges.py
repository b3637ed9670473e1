"""Ranges of the form: two fields each, beside which the script puts a slider with two ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archive.web.search.asked import Asked


@dataclass(frozen=True, slots=True)
class Range:
    """Terms of both ends, and how far a slider reaches: at its ends it asks for nothing."""

    title: str
    least: str
    most: str
    low: float
    high: float
    step: float
    unit: str = ""

    @property
    def called(self) -> str:
        return f"{self.title}, {self.unit}" if self.unit else self.title


def _of(name: str, title: str, reach: tuple[float, float, float], unit: str = "") -> Range:
    low, high, step = reach
    return Range(title, f"{name}_min", f"{name}_max", low, high, step, unit)


EXPOSURE = Range("Exposure", "exposure_time", "exposure_time_max", 0, 600, 1, "s")
# As the search of the Robo-AO archive had them, with Strehl ratios as shares of one.
OF_OPTICS = (
    _of("strehl", "Strehl ratio of either stack", (0, 1, 0.01)),
    _of("bright_strehl", "Strehl ratio, bright", (0, 1, 0.01)),
    _of("faint_strehl", "Strehl ratio, faint", (0, 1, 0.01)),
    _of("seeing_median", "Median seeing of the night", (0.1, 3, 0.05), "arcsec"),
    _of("seeing", "Nearest seeing", (0.1, 3, 0.05), "arcsec"),
    _of("magnitude", "Magnitude", (-6, 23, 0.5)),
    _of("altitude", "Altitude", (0, 90, 1), "deg"),
    _of("azimuth", "Azimuth", (0, 360, 1), "deg"),
)
FLAGS = (("bright_strehl_flag", "Flag of the bright stack"), ("faint_strehl_flag", "Flag of the faint stack"))
DONE = (
    ("bright", "bright stack"),
    ("bright-pca", "bright, star subtracted"),
    ("faint", "faint stack"),
    ("faint-pca", "faint, star subtracted"),
    ("planetary", "planetary"),
)
OPTICS_FIELDS = (
    *(name for each in OF_OPTICS for name in (each.least, each.most)),
    *(name for name, _ in FLAGS),
    "done",
)


def shown(asked: Asked, ranges: Sequence[Range]) -> list[dict[str, Any]]:
    """The same with what the address says of each."""
    given = asked.given
    return [
        {"range": each, "from_value": given.get(each.least, ""), "to_value": given.get(each.most, "")}
        for each in ranges
    ]


def optics(asked: Asked) -> dict[str, Any]:
    """The folded part of the form on the adaptive optics."""
    done = asked.chosen("done")
    return {
        "ranges": shown(asked, OF_OPTICS),
        "flags": [{"name": name, "title": title, "value": asked.given.get(name, "")} for name, title in FLAGS],
        "done": [{"value": kind, "title": title, "is_chosen": kind in done} for kind, title in DONE],
        "is_open": any(name in asked.given for name in OPTICS_FIELDS),
    }
