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
MORE = "C1: next follows from the rows, not from the count"
UNSEEN = "S6: ids of related frames that the caller can not open are not shown"


CONSTANT = "the health check is a constant: it does not depend on who asks, nor on what is accepted"
PLAIN = "errors and pages say in plain words what is meant"
KNOWN_TYPES = "types that the archive itself reads from file names are known to both doors"
TYPES = (
    "BIAS", "CATALOG", "DARK", "EXPERIMENTAL", "EXPOSE", "GUIDE", "LAMPFLAT", "SKYFLAT", "SPECTRUM", "STANDARD", "TRAILED",
)  # fmt: skip
OF_NAMES = ("ARC", "BPM", "DOUBLE", "PSFFIT", "TARGET", "TRACE")


def choices(*names: str) -> list[dict[str, str]]:
    return [{"value": name, "display_name": name} for name in sorted(names)]


def counted(capture: int, *, original: int | None = None, here: int | None = None) -> list[Declared]:
    """A count that was an estimate; with numbers, one that was wrong."""
    entries = [Declared(capture, "$.count_estimated", True, False, EXACT)]
    if original is not None:
        entries.append(Declared(capture, "$.count", original, here, EXACT))
    return entries


def unseen(capture: int, path: str = "$.results[id=5].related_frames") -> Declared:
    """The name of a frame that never came: nobody can open it, so its id is not told."""
    return Declared(capture, path, [1, 2, 3, 4, 6], [1, 2, 3, 4], UNSEEN)


def tied(capture: int, original: list[int], here: list[int], path: str = "$.results order") -> Declared:
    """Frames 4 and 5 were exposed at the same instant."""
    return Declared(capture, path, original, here, TIE)


DECLARED: tuple[Declared, ...] = (
    unseen(0, "$.related_frames"),
    Declared(2, "Allow", "GET, HEAD, OPTIONS", None, CONSTANT),
    Declared(2, "Vary", "Accept, origin, Cookie", "origin", CONSTANT),
    Declared(4, "status", 500, 200, "C5: the OpenAPI document is there"),
    *counted(22, original=3, here=5),
    tied(22, [4, 5, 3, 2, 1], [5, 4, 3, 2, 1]),
    unseen(22),
    *counted(23, original=4, here=5),
    tied(23, [4, 5], [5, 4]),
    unseen(23),
    *counted(24, original=4, here=5),
    tied(24, [4, 5], [5, 4]),
    unseen(24),
    *counted(25, original=4, here=5),
    Declared(25, "$.next", None, "/frames/?limit=2&offset=4", MORE),
    tied(26, [4, 5], [5, 4]),
    unseen(26),
    *counted(27, original=3, here=5),
    tied(27, [4, 5], [5, 4]),
    unseen(27),
    *counted(28, original=4, here=5),
    tied(29, [4, 5], [5, 4]),
    unseen(29),
    unseen(33),
    unseen(34),
    *counted(35),
    tied(35, [4, 5], [5, 4]),
    unseen(35),
    *counted(36, original=1, here=3),
    Declared(36, "$.next", None, "/frames/?covers=POINT%28202.4696+47.1952%29&limit=1&offset=1", MORE),
    tied(36, [4], [5]),
    *counted(38, original=4, here=3),
    unseen(38),
    *counted(41, original=2, here=3),
    tied(41, [4], [5]),
    *counted(42, original=4, here=5),
    unseen(43, "$.related_frames"),
    tied(48, [4, 3, 2, 1], [1, 2, 3, 4], "$ order"),
    Declared(
        37,
        "$[]",
        "Error with covers query: Point must be specified with exact format 'POINT(RA DEC)'",
        "Error with covers query: 'POINT(202.4696,47.1952)' is no region: "
        "give POINT(RA DEC) or POLYGON((RA DEC, …)), in degrees.",
        PLAIN,
    ),
    Declared(56, "status", 400, 201, "C7: version ids of other S3 servers are longer than 32 characters"),
    unseen(57, "$.frame.related_frames"),
    unseen(61),
    Declared(
        77,
        "Content-Disposition",
        None,
        "attachment; filename=lsc1m005-fa15-20250309-0004-e00.fits",
        "a browser saves it under its name",
    ),
    Declared(80, "status", 500, 200, "the lists are made when they are asked for, with or without the command's cache"),
    Declared(88, "$.description", "", "Frames: exposures of the telescopes and what was made of them.", PLAIN),
    Declared(88, "$.actions.POST.related_frames.read_only", False, True, "they follow from related_frame_filenames"),
    Declared(88, "$.actions.POST.configuration_type.choices", choices(*TYPES), choices(*TYPES, *OF_NAMES), KNOWN_TYPES),
    Declared(91, "status", 500, 200, "C5: PUT works"),
)
