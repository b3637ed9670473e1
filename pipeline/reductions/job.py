"""What a reduction is given and what it gives back: it reads files and values, writes files, and knows no queue.

Each reduction is `def make(job: Job) -> Made`, and `pipeline.graph` names it. What it raises tells what comes next:
NothingToMake skips the product, UsageError fails it at once (its inputs can never pass), TransientError has it tried
again, and anything else is tried again and fails the product when no attempts are left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from archive.enums import ProductKind, SignalClass
from archive.models import Observation
from ingest.headers.installations import Installation


class NothingToMake(Exception):
    """There is nothing to make of these inputs, and nothing is wrong: its text says why."""


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that a product is made from: a file, or the values of another product."""

    name: str  # file name, or "<kind> values" for the values of another product
    sha256: str
    role: str  # "raw", "dark", "flat", "stack" …, "values"
    path: Path | None  # the file on this machine; None for values
    values: Mapping[str, Any] = field(default_factory=dict)  # of that product, or what the rows say of a raw file


@dataclass(frozen=True, slots=True)
class Job:
    """One product to make."""

    kind: ProductKind
    subject: str  # name of the observation; dark_1, flat_Si; base name of a seeing exposure
    night: date  # UTC: whose folder it lies in
    observation: Observation | None  # read only
    installation: Installation  # what stood at the telescope then
    inputs: tuple[Input, ...]
    parameters: Mapping[str, Any]
    algorithm: str
    version: str
    fingerprint: str
    folder: Path  # for files in work and made; removed afterwards


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that was made. FITS files become frames of the archive, others objects beside them."""

    role: str  # stack, stack50, stack10, stack2x, simple_sum, frames, box, legacy, full, cropped, small, fit, master …
    filename: str
    path: Path


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one job. All of it is handed over together, or nothing."""

    files: tuple[MadeFile, ...]
    values: Mapping[str, Any]  # as JSON: into Product.values and product.json
    signal_class: SignalClass | None = None  # of the observation
    strehl: Mapping[str, Any] | None = None  # columns of StrehlMeasurement
    seeing: Mapping[str, Any] | None = None  # columns of SeeingMeasurement
    contrast: Mapping[str, Any] | None = None  # columns of ContrastCurve
    companions: Sequence[Mapping[str, Any]] = ()  # columns of Companion, the brightest first
