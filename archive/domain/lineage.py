"""What a frame was made from and what was made of it, two steps each way, as far as a reader may see these frames.

All is bounded: a master bias calibrates more frames than anybody can look at. What is hidden is neither named nor
counted, and nothing is told of what lies beyond it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from archive.domain.muse import exposures_with
from archive.enums import RelationKind
from archive.models import Frame, MuseExposure, MuseFit, Reader, Relation
from archive.models.frame import visible_condition

NEAR, FAR = 8, 6  # frames one step and two steps away that are told, on each side: with the frame itself 29
MOST_COUNTED = 1000
MOST_EXPOSURES = 20  # with MUSE, of one frame
FIT = "fitted-to"  # what a cube is to the fits of its PSF


class Edge(NamedTuple):
    """`source` is `kind` to `derived`: of RelationKind, or FIT."""

    source: int
    kind: str
    derived: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """A frame and those around it.

    Attributes
    ----------
    steps : how far each frame stands behind this one; before it is negative.
    edges : between these frames alone.
    exposures : names of those with MUSE that the frame is part of, up to 20.
    more : for -1 and 1, how many more there are one step away than are told; counted up to 1000.
    """

    frames: Mapping[int, Frame]
    steps: Mapping[int, int]
    edges: Sequence[Edge]
    more: Mapping[int, int]
    exposures: Sequence[str] = ()

    def __bool__(self) -> bool:
        return len(self.frames) > 1


@dataclass(frozen=True, slots=True)
class _Way:
    """Before a frame, or behind it."""

    step: int
    here: str  # end of an edge where the known frame is
    there: str

    def of_relations(self, seen: Q, frame_id: int) -> QuerySet[Relation]:
        return Relation.objects.filter(seen, **{self.here: frame_id}).order_by(f"{self.there}_id", "kind")


BEFORE, BEHIND = _Way(-1, "derived", "source"), _Way(1, "source", "derived")


def lineage_of(frame: Frame, reader: Reader, *, at: datetime) -> Lineage:
    """In eleven statements at most, however many frames belong to it."""
    exposures = dict(exposures_with(frame, reader, at=at).values_list("pk", "name")[:MOST_EXPOSURES])
    muse = _muse_edges(exposures, reader, at=at)
    steps, edges, more = {frame.pk: 0}, set[Edge](), {BEFORE.step: 0, BEHIND.step: 0}
    for way in (BEFORE, BEHIND):
        seen = visible_condition(reader, at=at, prefix=f"{way.there}__")
        border: list[int] = [frame.pk]
        for distance, most in ((1, NEAR), (2, FAR)):
            found = _around(way, seen, border, muse, most=most)
            told = list(dict.fromkeys(getattr(edge, way.there) for edge in found))
            fresh = [pk for pk in told if pk not in steps][:most]
            steps |= dict.fromkeys(fresh, distance * way.step)
            edges |= {edge for edge in found if getattr(edge, way.there) in steps}
            if distance == 1 and len(told) > most:
                n_related = way.of_relations(seen, frame.pk)[:MOST_COUNTED].count()
                more[way.step] = max(n_related, len(told)) - most
            border = fresh
            if not border:
                break
    frames = {each.pk: each for each in Frame.objects.visible_to(reader, at=at).filter(pk__any_of=list(steps))}
    kept = {pk: step for pk, step in steps.items() if pk in frames}
    inside = [edge for edge in sorted(edges) if edge.source in kept and edge.derived in kept]
    return Lineage(frames, kept, inside, more, list(exposures.values()))


def kin_of(frame: Frame, reader: Reader, *, is_before: bool, at: datetime) -> QuerySet[Relation]:
    """All that stand one step away, as relations with their frames, in the order of an index."""
    way = BEFORE if is_before else BEHIND
    seen = visible_condition(reader, at=at, prefix=f"{way.there}__")
    return way.of_relations(seen, frame.pk).select_related(way.there)


def _around(way: _Way, seen: Q, border: Sequence[int], muse: Collection[Edge], *, most: int) -> list[Edge]:
    """Up to `most` + 1 edges from each frame of the border on: one statement, in which an index bounds each part."""
    columns = ("source_id", "kind", "derived_id")
    first, *others = [way.of_relations(seen, pk).values_list(*columns)[: most + 1] for pk in border]
    rows: Iterable[tuple[int, str, int]] = first.union(*others, all=True) if others else first
    of_muse = [edge for edge in muse if getattr(edge, way.here) in border]
    return [*(Edge(*row) for row in rows), *of_muse]


def _muse_edges(exposure_ids: Collection[int], reader: Reader, *, at: datetime) -> set[Edge]:
    """Between visible raw files, cube and fits of exposures with MUSE."""
    edges = set(_edges_of(exposure_ids)) if exposure_ids else set()
    ends = {pk for edge in edges for pk in (edge.source, edge.derived)}
    seen = (
        set(Frame.objects.visible_to(reader, at=at).filter(pk__in=ends).values_list("pk", flat=True)) if ends else ends
    )
    return {edge for edge in edges if edge.source in seen and edge.derived in seen}


def _edges_of(exposure_ids: Collection[int]) -> Iterator[Edge]:
    exposures = MuseExposure.objects.filter(pk__in=exposure_ids, cube__isnull=False)
    raws = exposures.filter(raws__frame__isnull=False).values_list("raws__frame", "cube")
    for raw, cube in raws:
        if raw is not None and cube is not None and raw != cube:
            yield Edge(raw, RelationKind.RAW_OF, cube)
    fits = MuseFit.objects.filter(exposure__in=exposure_ids, exposure__cube__isnull=False)
    for cube, *files in fits.values_list("exposure__cube", "prm__version__frame", "psf__version__frame"):
        for file in files:
            if file is not None and cube is not None and file != cube:
                yield Edge(cube, FIT, file)
