"""Which rows are science: what was observed, made and measured, and who may see it; by names instead of ids.

A table of the tables. Left out is what can be made again or belongs to one machine: queues, leases, events, tallies,
caches, selections, tickets. decisions/0028 says why of each.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Field as Column
from django.db.models import ForeignKey, Model, Q, QuerySet

from archive.enums import ExpiringKind, ExposureKind, ProductState
from archive.models import (
    Companion,
    ContrastCurve,
    Exposure,
    Frame,
    Headers,
    MuseExposure,
    MuseTarget,
    MuseTargetName,
    Observation,
    Product,
    ProductFile,
    Proposal,
    PsfLibraryVersion,
    PsfMember,
    RawFile,
    Relation,
    SeeingMeasurement,
    StoredObject,
    StrehlMeasurement,
    Thumbnail,
    Tombstone,
    Version,
)

Row = dict[str, Any]

# Products that wait or run are jobs, not science.
SETTLED = (ProductState.DONE, ProductState.FAILED, ProductState.SKIPPED, ProductState.STALE)
# Families of Photon Ranch follow from the names of their files (decisions/0020), which `reconcile` takes in again.
OF_NO_FAMILY = Q(exposure=None) | Q(exposure__kind=ExposureKind.OCS)
# A frame that is known only because another one names it comes back with the name.
KNOWN = OF_NO_FAMILY & Q(observation_date__isnull=False)


def columns_of(model: Any) -> dict[str, "Column[Any, Any]"]:
    """Columns of a table by name, in the order of the model."""
    return {column.name: column for column in model._meta.concrete_fields}  # noqa: SLF001 - a documented interface


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One kind of rows, and how they are told.

    `key` names columns that tell a row from all others; a foreign key in it stands for its own row's key. `lead` is
    the path to one of them by which a few rows are found quickly. `fills` gives the columns that are not told, for
    rows that are written anew; those that `only_new` names are left alone in rows that are there.
    """

    name: str
    model: type[Model]
    key: tuple[str, ...]
    lead: str
    kept: Q = field(default_factory=Q)
    left_out: frozenset[str] = frozenset({"id"})
    keeps_id: bool = False  # people and links know its rows by their ids
    fills: Callable[[Row], Row] = lambda _row: {}
    only_new: frozenset[str] = frozenset()
    in_items_not: Mapping[str, frozenset[str]] = field(default_factory=dict)  # of lists of objects in a column

    @property
    def columns(self) -> list["Column[Any, Any]"]:
        """What is told, in the order of the model."""
        return [column for name, column in columns_of(self.model).items() if name not in self.left_out]

    @property
    def rows(self) -> QuerySet[Any]:
        """All science rows of it, in no order."""
        return QuerySet(self.model).filter(self.kept)


def is_nested(column: "Column[Any, Any]") -> bool:
    """Whether it is told in place: bytes belong to what they are of."""
    return isinstance(column, ForeignKey) and column.related_model is StoredObject


def leaves(table: Table) -> Iterator[str]:
    """Paths to the columns of a key, through foreign keys."""
    for name in table.key:
        column = columns_of(table.model)[name]
        if isinstance(column, ForeignKey):
            yield from (f"{name}__{leaf}" for leaf in leaves(table_of(column.related_model)))
        else:
            yield name


def table_of(model: Any) -> Table:
    return BY_MODEL[model]


def _lease_of(row: Row) -> Row:
    """What a product's queue needs to know: that it was begun, where it was, and that nothing is to be done."""
    settled_at = row["finished_at"] or row["created_at"]
    return {"lease": int(row["started_at"] is not None), "not_before": settled_at, "worker": ""}


QUEUE = frozenset({"id", "lease", "lease_until", "worker", "queued_at", "not_before"})
OF_SETTLED = Q(product__state__in=SETTLED)
OF_FRAME = Q(frame__in=Frame.objects.filter(KNOWN))

# Of observations: they follow from `position` and from the Strehl ratios.
KEPT_BY_THE_DATABASE = frozenset(
    {"ra_deg", "dec_deg", "bright_strehl_ratio", "bright_strehl_flag", "faint_strehl_ratio", "faint_strehl_flag"}
)

# Of exposures with MUSE: what people said; all else follows from the files (`manage.py muse link`).
BY_PEOPLE = frozenset({"name", "other_cube", "target", "said", "comment", "created_by"})

# In an order in which each stands behind what it names.
TABLES = (
    Table(name="proposal", model=Proposal, key=("id",), lead="id", left_out=frozenset()),
    Table(
        name="exposure",
        model=Exposure,
        key=("kind", "site_id", "name"),
        lead="name",
        kept=Q(kind=ExposureKind.OCS),
        left_out=frozenset(columns_of(Exposure)) - {"kind", "site_id", "name", "night"},
    ),
    Table(
        name="frame",
        model=Frame,
        key=("basename",),
        lead="basename",
        kept=KNOWN,
        left_out=frozenset({"id", "is_public"}),
        keeps_id=True,
        fills=lambda _row: {"is_public": False},  # a trigger sets it by the public date
        only_new=frozenset({"is_public"}),
    ),
    Table(name="headers", model=Headers, key=("frame",), lead="frame__basename", kept=OF_FRAME),
    Table(name="version", model=Version, key=("frame", "md5"), lead="frame__basename", kept=OF_FRAME, keeps_id=True),
    Table(name="thumbnail", model=Thumbnail, key=("basename",), lead="basename", kept=OF_FRAME, keeps_id=True),
    Table(
        name="relation",
        model=Relation,
        key=("source", "derived", "kind"),
        lead="derived__basename",
        kept=Q(derived__in=Frame.objects.filter(KNOWN)),
    ),
    Table(
        name="tombstone",
        model=Tombstone,
        key=("kind", "name", "deleted_at"),
        lead="name",
        kept=Q(kind=ExpiringKind.FRAME),
    ),
    Table(
        name="observation",
        model=Observation,
        key=("name",),
        lead="name",
        left_out=frozenset({"id", *KEPT_BY_THE_DATABASE}),
    ),
    Table(name="raw_file", model=RawFile, key=("frame",), lead="frame__basename", kept=OF_FRAME),
    Table(
        name="product",
        model=Product,
        key=("night", "subject", "kind", "fingerprint"),
        lead="subject",
        kept=Q(state__in=SETTLED),
        left_out=QUEUE,
        fills=_lease_of,
        only_new=frozenset({"lease", "worker"}),
        in_items_not={"inputs": frozenset({"object", "product"})},
    ),
    Table(name="product_file", model=ProductFile, key=("product", "role"), lead="product__subject", kept=OF_SETTLED),
    Table(name="strehl", model=StrehlMeasurement, key=("product",), lead="product__subject", kept=OF_SETTLED),
    Table(name="seeing", model=SeeingMeasurement, key=("product",), lead="product__subject", kept=OF_SETTLED),
    Table(name="contrast", model=ContrastCurve, key=("product",), lead="product__subject", kept=OF_SETTLED),
    Table(name="companion", model=Companion, key=("product", "number"), lead="product__subject", kept=OF_SETTLED),
    Table(name="psf_member", model=PsfMember, key=("observation", "added_at"), lead="observation__name"),
    Table(name="psf_library_version", model=PsfLibraryVersion, key=("sha256",), lead="sha256", left_out=frozenset()),
    Table(name="muse_target", model=MuseTarget, key=("name",), lead="name"),
    Table(name="muse_target_name", model=MuseTargetName, key=("key",), lead="key"),
    Table(
        name="muse_exposure",
        model=MuseExposure,
        key=("name",),
        lead="name",
        kept=~Q(said={}, comment="", created_by=""),
        left_out=frozenset(columns_of(MuseExposure))
        - {"name", "other_cube", "target", "said", "comment", "created_by"},
    ),
)
# Told inside the rows that they are of, never alone.
OBJECTS = Table(name="object", model=StoredObject, key=("store", "path", "version_id"), lead="path")

BY_NAME = {table.name: table for table in TABLES}
BY_MODEL = {table.model: table for table in (*TABLES, OBJECTS)}
