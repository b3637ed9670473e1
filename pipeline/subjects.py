"""What products are of: an observation, a night, its darks of one mode, its flats of one filter, a seeing exposure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet

from archive.enums import ProductKind, ProductState, RawKind
from archive.models import Observation, Product, Proposal, RawFile, Version
from ingest.roboao_names import raw_name
from pipeline.graph import OF_DISCS, OF_RAWS, OF_STARS, STEPS_OF_NIGHTS

MASTER_REACH = timedelta(days=30)  # how far in time a master calibration may lie from what it is used for
NIGHT = "night"  # the subject that is the night itself is called night_20160925
NO_USE = (ProductState.FAILED, ProductState.SKIPPED)


@dataclass(frozen=True, slots=True)
class Subject:
    """Night and name say which; the observation's own row where it is one."""

    night: date
    name: str
    observation: Observation | None = None

    @property
    def is_night(self) -> bool:
        return self.observation is None and self.name.startswith(f"{NIGHT}_")


def subject_of_raw(raw: RawFile) -> Subject | None:
    """What a raw file is one of the files of; None of those that nothing is made of."""
    if raw.observation is not None:
        return Subject(raw.observation.night, raw.observation.name, raw.observation)
    if raw.kind == RawKind.DARK:
        return Subject(raw.night, _joined(RawKind.DARK, raw.camera, raw.detector_mode))
    if raw.kind == RawKind.FLAT:
        return Subject(raw.night, _joined(RawKind.FLAT, raw.camera, raw.primary_optical_element))
    if raw.kind == RawKind.SEEING:
        name = raw_name(raw.frame.basename)
        return Subject(raw.night, name.exposure) if name else None
    return None


def night_itself(night: date) -> Subject:
    """What plots of a night are of."""
    return Subject(night, f"{NIGHT}_{night:%Y%m%d}")


def subject_of_product(product: Product) -> Subject:
    return Subject(product.night, product.subject, product.observation)


def subjects_of(raws: QuerySet[RawFile]) -> Iterator[Subject]:
    """What these raw files are files of, each once. Darks first, which the others need; newest first."""
    seen = set()
    in_order = raws.select_related("observation", "frame").order_by("kind", "-night", "observed_at", "file_number")
    for raw in in_order.iterator(chunk_size=500):
        subject = subject_of_raw(raw)
        if subject is not None and (subject.night, subject.name) not in seen:
            seen.add((subject.night, subject.name))
            yield subject


def kinds_of(subject: Subject) -> frozenset[ProductKind]:
    """What is made of it without anybody asking; the graph says what follows from that."""
    if subject.is_night:
        there = set(_current_kinds(subject.night))
        return frozenset(step.kind for step in STEPS_OF_NIGHTS if not there.isdisjoint(step.measured))
    if subject.observation is None:
        return frozenset({OF_RAWS[RawKind(subject.name.split("_", 1)[0])]})
    is_planetary = Proposal.objects.filter(pk=subject.observation.proposal_id, is_planetary=True).exists()
    return frozenset({OF_DISCS if is_planetary else OF_STARS})


def raw_versions_of(subject: Subject) -> list[Version]:
    """The newest bytes of each of its raw files, in the order in which they were taken."""
    files = Version.objects.filter(frame__raw_file__in=_raw_files_of(subject))
    newest = files.order_by("frame_id", "-created", "-id").distinct("frame_id")
    found = newest.select_related("object", "frame", "frame__raw_file")
    return sorted(found, key=lambda version: _place_of(version.frame.raw_file, version.frame.basename))


def master_names(kind: ProductKind, raw: RawFile) -> tuple[str, ...]:
    """Names of the masters that suit a raw file; none when its header does not say what to look for."""
    what = raw.detector_mode if kind is ProductKind.DARK else raw.primary_optical_element
    return tuple(dict.fromkeys((_joined(kind, raw.camera, what), _joined(kind, "", what)))) if what else ()


def users_of_master(master: Product) -> Iterator[Subject]:
    """Subjects for which this is the nearest master of its name, newest night first: its fate may be theirs."""
    first, last = _reach_of(master)
    camera, what = _parts_of(master.subject)
    raws = RawFile.objects.filter(night__range=(first, last))
    if camera:
        raws = raws.filter(camera=camera)
    if master.kind == ProductKind.DARK:
        raws = raws.filter(detector_mode=what, kind__in=[RawKind.FLAT, RawKind.SEEING, RawKind.SCIENCE])
    else:
        raws = raws.filter(primary_optical_element=what, kind__in=[RawKind.SEEING, RawKind.SCIENCE])
    return subjects_of(raws)


def _reach_of(master: Product) -> tuple[date, date]:
    """First and last night that lie no farther from this master than from the others of its name."""
    others = Product.objects.filter(kind=master.kind, subject=master.subject, is_current=True).exclude(state__in=NO_USE)
    nights = [night for night in others.values_list("night", flat=True) if night != master.night]
    before = max((night for night in nights if night < master.night), default=None)
    behind = min((night for night in nights if night > master.night), default=None)
    first, last = master.night - MASTER_REACH, master.night + MASTER_REACH
    if before is not None:
        first = max(first, before + (master.night - before) // 2)
    if behind is not None:
        last = min(last, behind - (behind - master.night) // 2)
    return first, last


def _raw_files_of(subject: Subject) -> QuerySet[RawFile]:
    if subject.observation is not None:
        return RawFile.objects.filter(observation=subject.observation)
    if subject.is_night:
        return RawFile.objects.none()
    kind = RawKind(subject.name.split("_", 1)[0])
    files = RawFile.objects.filter(night=subject.night, kind=kind)
    if kind is RawKind.SEEING:
        return files.filter(Q(frame__basename=subject.name) | Q(frame__basename__startswith=f"{subject.name}_"))
    camera, what = _parts_of(subject.name)
    column = "detector_mode" if kind is RawKind.DARK else "primary_optical_element"
    return files.filter(camera=camera, **{column: what})


def _current_kinds(night: date) -> QuerySet[Product, str]:
    return Product.objects.filter(night=night, is_current=True).order_by().values_list("kind", flat=True).distinct()


def _joined(kind: RawKind | ProductKind, camera: str, what: str) -> str:
    return "_".join(filter(None, (kind.value, camera, what)))


def _parts_of(name: str) -> tuple[str, str]:
    """Camera, which may be empty, and mode or filter of a master's name."""
    *camera, what = name.split("_")[1:]
    return "".join(camera), what


def _place_of(raw: RawFile, basename: str) -> tuple[object, ...]:
    return raw.observed_at, raw.file_number, basename
