"""Products with all their files, as a reader may have them: of one observation, and of one night."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from django.db.models import Q, QuerySet

from archive.domain.observing import PLACES, ObservationRow, observation_named, rows_of
from archive.errors import ConflictError, FatalError, NotFoundError
from archive.models import (
    Observation,
    Product,
    ProductAttempt,
    ProductFile,
    ProductQuerySet,
    RawFile,
    Reader,
    Relation,
    StoredObject,
    Version,
)
from archive.models.frame import visible_condition

# Files whose bytes nobody found damaged; of the two columns one is null.
INTACT = Q(object__fault="") | Q(version__object__fault="")


@dataclass(slots=True)
class WholeProduct:
    """A current product, the files of it that the reader may have, and its attempts where they are asked for."""

    product: Product
    files: list[ProductFile] = field(default_factory=list)
    history: list[ProductAttempt] | None = None


class RelationRow(NamedTuple):
    """Two frames that belong together: ids and names."""

    source: int
    source_name: str
    kind: str
    derived: int
    derived_name: str


@dataclass(frozen=True, slots=True)
class Reduction:
    """All that is told of one observation.

    Attributes
    ----------
    raw_files : with their frames, in the order in which they were taken.
    versions : the newest one of each of their frames that has bytes, by the id of the frame.
    relations : of raw frames and of the products' frames.
    """

    row: ObservationRow
    products: Sequence[WholeProduct]
    raw_files: Sequence[RawFile]
    versions: Mapping[int, Version]
    relations: Sequence[RelationRow]


def reduction_of(observation: Observation, reader: Reader, *, at: datetime, history: bool = False) -> Reduction:
    """What belongs to an observation that `reader` may see, as far as they may see that too."""
    (row,) = rows_of([observation])
    products = whole(Product.objects.filter(observation=observation), reader, at=at, history=history)
    raws = RawFile.objects.filter(visible_condition(reader, at=at, prefix="frame__"), observation=observation)
    raw_files = list(raws.select_related("frame").order_by("observed_at", "file_number", "pk"))
    frames = {raw.frame_id for raw in raw_files}
    newest = Version.objects.filter(frame__any_of=frames).order_by("frame_id", "-created", "-id").distinct("frame_id")
    made = {file.version.frame_id for each in products for file in each.files if file.version is not None}
    return Reduction(
        row=row,
        products=products,
        raw_files=raw_files,
        versions={version.frame_id: version for version in newest.select_related("object")},
        relations=_relations_of(frames | made, reader, at=at),
    )


def product_of(product_id: int, reader: Reader, *, at: datetime) -> WholeProduct:
    """One product of an observation that `reader` may see; current a moment ago."""
    found = whole(Product.objects.filter(pk=product_id), reader, at=at, history=True)
    if not found:
        raise ConflictError("another product took its place just now: look at the observation.")
    return found[0]


def products_of_night(night: date, reader: Reader, *, at: datetime) -> list[WholeProduct]:
    """Calibrations, seeing and plots of a night, which belong to no observation."""
    seen = Product.objects.visible_to(reader, at=at)
    return whole(seen.filter(night=night, observation__isnull=True), reader, at=at)


def whole(products: ProductQuerySet, reader: Reader, *, at: datetime, history: bool = False) -> list[WholeProduct]:
    """Those of visible products that are current, in the order of ProductKind, with their files: two statements.

    `history` adds their attempts, newest first, by a third.
    """
    current = products.filter(is_current=True).order_by("subject", "pk")
    found = {each.pk: WholeProduct(each) for each in current}
    for file in files_for(reader, at=at).filter(INTACT, product__any_of=found):
        found[file.product_id].files.append(file)
    if history:
        attempts: dict[int, list[ProductAttempt]] = {pk: [] for pk in found}
        for attempt in ProductAttempt.objects.filter(product__any_of=found).order_by("-lease"):
            attempts[attempt.product_id].append(attempt)
        for pk, each in found.items():
            each.history = attempts[pk]
    return sorted(found.values(), key=lambda each: PLACES[each.product.kind])


def files_for(reader: Reader, *, at: datetime) -> QuerySet[ProductFile]:
    """Files that `reader` may have as far as they are frames, which obey the rule by themselves; with their bytes.

    Whether they may see the product is for the caller to ask.
    """
    seen = Q(version__isnull=True) | visible_condition(reader, at=at, prefix="version__frame__")
    return ProductFile.objects.filter(seen).select_related("object", "version__object").order_by("role")


def file_of(*, name: str, kind: str, role: str, reader: Reader, at: datetime) -> ProductFile:
    """One file of a current product of an observation.

    Raises NotFoundError when there is none that `reader` may have, ConflictError when its bytes are damaged.
    """
    observation = observation_named(name, reader, at=at)
    of_product = {"product__observation": observation, "product__is_current": True, "product__kind": kind}
    found = None if "\0" in kind + role else files_for(reader, at=at).filter(**of_product, role=role).first()
    if found is None:
        raise NotFoundError("there is no such file of this observation.")
    return _intact(found)


def file_of_night(*, night: date, subject: str, kind: str, role: str, reader: Reader, at: datetime) -> ProductFile:
    """One file of a current product of a night itself: of a calibration, seeing or a plot. Raises the same."""
    found = None
    if "\0" not in subject + kind + role:
        seen = Product.objects.visible_to(reader, at=at).filter(observation=None, is_current=True)
        products = seen.filter(night=night, subject=subject, kind=kind)
        found = files_for(reader, at=at).filter(product__in=products.values("pk"), role=role).first()
    if found is None:
        raise NotFoundError("there is no such file of this night.")
    return _intact(found)


def _intact(file: ProductFile) -> ProductFile:
    if fault := bytes_of(file).fault:
        raise ConflictError(f"{file.filename} is not what was made ({fault}): tell the staff.")
    return file


def bytes_of(file: ProductFile) -> StoredObject:
    """The bytes of a file that `files_for` gave."""
    stored = file.object if file.version is None else file.version.object
    if stored is None:
        raise FatalError(f"{file.filename} has no bytes, which a constraint forbids: tell the staff.")
    return stored


def _relations_of(frames: Collection[int], reader: Reader, *, at: datetime) -> list[RelationRow]:
    """Relations of these frames with others. The id of a hidden frame would tell that it exists."""
    seen = visible_condition(reader, at=at, prefix="source__") & visible_condition(reader, at=at, prefix="derived__")
    found = Relation.objects.filter(Q(source__any_of=frames) | Q(derived__any_of=frames), seen)
    columns = ("source_id", "source__basename", "kind", "derived_id", "derived__basename")
    return [RelationRow(*row) for row in found.order_by(*columns[1:]).values_list(*columns)]
