"""What the page of an observation shows of one pipeline, and of the files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from archive.domain.measurements import companions_for, contrast_for
from archive.domain.observing import ObservationRow
from archive.domain.products import AT_WORK
from archive.domain.reduced import Reduction, WholeProduct
from archive.enums import ProductKind, ProductState
from archive.models import Observation, Product, ProductFile, Reader
from archive.web.observation.curve import drawing_of
from archive.web.observation.pipelines import FLAG_WORDS, KIND_WORDS, STATE_WORDS, WARNING_WORDS, Pipeline

NEVER_PLANNED = ("not planned", "")
REFERENCE = "reference"  # role of other stars' images among inputs: named by checksum alone
Products = Mapping[str, WholeProduct]  # by kind


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a product. `text` tells those who can not see it what it shows."""

    title: str
    address: str
    filename: str
    text: str
    is_close: bool = False  # it is worth a magnifier


def pictures(found: Products, pipeline: Pipeline) -> list[Picture]:
    """Near the star first, then the whole field, then without the star's light."""
    wanted = [(pipeline.preview, "cropped", "Near the star", True), (pipeline.preview, "full", "Whole field", False)]
    if pipeline.subtracted:
        wanted.append((pipeline.subtracted, "picture", "Before and after the star's light was taken out", False))
    made = [_picture(found.get(kind), role, title, is_close=is_close) for kind, role, title, is_close in wanted]
    return [picture for picture in made if picture is not None]


def _picture(product: WholeProduct | None, role: str, title: str, *, is_close: bool) -> Picture | None:
    file = None if product is None else next((each for each in product.files if each.role == role), None)
    if product is None or file is None:
        return None
    texts = product.product.values.get("texts", {})
    text = str(texts.get(role) or f"{title}: {product.product.subject}")
    return Picture(title, file_address(product.product, file), file.filename, text, is_close=is_close)


def file_address(product: Product, file: ProductFile) -> str:
    """Where a file of an observation's product is downloaded."""
    return reverse("observation-file", args=[product.subject, product.kind, file.role])


def strehl(row: ObservationRow, pipeline: Pipeline) -> dict[str, Any]:
    """The ratio that stands for the stack of a pipeline, with its flag in words; empty where none does."""
    found = next((each.values for each in row.strehls if each.kind == pipeline.strehl), None)
    if found is None:
        return {}
    warnings = [WARNING_WORDS.get(each, each) for each in found["warnings"]]
    percent = {f"{name}_percent": _percent(found[name]) for name in ("strehl_ratio", "strehl_error", "strehl_legacy")}
    return {**found, **percent, "warnings": warnings, "flag_words": FLAG_WORDS.get(found["flag"], "")}


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else 100.0 * ratio


def contrast(observation: Observation, pipeline: Pipeline, reader: Reader, *, at: datetime) -> dict[str, Any]:
    """Limits of contrast with their drawing, and what was found beside the star: two statements."""
    if pipeline.subtracted is None:
        return {}
    of_it = {"observation": observation, "product__kind": pipeline.subtracted}
    companions = list(companions_for(reader, at=at).filter(**of_it).order_by("number"))
    curve = contrast_for(reader, at=at).filter(**of_it).first()
    if curve is None:
        return {"companions": companions}
    columns = (curve.separations_arcsec, curve.delta_mags, curve.throughputs, curve.thresholds)
    return {
        "companions": companions,
        "curve": curve,
        "drawing": drawing_of(curve, companions),
        "limits": list(zip(*columns, strict=True)),
    }


def makings(found: Products, kinds: Sequence[ProductKind], *, by_staff: bool) -> list[dict[str, Any]]:
    """Where the making of each kind stands, also of those that nobody planned yet."""
    return [_making(kind, found.get(kind), by_staff=by_staff) for kind in kinds]


def _making(kind: ProductKind, whole: WholeProduct | None, *, by_staff: bool) -> dict[str, Any]:
    product = None if whole is None else whole.product
    state, colour = NEVER_PLANNED if product is None else STATE_WORDS.get(product.state, (product.state, ""))
    is_forced = product is not None and bool(product.forced_by) and product.state in (ProductState.PENDING, *AT_WORK)
    return {
        "kind": kind.value,
        "label": KIND_WORDS[kind],
        "product": product,
        "state": state,
        "colour": colour,
        "is_forced": is_forced,
        "why": "" if product is None else product.error or product.reason,
        "can_force": by_staff and (product is None or product.state not in AT_WORK),
    }


def files(found: Reduction) -> dict[str, Any]:
    """All files: those of products with what these were made from, and the raw ones."""
    return {
        "products": [_with_files(each) for each in found.products],
        "raws": list(_raws(found)),
        "has_bundle": any(each.files and each.product.state == ProductState.DONE for each in found.products),
    }


def _with_files(whole: WholeProduct) -> dict[str, Any]:
    product = whole.product
    inputs = [each for each in product.inputs if isinstance(each, dict)]
    return {
        "product": product,
        "label": KIND_WORDS.get(product.kind, product.kind),
        "state": STATE_WORDS.get(product.state, (product.state, ""))[0],
        "files": [
            {
                "role": file.role,
                "filename": file.filename,
                "size_bytes": file.size_bytes,
                "sha256": file.sha256,
                "address": file_address(product, file),
                "frame": None if file.version is None else file.version.frame_id,
            }
            for file in whole.files
        ],
        "inputs": [each for each in inputs if each.get("role") != REFERENCE],
        "n_references": sum(each.get("role") == REFERENCE for each in inputs),
        "library_version": product.parameters.get("library_version", ""),
    }


def _raws(found: Reduction) -> Iterator[dict[str, Any]]:
    for raw in found.raw_files:
        version = found.versions.get(raw.frame_id)
        stored = None if version is None else version.object
        yield {
            "frame": raw.frame_id,
            "filename": raw.frame.basename + ("" if version is None else version.extension),
            "detector_mode": raw.detector_mode,
            "size_bytes": None if stored is None else stored.size_bytes,
            "has_bytes": stored is not None and not stored.fault,
        }


def header_sources(found: Sequence[WholeProduct], raw_frames: Sequence[int]) -> dict[str, int]:
    """Frames whose headers can be shown, by what they are."""
    labels = {
        ProductKind.BRIGHT: "Stack of a bright star",
        ProductKind.FAINT: "Stack of a faint star",
        ProductKind.PLANETARY: "Stack of a planet",
    }
    sources = {
        labels[ProductKind(each.product.kind)]: file.version.frame_id
        for each in found
        if each.product.kind in labels
        for file in each.files
        if file.role == "stack" and file.version is not None
    }
    if raw_frames:
        sources["First raw file"] = raw_frames[0]
    return sources
