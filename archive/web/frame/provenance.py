"""The frames around a frame, as a drawing in numbers and as a list: what it was made from, and what was made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from archive.domain.lineage import FIT, Edge, Lineage
from archive.enums import RelationKind
from archive.models import Frame

BOX, GAP, HIGH, PITCH, MARGIN = 196, 48, 46, 58, 20
LETTERS = 25  # of a name that fit into a box

WORDS: Mapping[str, str] = {
    RelationKind.RAW_OF: "made into",
    RelationKind.CALIBRATES: "calibrates",
    RelationKind.CATALOGUE_OF: "is the catalogue of",
    RelationKind.RELATED: "belongs to",
    FIT: "fitted by",
}
# What a frame is to the one that it stands before, and behind.
BEFORE: Mapping[str, str] = {
    RelationKind.RAW_OF: "made from",
    RelationKind.CALIBRATES: "calibrated by",
    RelationKind.CATALOGUE_OF: "catalogued by",
    RelationKind.RELATED: "belongs to",
    FIT: "fitted to",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One frame. Lengths are in the drawing's own units."""

    frame: Frame
    x: float
    y: float
    label: str
    what: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Line:
    """From one box to another: a curve, as SVG writes it."""

    path: str
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    high: int
    wide: int
    boxes: Sequence[Box]
    lines: Sequence[Line]


@dataclass(slots=True)
class Branch:
    """One frame of the list, how it belongs to the one that it stands under, and those that stand under it."""

    frame: Frame
    how: str
    branches: list["Branch"] = field(default_factory=list)


def drawing_of(lineage: Lineage) -> Drawing:
    """Columns by steps, from what was first to what was last; each in the middle of the height."""
    columns = [[pk for pk, step in lineage.steps.items() if step == at] for at in range(-2, 3)]
    used = [column for column in columns if column]
    rows = max(map(len, used))
    height = MARGIN * 2 + rows * PITCH - (PITCH - HIGH)
    places: dict[int, tuple[float, float]] = {}
    for number, column in enumerate(used):
        top = (height - len(column) * PITCH + (PITCH - HIGH)) / 2
        for row, pk in enumerate(column):
            places[pk] = (MARGIN + number * (BOX + GAP), top + row * PITCH)
    boxes = [_box(lineage, pk, *place) for pk, place in places.items()]
    lines = [_line(lineage, edge, places) for edge in lineage.edges]
    return Drawing(2 * MARGIN + len(used) * (BOX + GAP) - GAP, height, HIGH, BOX, boxes, lines)


def _box(lineage: Lineage, pk: int, x: float, y: float) -> Box:
    frame = lineage.frames[pk]
    level = "raw" if frame.reduction_level == 0 else f"level {frame.reduction_level}"
    what = ", ".join(filter(None, (frame.configuration_type, level, frame.primary_optical_element)))
    return Box(frame, x, y, shortened(frame.basename), what[: LETTERS + 4], lineage.steps[pk] == 0)


def _line(lineage: Lineage, edge: Edge, places: Mapping[int, tuple[float, float]]) -> Line:
    (x1, y1), (x2, y2) = places[edge.source], places[edge.derived]
    names = (lineage.frames[pk].basename for pk in (edge.source, edge.derived))
    x1, y1, y2 = x1 + BOX, y1 + HIGH / 2, y2 + HIGH / 2
    bend = max(GAP, abs(x2 - x1)) / 2
    path = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
    if x2 + BOX == x1:  # one below the other: beside both, not through what stands between
        path = f"M{x1:g} {y1:g}C{x1 + MARGIN:g} {y1:g} {x1 + MARGIN:g} {y2:g} {x1:g} {y2:g}"
    return Line(path, edge.kind, f" {WORDS.get(edge.kind, edge.kind)} ".join(names))


def shortened(name: str) -> str:
    """Names of frames differ at their end and begin alike: the middle is left out."""
    if len(name) <= LETTERS:
        return name
    head = LETTERS // 3
    return f"{name[:head]}…{name[head + 1 - LETTERS :]}"


def branches_of(lineage: Lineage, *, way: int) -> list[Branch]:
    """The same as a tree: way -1 is what the frame was made from, 1 what was made of it."""
    (root,) = (pk for pk, step in lineage.steps.items() if step == 0)
    return _branches(lineage, root, way, step=way)


def _branches(lineage: Lineage, pk: int, way: int, *, step: int) -> list[Branch]:
    found = []
    for edge in lineage.edges:
        here, there = (edge.source, edge.derived) if way > 0 else (edge.derived, edge.source)
        if here == pk and lineage.steps[there] == step:
            words = WORDS if way > 0 else BEFORE
            under = _branches(lineage, there, way, step=step + way) if abs(step) == 1 else []
            found.append(Branch(lineage.frames[there], words.get(edge.kind, edge.kind), under))
    return found
