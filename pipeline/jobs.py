"""From a product's row to the job that its reduction is given: inputs as files, what stood at the telescope."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from archive.domain import access
from archive.enums import ProductKind
from archive.errors import FatalError
from archive.models import Product, StoredObject, Version
from ingest.checksums import Digester
from pipeline.measured import measured_in
from pipeline.needs import input_of, installation_of, installation_of_night, sha256_of, the_graph
from pipeline.reductions.job import Input, Job
from pipeline.references import InputRow
from pipeline.subjects import raw_versions_of, subject_of_product


class InputsChanged(Exception):
    """What the product was to be made from is not there any more: it is to be planned anew."""


def job_of(product: Product, *, folder: Path) -> Job:
    """Bring a product's inputs into a folder.

    Raises InputsChanged; TransientError when the store is away, FatalError when it gives other bytes than it took.
    """
    subject = subject_of_product(product)
    raws = raw_versions_of(subject)
    if subject.is_night:
        installation = installation_of_night(subject.night)
    else:
        installation = installation_of(raws[0]) if raws else None
    if installation is None:
        raise InputsChanged("Its raw files are gone, or INSTALLATIONS does not know their instrument any more.")
    return Job(
        kind=ProductKind(product.kind),
        subject=product.subject,
        night=product.night,
        observation=product.observation,
        installation=installation,
        inputs=_measured(product) if subject.is_night else tuple(_inputs_of(product.inputs, raws, folder=folder)),
        parameters=product.parameters,
        algorithm=product.algorithm,
        version=product.version,
        fingerprint=product.fingerprint,
        folder=folder,
    )


def _inputs_of(rows: Sequence[InputRow], raws: Sequence[Version], *, folder: Path) -> Iterator[Input]:
    objects = StoredObject.objects.in_bulk([row["object"] for row in rows if "object" in row])
    facts = {version.object_id: _facts_of(version) for version in raws}
    for row in rows:
        if "product" in row:
            yield _values(row)
        elif row["object"] in objects:
            path = _brought(objects[row["object"]], row, folder=folder)
            yield Input(row["name"], row["sha256"], row["role"], path, facts.get(row["object"], {}))
        else:
            raise InputsChanged(f"{row['name']} is gone.")


def _measured(product: Product) -> tuple[Input, ...]:
    """What the night's products measured, if it is what the product is to show."""
    kind = ProductKind(product.kind)
    found = measured_in(product.night, the_graph()[kind].measured)
    rows = [input_of(each) for each in found]
    if rows != product.inputs:
        raise InputsChanged("Other things were measured in this night by now.")
    return tuple(Input(**row, path=None, values=each.values) for row, each in zip(rows, found, strict=True))


def _values(row: InputRow) -> Input:
    found = Product.objects.filter(pk=row["product"]).first()
    if found is None or sha256_of(found.values) != row["sha256"]:
        raise InputsChanged(f"The {row['name']} are others by now.")
    return Input(row["name"], row["sha256"], row["role"], path=None, values=found.values)


def _brought(stored: StoredObject, row: InputRow, *, folder: Path) -> Path:
    """Copy bytes out of the store, and make sure that they are those the product is to be made from."""
    path = folder / "inputs" / str(row["role"]) / str(row["name"])
    path.parent.mkdir(parents=True, exist_ok=True)
    digester = Digester()
    with path.open("wb") as target:
        for block in access.stream_of(stored):
            digester.update(block)
            target.write(block)
    if digester.digest().sha256 != row["sha256"]:
        raise FatalError(f"{row['name']} has other bytes in the store than it had when it came: restore it.")
    return path


def _facts_of(version: Version) -> Mapping[str, Any]:
    """What the rows say of a raw file."""
    raw = version.frame.raw_file
    return {
        "file_number": raw.file_number,
        "observed_at": raw.observed_at.isoformat(),
        "camera": raw.camera,
        "primary_optical_element": raw.primary_optical_element,
        "detector_mode": raw.detector_mode,
        "exposure_time": version.frame.exposure_time,
    }
