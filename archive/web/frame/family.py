"""What a frame was made from, and what was made from it: as far as a reader may see these frames."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from archive.enums import RelationKind
from archive.models import Frame, Reader, Relation

MOST_SHOWN = 30  # of one kind
BEFORE = {
    RelationKind.RAW_OF: "Made from",
    RelationKind.CALIBRATES: "Calibrated by",
    RelationKind.CATALOGUE_OF: "Catalogues",
    RelationKind.RELATED: "Belongs to",
}
AFTER = {
    RelationKind.RAW_OF: "Made into",
    RelationKind.CALIBRATES: "Calibrates",
    RelationKind.CATALOGUE_OF: "Is the catalogue of",
    RelationKind.RELATED: "Named by",
}


@dataclass(frozen=True, slots=True)
class Kin:
    """Frames that are one thing to a frame."""

    title: str
    frames: list[Frame]
    n_more: int


@dataclass(frozen=True, slots=True)
class Family:
    """What stands before a frame, and behind it."""

    before: list[Kin]
    after: list[Kin]

    def __bool__(self) -> bool:
        return bool(self.before or self.after)


def family_of(frame: Frame, reader: Reader, *, at: datetime) -> Family:
    """Three statements, however many frames these are."""
    into = Relation.objects.filter(derived=frame).values_list("kind", "source")
    out_of = Relation.objects.filter(source=frame).values_list("kind", "derived")
    befores, afters = list(into), list(out_of)
    ids = {pk for _, pk in (*befores, *afters)}
    seen = {each.pk: each for each in Frame.objects.visible_to(reader, at=at).filter(pk__in=ids)} if ids else {}
    return Family(_kin(befores, BEFORE, seen), _kin(afters, AFTER, seen))


def _kin(pairs: list[tuple[str, int]], titles: dict[RelationKind, str], seen: dict[int, Frame]) -> list[Kin]:
    by_kind: dict[str, list[Frame]] = defaultdict(list)
    for kind, pk in pairs:
        if pk in seen:
            by_kind[kind].append(seen[pk])
    found = []
    for kind, title in titles.items():
        frames = sorted(by_kind[kind], key=lambda each: each.basename)
        if frames:
            found.append(Kin(title, frames[:MOST_SHOWN], max(0, len(frames) - MOST_SHOWN)))
    return found
