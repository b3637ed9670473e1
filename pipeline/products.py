"""Handing a product over: its files, measurements, state and event together, or nothing of it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import structlog
from django.db import transaction

from archive.domain import frames, observations, products
from archive.domain.objects import NewObject, forget_object, object_row, sweep_path
from archive.enums import EventName, ProductState, RelationKind
from archive.models import (
    Frame,
    Observation,
    Product,
    ProductFile,
    Relation,
    StoredObject,
    Version,
)
from ingest.checksums import Digest, digest_of
from ingest.intake import ingest_file
from ingest.names import is_fits, split_name
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, StoredVersion, Upload
from ingest.stores.keys import content_type_for, product_key_for
from pipeline import leases, measurements, references
from pipeline.leases import Lease
from pipeline.provenance import Making, product_json
from pipeline.reductions.job import Job, Made, MadeFile

logger = structlog.get_logger(__name__)

PRODUCT_JSON = "product.json"
RELATION_OF_ROLE = {"dark": RelationKind.CALIBRATES, "flat": RelationKind.CALIBRATES}
NOTHING = Made(files=(), values={})


def hand_over(lease: Lease, job: Job, made: Made, *, store: FileStore, inspector: Inspector, at: datetime) -> Product:
    """Take what was made into the archive, and with it the product's row, in one transaction.

    Its row is locked first and its lease compared: a late worker leaves nothing. Then its observation is, so that who
    may see it can not change between its frames' rows and the commit. Bytes come before rows; those that a killed
    worker left under the product's own paths are swept before new ones are put. FITS files become frames through
    `ingest_file`.

    Raises LeaseLost, UsageError when a file can never pass, TransientError when the store is away.
    """
    _require_names_of_their_own(made)
    with transaction.atomic():
        product = leases.held(lease)
        if product.observation_id is not None:
            product.observation = Observation.objects.select_for_update(no_key=True).get(pk=product.observation_id)
        with _swept_on_error(store) as puts:
            desk = _Desk(product, job, store, inspector, puts, at)
            files = [*made.files, _product_json_file(product, job, made, at=at)]
            desk.take(files)
            measurements.write(product, made, at=at)
            _settle_done(product, made, at=at)
    logger.info("product_made", product_id=product.pk, kind=product.kind, subject=product.subject, files=len(files))
    return product


def skip(lease: Lease, job: Job, *, reason: str, store: FileStore, inspector: Inspector, at: datetime) -> Product:
    """Note that there is nothing to make of a product's inputs, in place of whatever was made before.

    Raises LeaseLost.
    """
    with transaction.atomic():
        product = leases.held(lease)
        _Desk(product, job, store, inspector, [], at).take([])
        measurements.write(product, NOTHING, at=at)
        product.values = {}
        leases.settle(product, ProductState.SKIPPED, reason=reason, at=at)
    logger.info("product_skipped", product_id=product.pk, kind=product.kind, subject=product.subject, reason=reason)
    return product


def _require_names_of_their_own(made: Made) -> None:
    names = [file.filename for file in made.files]
    roles = [file.role for file in made.files]
    if len({*names, PRODUCT_JSON}) != len(names) + 1 or len({*roles, "product"}) != len(roles) + 1:
        raise ValueError(f"files of one product need names and roles of their own: {names}, {roles}")


def _product_json_file(product: Product, job: Job, made: Made, *, at: datetime) -> MadeFile:
    """Written from the locked rows: who may see the observation can not change before its files are in."""
    making = Making(
        created_at=product.created_at, started_at=product.started_at, finished_at=at, attempt=product.attempts
    )
    path = job.folder / PRODUCT_JSON
    path.write_bytes(product_json(replace(job, observation=product.observation), made, making))
    return MadeFile("product", PRODUCT_JSON, path)


@contextmanager
def _swept_on_error(store: FileStore) -> Iterator[list[StoredVersion]]:
    """Delete what was put, if its rows are not written. Not after a commit whose answer is lost: it may stand."""
    puts: list[StoredVersion] = []
    try:
        yield puts
    except BaseException:
        for put in puts:
            store.delete(put.path, put.version_id)
        raise


@dataclass
class _Desk:
    """Where the files of one product are taken in, one after the other."""

    product: Product
    job: Job
    store: FileStore
    inspector: Inspector
    puts: list[StoredVersion]
    at: datetime
    _replaced: list[StoredObject] = field(default_factory=list)

    def take(self, files: Sequence[MadeFile]) -> None:
        """Let these be all files of the product."""
        before = {file.role: file for file in self.product.files.select_related("object", "version__object")}
        for file in files:
            self._take_one(file, before.pop(file.role, None))
        for gone in before.values():
            gone.delete()
            self._let_go(gone)
        for stored in self._replaced:
            forget_object(stored)

    def _take_one(self, file: MadeFile, before: ProductFile | None) -> None:
        digest = digest_of(file.path)
        if is_fits(split_name(file.filename)[1]):
            values: dict[str, object] = {"version": self._version_of(file, digest), "object": None}
        elif before is not None and _holds(before, file, digest):
            return
        else:
            stored = object_row(self._new_object(self._put(file, digest), digest), at=self.at)
            stored.save()
            values = {"version": None, "object": stored}
        facts = {"filename": file.filename, "sha256": digest.sha256, "size_bytes": digest.size_bytes}
        ProductFile.objects.update_or_create(product=self.product, role=file.role, defaults=values | facts)
        if before is not None:
            self._let_go(before)

    def _let_go(self, before: ProductFile) -> None:
        """Bytes of a frame stay with the frame, as its older version."""
        if before.object is not None:
            self._replaced.append(before.object)

    def _put(self, file: MadeFile, digest: Digest) -> StoredVersion:
        product = self.product
        key = product_key_for(product.night, product.subject, product.kind, product.fingerprint, filename=file.filename)
        sweep_path(self.store, key)
        put = self.store.put(file.path, Upload(key, digest, content_type_for(file.filename)))
        self.puts.append(put)
        return put

    def _new_object(self, put: StoredVersion, digest: Digest) -> NewObject:
        return NewObject(self.store.name, put.path, put.version_id, digest.md5, digest)

    def _version_of(self, file: MadeFile, digest: Digest) -> Version:
        """The version of a frame that a FITS file becomes, or became when the same bytes first came."""
        path = self._path_with_its_name(file)
        held = frames.find_version(basename=split_name(path.name)[0], md5=digest.md5, is_fits=True)
        lies_at = self._put(file, digest) if held is None or held.object.fault else None
        taken = ingest_file(
            path, store=self.store, inspector=self.inspector, now=self.at, digest=digest, lies_at=lies_at
        )
        version = taken.frame.versions.select_related("object").get(md5=digest.md5)
        if lies_at is not None and version.object.version_id != lies_at.version_id:
            self.store.delete(lies_at.path, lies_at.version_id)  # the same bytes came in elsewhere just now
        self._let_it_stand(taken.frame, version)
        self._relate(taken.frame)
        return version

    def _path_with_its_name(self, file: MadeFile) -> Path:
        if file.path.name != file.filename:
            raise ValueError(f"{file.path} is to be called {file.filename}: a frame takes its name from its file")
        return file.path

    def _let_it_stand(self, frame: Frame, version: Version) -> None:
        """Make the version the newest of its frame, and the frame visible to those who may see the observation now."""
        if frame.versions.first() != version:
            version.created = self.at
            version.save(update_fields=["created"])
        if self.product.observation is not None:
            observations.show_products_of(self.product.observation)

    def _relate(self, frame: Frame) -> None:
        """Say which frames it was made from. Images of other stars are told by checksum alone (references)."""
        rows = [row for row in self.product.inputs if "object" in row and row["role"] != references.ROLE]
        roles = {row["object"]: row["role"] for row in rows}
        sources = Version.objects.filter(object__in=roles).exclude(frame=frame)
        relations = [
            Relation(source_id=frame_id, derived=frame, kind=RELATION_OF_ROLE.get(roles[pk], RelationKind.RAW_OF))
            for frame_id, pk in sources.order_by("frame_id").values_list("frame_id", "object_id")
        ]
        Relation.objects.bulk_create(relations, ignore_conflicts=True)


def _holds(before: ProductFile, file: MadeFile, digest: Digest) -> bool:
    """Whether the archive has these bytes of a product already."""
    stored = before.object
    same = (before.filename, before.sha256) == (file.filename, digest.sha256)
    return stored is not None and same and not stored.fault


def _settle_done(product: Product, made: Made, *, at: datetime) -> None:
    product.values = dict(made.values)
    if made.signal_class is not None:
        product.values["signal_class"] = made.signal_class.value
        if product.observation is not None:
            product.observation.signal_class = made.signal_class
            product.observation.save(update_fields=["signal_class", "modified_at"])
    leases.settle(product, ProductState.DONE, at=at)
    products.record_outcome(EventName.PRODUCT_DONE, product, at=at)
