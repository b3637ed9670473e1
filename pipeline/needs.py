"""Whether a product can be made, and from what: its raw files, master calibrations and products before it."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils.module_loading import import_string

from archive.enums import ProductKind, ProductState
from archive.models import Product, ProductFile, RawFile, Version
from ingest.headers import roboao
from ingest.headers.installations import Installation, installation_at
from pipeline import references
from pipeline.arrays.high_contrast.references import FEWEST
from pipeline.graph import Graph, Master, Step, Upstream
from pipeline.measured import Measured, measured_in
from pipeline.references import InputRow, References
from pipeline.subjects import MASTER_REACH, Subject, master_names

SETTLED = (ProductState.DONE, ProductState.FAILED, ProductState.SKIPPED)
# Ready for its turn, or in somebody's hands. What only waits for something else may do so for ever.
IN_WORK = Q(state__in=[ProductState.QUEUED, ProductState.RUNNING]) | Q(state=ProductState.PENDING, reason="")
COMING = (ProductState.PENDING, ProductState.QUEUED, ProductState.RUNNING)
LOOK_AGAIN = timedelta(hours=1)  # events tell of nearly all that is waited for; this finds the rest
LOOK_FOR_BYTES = timedelta(minutes=1)  # nothing tells that bytes were read


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything is there."""

    inputs: list[InputRow]
    parameters: dict[str, Any]
    fingerprint: str


class NotNow(Exception):
    """Something is not there yet; the text says what."""

    def __init__(self, reason: str, *, look_again_at: datetime) -> None:
        super().__init__(reason)
        self.look_again_at = look_again_at


class NotWanted(Exception):
    """It is not made of such inputs; the text says why."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a subject when its products are planned.

    `rows` are its current products; those of the kinds in `waiting` will be made anew once what they wait for is there.
    """

    subject: Subject
    raws: Sequence[Version]
    at: datetime
    rows: dict[ProductKind, Product]
    waiting: set[ProductKind] = field(default_factory=set)

    def not_now(self, reason: str, *, after: timedelta = LOOK_AGAIN) -> NotNow:
        return NotNow(reason, look_again_at=self.at + after)


def the_graph() -> Graph:
    """The steps that the settings name."""
    graph: Graph = import_string(settings.REDUCTION_GRAPH)
    return graph


def readiness(step: Step, now: Situation) -> Ready:
    """What a product is to be made from. Raises NotNow or NotWanted."""
    if step.measured:
        return _readiness_of_night(step, now)
    upstream = [each for need in step.upstream for each in _from_upstream(need, now)]
    _require_settled_raws(now)
    raws = raw_inputs(now.raws) if step.takes_raws else []
    masters = [each for need in step.masters for each in _from_masters(need, now)]
    inputs = [*raws, *masters, *upstream]
    parameters = dict(step.parameters)
    installation = _installation_of(now)
    if step.knows_optics:
        parameters["installation"] = _optics(installation)
    if step.takes_references:
        chosen = _from_library(step, inputs, now)
        inputs += chosen.inputs
        parameters["library_version"] = chosen.library_version
    return Ready(inputs, parameters, fingerprint_of(step, now.subject, inputs, parameters))


def _readiness_of_night(step: Step, now: Situation) -> Ready:
    night = now.subject.night
    kinds = Product.objects.filter(night=night, is_current=True, kind__in=step.waits_for)
    in_work = kinds.filter(IN_WORK).count()
    if in_work:
        raise now.not_now(f"It waits until nothing of its night is in work: {in_work} left.")
    if installation_of_night(night) is None:
        raise now.not_now(f"INSTALLATIONS does not say where {roboao.INSTRUMENT} stood on {night}.")
    inputs = [input_of(each) for each in measured_in(night, step.measured)]
    if not inputs:
        raise NotWanted("Nothing of the kind was measured in this night.")
    parameters = dict(step.parameters)
    return Ready(inputs, parameters, fingerprint_of(step, now.subject, inputs, parameters))


def input_of(measured: Measured) -> InputRow:
    """A measurement as an input: what it says is its content."""
    return {"name": measured.name, "role": "measured", "sha256": sha256_of(measured.values)}


def fingerprint_of(step: Step, subject: Subject, inputs: Sequence[InputRow], parameters: Mapping[str, Any]) -> str:
    """Unique name of what is made of these inputs in this way: SHA-256, hexadecimal."""
    facts = {
        "kind": step.kind,
        "night": subject.night.isoformat(),
        "subject": subject.name,
        "inputs": [[each["name"], each["role"], each["sha256"]] for each in inputs],
        "algorithm": step.algorithm,
        "version": step.version,
        "parameters": parameters,
    }
    return sha256_of(facts)


def sha256_of(facts: object) -> str:
    """SHA-256 of values as JSON writes them, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True, allow_nan=False).encode()).hexdigest()


def raw_inputs(raws: Sequence[Version]) -> list[InputRow]:
    return [
        {
            "name": version.frame.basename + version.extension,
            "role": "raw",
            "sha256": version.object.sha256,
            "object": version.object_id,
        }
        for version in raws
    ]


def values_name(kind: str) -> str:
    """How the values of another product are called among inputs."""
    return f"{kind} values"


def _require_settled_raws(now: Situation) -> None:
    if not now.raws:
        raise now.not_now("It waits for raw files.")
    for version in now.raws:
        stored = version.object
        if stored.fault:
            raise now.not_now(f"{version.frame.basename} is not what was sent ({stored.fault}): send it again.")
        if stored.sha256 is None:
            raise now.not_now(f"Nobody has read the bytes of {version.frame.basename} yet.", after=LOOK_FOR_BYTES)
    complete_at = max(version.created for version in now.raws) + settings.AO_SETTLE_TIME
    if complete_at > now.at:
        raise NotNow(f"More raw files may come until {complete_at:%H:%M:%S} UTC.", look_again_at=complete_at)


def _from_upstream(need: Upstream, now: Situation) -> Iterator[InputRow]:
    row = now.rows.get(need.kind)
    if row is None or row.state not in SETTLED or need.kind in now.waiting:
        raise now.not_now(f"It waits for {need.kind} of {now.subject.name}.")
    if row.state != ProductState.DONE:
        if need.is_required:
            raise NotWanted(f"There is no {need.kind}, which is {row.state}: {row.error or row.reason}")
        return
    found = row.values.get("signal_class")
    if need.classes and found not in need.classes:
        raise NotWanted(f"The signal is {found}: it takes {' or '.join(sorted(need.classes))}.")
    for role in need.roles:
        yield _file_of(row, role=role, called=role)
    yield {
        "name": values_name(need.kind),
        "role": "values",
        "sha256": sha256_of(row.values),
        "product": row.pk,
    }


def _from_library(step: Step, others: Sequence[InputRow], now: Situation) -> References:
    """Images of other stars: those that it was to be made with before, as long as nothing else has changed.

    A library that grows makes nothing anew by itself: staff have it made anew when it is worth that.
    """
    row, observation = now.rows.get(step.kind), now.subject.observation
    if observation is None:
        raise NotWanted("It is made of observations only.")
    kept = None if row is None else references.kept(row, others)
    chosen = kept or references.chosen(observation, strehl_ratio=_strehl_of(step, now))
    if len(chosen.inputs) < FEWEST:
        raise NotWanted(
            f"The PSF library has {len(chosen.inputs)} images of other stars that suit it: {FEWEST} are needed."
        )
    return chosen


def _strehl_of(step: Step, now: Situation) -> float | None:
    rows = (now.rows.get(need.kind) for need in step.upstream)
    return next((row.values["strehl_ratio"] for row in rows if row is not None and "strehl_ratio" in row.values), None)


def _from_masters(need: Master, now: Situation) -> Iterator[InputRow]:
    """The nearest master for each mode or filter of the raw files; of one that is being made right now, a wait."""
    raw_files = {master_names(need.kind, raw): raw for raw in map(_raw_file_of, now.raws)}
    for names, raw in raw_files.items():
        if not names and need.is_required:
            what = "detector mode" if need.kind is ProductKind.DARK else "filter"
            raise now.not_now(f"{raw.frame.basename} does not state its {what}, so no {need.kind} is known to suit it.")
        master = _nearest_master(need.kind, names, now)
        if master is not None:
            yield _file_of(master, role="master", called=need.kind.value)
        elif need.is_required:
            raise now.not_now(f"There is no {names[0]} within {MASTER_REACH.days} nights.")


def _nearest_master(kind: ProductKind, names: Sequence[str], now: Situation) -> Product | None:
    night = now.subject.night
    near = (night - MASTER_REACH, night + MASTER_REACH)
    found = Product.objects.filter(kind=kind, subject__in=names, is_current=True, night__range=near)
    has_file = Exists(ProductFile.objects.filter(product=OuterRef("pk"), role="master"))
    usable = found.filter(Q(state__in=COMING) | Q(has_file, state=ProductState.DONE))
    master = min(usable, key=lambda row: (abs(row.night - night), row.night, names.index(row.subject)), default=None)
    if master is not None and master.state != ProductState.DONE:
        raise now.not_now(f"It waits for {master.subject} of {master.night}.")
    return master


def _file_of(product: Product, *, role: str, called: str) -> InputRow:
    file = ProductFile.objects.select_related("version").filter(product=product, role=role).first()
    if file is None:
        raise NotWanted(f"{product} of {product.night} has no file {role}.")
    stored_id = file.object_id if file.version is None else file.version.object_id
    return {"name": file.filename, "role": called, "sha256": file.sha256, "object": stored_id}


def _raw_file_of(version: Version) -> RawFile:
    raw: RawFile = version.frame.raw_file
    return raw


def installation_of(version: Version) -> Installation | None:
    """What stood at the telescope when a raw file was taken."""
    at = version.frame.raw_file.observed_at
    return installation_at(settings.INSTALLATIONS, instrument_id=version.frame.instrument_id, at=at)


def installation_of_night(night: date) -> Installation | None:
    """What stood at the telescope in the middle of a UTC day."""
    noon = datetime.combine(night, time(12), UTC)
    return installation_at(settings.INSTALLATIONS, instrument_id=roboao.INSTRUMENT, at=noon)


def _installation_of(now: Situation) -> Installation:
    found = installation_of(now.raws[0])
    if found is None:
        frame = now.raws[0].frame
        raise now.not_now(f"INSTALLATIONS does not say where {frame.instrument_id} stood on {now.subject.night}.")
    return found


def _optics(installation: Installation) -> dict[str, Any]:
    return {
        "instrument_id": installation.instrument_id,
        "telescope_id": installation.telescope_id,
        "primary_m": installation.primary_m,
        "obstruction_m": installation.obstruction_m,
        "pixel_scales_arcsec": dict(installation.pixel_scales_arcsec),
    }
