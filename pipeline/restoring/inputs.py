"""Where the inputs of restored products lie: rows tell them by name and checksum, jobs need them by id."""

from collections.abc import Iterable

from archive.models import Product, ProductFile, PsfMember, Version
from ingest.names import split_name
from pipeline.needs import sha256_of, values_name
from pipeline.references import ROLE, InputRow

UNKNOWN = 0  # id of no row: whoever is to make the product anew plans it first


def find_inputs(products: Iterable[Product]) -> None:
    """Let the inputs of these products say where they are."""
    for product in products:
        references = _references_of(product)
        inputs = [_found(product, row, references) for row in product.inputs]
        if inputs != product.inputs:
            Product.objects.filter(pk=product.pk).update(inputs=inputs)


def _references_of(product: Product) -> dict[str, int]:
    """Images of the PSF library that it names, which it does by checksum: where their bytes are."""
    named = [row["sha256"] for row in product.inputs if row["role"] == ROLE]
    return dict(PsfMember.objects.filter(sha256__in=named).values_list("sha256", "version__object_id")) if named else {}


def _found(product: Product, row: InputRow, references: dict[str, int]) -> InputRow:
    told = {key: row[key] for key in ("name", "role", "sha256")}
    if row["role"] == "measured":
        return told  # which is found by its name alone
    if row["role"] == "values":
        return {**told, "product": _product_of(product, row)}
    if row["role"] == ROLE:
        return {**told, "object": references.get(row["sha256"], UNKNOWN)}
    return {**told, "object": _object_of(product, row)}


def _product_of(product: Product, row: InputRow) -> int:
    others = Product.objects.filter(night=product.night, subject=product.subject).order_by("-is_current", "-pk")
    of_kind = (each for each in others if values_name(each.kind) == row["name"])
    return next((each.pk for each in of_kind if sha256_of(each.values) == row["sha256"]), UNKNOWN)


def _object_of(product: Product, row: InputRow) -> int:
    basename = split_name(row["name"])[0]
    version = Version.objects.filter(frame__basename=basename, object__sha256=row["sha256"]).first()
    if version is not None:
        return version.object_id
    of_subject = ProductFile.objects.filter(product__subject=product.subject, product__night=product.night)
    file = of_subject.filter(filename=row["name"], sha256=row["sha256"], object__isnull=False).first()
    return file.object_id if file is not None and file.object_id is not None else UNKNOWN
