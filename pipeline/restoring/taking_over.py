"""A tree of the original archive, or of one like this, taken over: files go into the store, what they say into rows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from astropy.io import fits
from django.db import transaction
from django.db.models import Max

from archive.domain import observations
from archive.domain.objects import NewObject, object_row, sweep_path
from archive.domain.seeing_notes import note_seeing
from archive.enums import ProductKind, ProductState
from archive.errors import UsageError
from archive.models import (
    Companion,
    ContrastCurve,
    Event,
    Observation,
    Product,
    ProductFile,
    SeeingMeasurement,
    StrehlMeasurement,
    Version,
)
from ingest.checksums import Digest, digest_of
from ingest.intake import ingest_file
from ingest.names import is_fits, split_name
from ingest.sandbox import Inspector
from ingest.stores.base import FileStore, Upload
from ingest.stores.keys import content_type_for, product_key_for
from pipeline.needs import sha256_of
from pipeline.restoring.inputs import find_inputs
from pipeline.restoring.original_tree import FoundFile, FoundProduct, nights_in, products_of_night
from pipeline.restoring.own_tree import told_in
from pipeline.restoring.report import Report
from pipeline.work_folder import work_folder

ALGORITHM = "original"
KINDS = frozenset(kind.value for kind in ProductKind)


@dataclass(slots=True)
class TakeOver:
    """One run over a tree. It may be stopped and repeated: what was taken over is found by its checksums.

    Nobody but the members of its programme sees what it brings: the original showed nothing to everybody.
    """

    store: FileStore
    inspector: Inspector
    at: datetime
    seen: Callable[[int], object] = lambda _n: None
    report: Report = field(default_factory=Report)
    _taken: set[Path] = field(default_factory=set)  # files of this night that a product.json tells of

    def run(self, folder: Path, *, keeps: bool = True) -> Report:
        """Take a tree over. Without `keeps` files are read and nothing is written."""
        for day, night in nights_in(folder, leave_out=self._leave_out):
            told = list(told_in(night, leave_out=self._leave_out))
            places = {(found.subject, found.kind) for found in told}
            self._taken = {file.path for found in told for file in found.files}
            self._take_all(told, keeps=keeps)
            others = products_of_night(day, night, leave_out=self._leave_out)
            self._take_all((each for each in others if (each.subject, each.kind) not in places), keeps=keeps)
            if keeps:
                find_inputs(Product.objects.filter(night=day))
                note_seeing(day)
        return self.report

    def _take_all(self, products: Iterable[FoundProduct], *, keeps: bool) -> None:
        for found in products:
            self.seen(1)
            for fault in found.faults:
                self.report.leave_out("text", f"{found.kind} of {found.subject}", fault)
            try:
                self._take(found, keeps=keeps)
            except (UsageError, OSError) as error:
                self.report.leave_out(found.kind, found.subject, str(error))

    def _leave_out(self, path: Path, reason: str) -> None:
        below = {file for file in path.rglob("*") if file.is_file()} if path.is_dir() else {path}
        if not below or not below <= self._taken:
            self.report.leave_out("path", str(path), reason)

    def _take(self, found: FoundProduct, *, keeps: bool) -> None:
        if found.kind not in KINDS:
            raise UsageError(f"this archive has no products of the kind {found.kind}.")
        digests = {file.role: digest_of(file.path) for file in found.files}
        fingerprint = _fingerprint_of(found, digests) if found.told is None else found.told["fingerprint"]
        place = {"night": found.night, "subject": found.subject, "kind": found.kind}
        if Product.objects.filter(fingerprint=fingerprint).exists():
            return
        if Product.objects.filter(**place, is_current=True, lease__gt=0).exists():
            raise UsageError("the archive has one of its own already, which stays.")
        if keeps:
            with transaction.atomic():
                Product.objects.filter(**place, is_current=True).delete()  # one that only waits
                _Desk(self, found, digests, fingerprint).take()
        self.report.rows["product taken over"] += 1


@dataclass(slots=True)
class _Desk:
    run: TakeOver
    found: FoundProduct
    digests: dict[str, Digest]
    fingerprint: str

    def take(self) -> None:
        observation = self._observation()
        columns = self._told_columns() if self.found.told else self._columns()
        product = Product.objects.create(
            observation=observation,
            night=self.found.night,
            subject=self.found.subject,
            kind=self.found.kind,
            state=ProductState.DONE,
            fingerprint=self.fingerprint,
            values=self.found.values,
            lease=1,
            not_before=columns["finished_at"],
            **columns,
        )
        for file in self.found.files:
            ProductFile.objects.create(product=product, **self._file(file, observation))
        self._write_measured(product, at=columns["finished_at"])

    def _write_measured(self, product: Product, *, at: datetime) -> None:
        found = self.found
        if found.seeing is not None:
            SeeingMeasurement.objects.create(product=product, night=found.night, measured_at=at, **found.seeing)
        if product.observation is None:
            return
        of_star = {"observation": product.observation, "product": product}
        if found.strehl is not None:
            StrehlMeasurement.objects.create(**of_star, measured_at=at, **found.strehl)
        if found.contrast is not None:
            ContrastCurve.objects.create(**of_star, measured_at=at, **found.contrast)
        Companion.objects.bulk_create(Companion(**of_star, **each) for each in found.companions)

    def _columns(self) -> dict[str, Any]:
        """Of a product that only folders and texts tell: made when its newest file was."""
        made_at = datetime.fromtimestamp(max(file.path.stat().st_mtime for file in self.found.files), UTC)
        times = dict.fromkeys(("created_at", "started_at", "finished_at"), made_at)
        return {"algorithm": ALGORITHM, "attempts": 1, **times}

    def _told_columns(self) -> dict[str, Any]:
        told = self.found.told or {}
        columns = {name: told[name] for name in ("algorithm", "version", "parameters", "inputs")}
        times = told.get("times") or dict.fromkeys(("created_at", "started_at", "finished_at"), self.run.at)
        return {**columns, **times, "attempts": told.get("attempt", 1)}

    def _observation(self) -> Observation | None:
        """The observation of the name, made when it is not there; and what the stack's header says of it."""
        if self.found.observation is None:
            return None
        observation = observations.locked(self.found.observation)
        if not observation.raw_files.exists():
            stacks = [file.path for file in self.found.files if file.role in ("stack", "simple_sum")]
            if stacks:
                observations.describe_by_header(observation, dict(fits.getheader(stacks[0])))
        signal_class = self.found.values.get("signal_class")
        if signal_class:
            observation.signal_class = signal_class
            observation.save(update_fields=["signal_class", "modified_at"])
        return observation

    def _file(self, file: FoundFile, observation: Observation | None) -> dict[str, Any]:
        digest = self.digests[file.role]
        facts: dict[str, Any] = {"role": file.role, "filename": file.filename, "sha256": digest.sha256}
        facts["size_bytes"] = digest.size_bytes
        # Masters of the original do not name their instrument, so they are no frames, and serve all the same.
        is_frame = observation is not None or self.found.told is not None
        if is_frame and is_fits(split_name(file.filename)[1]):
            return {**facts, "version": self._version(file, digest, observation)}
        path = self._key(file)
        sweep_path(self.run.store, path)
        put = self.run.store.put(file.path, Upload(path, digest, content_type_for(file.filename)))
        stored = object_row(
            NewObject(self.run.store.name, put.path, put.version_id, digest.md5, digest), at=self.run.at
        )
        stored.save()
        return {**facts, "object": stored}

    def _version(self, file: FoundFile, digest: Digest, observation: Observation | None) -> Version:
        """The version of a frame that it becomes, seen by whoever may see the observation; nobody is told."""
        newest = Event.objects.aggregate(newest=Max("pk"))["newest"] or 0
        with work_folder() as folder:
            path = Path(folder, file.filename)
            path.symlink_to(file.path.resolve())
            key = self._key(file)
            sweep_path(self.run.store, key)
            put = self.run.store.put(file.path, Upload(key, digest, content_type_for(file.filename)))
            taken = ingest_file(
                path,
                store=self.run.store,
                inspector=self.run.inspector,
                now=self.run.at,
                digest=digest,
                lies_at=put,
                given={"INSTRUME": "Robo-AO"},
            )
        Event.objects.filter(pk__gt=newest, frame_id=taken.frame.pk, position=None).delete()
        if observation is not None:
            observations.show_products_of(observation)
        version: Version = taken.frame.versions.select_related("object").get(md5=digest.md5)
        if version.object.version_id != put.version_id:
            self.run.store.delete(put.path, put.version_id)  # the archive had these bytes already
        return version

    def _key(self, file: FoundFile) -> str:
        found = self.found
        return product_key_for(found.night, found.subject, found.kind, self.fingerprint, filename=file.filename)


def _fingerprint_of(found: FoundProduct, digests: dict[str, Digest]) -> str:
    """Its unique name: what it is, and the checksums of its files."""
    files = sorted((role, digest.sha256) for role, digest in digests.items())
    return sha256_of([ALGORITHM, found.night.isoformat(), found.subject, found.kind, files])
