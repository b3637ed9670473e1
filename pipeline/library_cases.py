"""A star of the archive and the images of the PSF library by which its light was taken out, to be worked with again."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from archive.domain import access
from archive.enums import ProductKind, ProductState
from archive.errors import NotFoundError
from archive.models import Product, StoredObject
from pipeline.injections import Case, Floats, read_image
from pipeline.work_folder import work_folder

REFERENCE = "reference"  # role among a subtraction's inputs
IMAGE = "psf"  # role of a star's image


def case_of_observation(name: str) -> Case:
    """The star of an observation, as it was cut out, and the references that its PSF subtraction was given.

    Raises NotFoundError when there is no such subtraction, or bytes of it are gone.
    """
    cut = _current(name, ProductKind.BRIGHT_PSF, "its star has not been cut out")
    subtraction = _current(name, ProductKind.BRIGHT_PCA, "its star's light has not been taken out")
    image = cut.files.filter(role=IMAGE).first()
    wanted = [str(row["sha256"]) for row in subtraction.inputs if row.get("role") == REFERENCE]
    if image is None or not wanted:
        raise NotFoundError(f"of {name} there is no image beside the PSF library.")
    with work_folder() as folder:
        star, *references = _images_of([image.sha256, *wanted], folder=folder)
    scale_arcsec = float(cut.values["scale_arcsec"])
    return Case(star, np.array(references), float(cut.values["fwhm_arcsec"]) / scale_arcsec, scale_arcsec)


def _current(name: str, kind: ProductKind, lacking: str) -> Product:
    products = Product.objects.filter(observation__name=name, kind=kind, is_current=True, state=ProductState.DONE)
    found = products.first()
    if found is None:
        raise NotFoundError(f"there is no observation {name}, or {lacking}: look at `manage.py reductions`.")
    return found


def _images_of(checksums: Collection[str], *, folder: Path) -> list[Floats]:
    """Images of these SHA-256, in their order."""
    held = {each.sha256: each for each in StoredObject.objects.filter(sha256__in=checksums, fault="")}
    images = []
    for sha256 in checksums:
        if sha256 not in held:
            raise NotFoundError(f"the bytes of an image of the PSF library ({sha256[:12]}…) are gone: restore them.")
        path = folder / f"{sha256}.fits"
        with path.open("wb") as target:
            target.writelines(access.stream_of(held[sha256]))
        images.append(read_image(path)[0])
    return images
