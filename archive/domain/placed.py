"""Files of products at their places in the tree of the original archive: in bundles, scripts and exports alike."""

from dataclasses import dataclass
from datetime import datetime

from archive.domain.reduced import bytes_of, files_for
from archive.enums import ProductState
from archive.models import ProductFile, ProductQuerySet, Reader
from ingest.stores.keys import OF_CALIBRATIONS, OF_NIGHTS, PLOTS_OF_NIGHTS, check_path, tree_folder


@dataclass(frozen=True, slots=True)
class Found:
    """Files that a reader may have, and how many were left out because they are known to be damaged."""

    files: list[ProductFile]
    n_damaged: int


def place_of(file: ProductFile) -> str:
    """Where a file stands in the tree. Products of a night share a folder: theirs are called by subject or kind.

    Raises UsageError for names that would leave it, or that no system takes.
    """
    product, name = file.product, file.filename
    folder = tree_folder(product.night, product.subject, product.kind)
    if product.kind in OF_CALIBRATIONS | set(OF_NIGHTS):
        folder = folder[:-1]
        if file.role == "master":
            name = f"{product.subject}.fits"
        elif file.role == "product":
            name = f"{product.subject}.json"
    elif product.kind.startswith(PLOTS_OF_NIGHTS) and file.role == "product":
        name = f"{product.kind}.json"
    for part in (*folder, name):
        check_path(part)
    path = "/".join((*folder, name))
    check_path(path)
    return path


def files_of(products: ProductQuerySet, reader: Reader, *, at: datetime) -> Found:
    """Files of those of visible products that are current and done, in the order of their places: one statement."""
    done = products.filter(is_current=True, state=ProductState.DONE).values("pk")
    rows = files_for(reader, at=at).filter(product__in=done).select_related("product__observation")
    good = [file for file in rows if not bytes_of(file).fault]
    return Found(sorted(good, key=place_of), len(rows) - len(good))
