"""Images of other stars for a star's light to be taken out by: which members of the PSF library suit an observation.

References may belong to other programmes. Products name them by checksum alone, so that nobody reads in a product
what others have observed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery

from archive.domain.psf_candidates import COMPANION, standing
from archive.domain.psf_library import Shelf, in_library, name_of, same_star
from archive.enums import ProductKind
from archive.models import Companion, Observation, Product, StoredObject, StrehlMeasurement

# As it stands in Product.inputs: name, role, sha256; and where it is, "object" or "product" by id.
InputRow = dict[str, Any]

ROLE = "reference"
OF_SAME = Q(observation=OuterRef("observation"))  # as a member of the library
MOST_CANDIDATES = 60  # that are read and compared pixel by pixel: the most alike of them are used
# What counts as far in the one as in the other: images differ by the air's state, and by the optics, which drift.
FAR_IN_STREHL = 0.05
FAR_IN_TIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class References:
    """Inputs of a product, and the version of the library that they are of."""

    inputs: list[InputRow]
    library_version: str


def kept(row: Product, others: Sequence[InputRow]) -> References | None:
    """What a product was to be made with before; None if its other inputs have changed, or some image is gone."""
    before = [each for each in row.inputs if each["role"] == ROLE]
    if not before or _facts([each for each in row.inputs if each["role"] != ROLE]) != _facts(others):
        return None
    objects = {each["object"] for each in before}
    if StoredObject.objects.filter(pk__in=objects, fault="").count() != len(objects):
        return None
    return References(before, row.parameters["library_version"])


def chosen(observation: Observation, *, strehl_ratio: float | None) -> References:
    """The members of the library now that are most like an observation by Strehl ratio and time, the nearest first.

    They are of its telescope, camera and filter. Its own target is none of them, by name or by place, whenever it was
    observed, nor are stars beside which a companion was found.
    """
    shelf = Shelf.of(observation)
    members = in_library(shelf).exclude(same_star(observation)).exclude(_has_companion())
    rows = members.annotate(strehl_ratio=_strehl_ratio()).values_list(
        "sha256", "version__object_id", "strehl_ratio", "observation__night"
    )
    in_order = sorted(
        rows, key=lambda row: (_distance(row[2], row[3], strehl_ratio=strehl_ratio, night=observation.night), row[0])
    )
    inputs = [
        {"name": f"psf_{sha256[:16]}.fits", "role": ROLE, "sha256": sha256, "object": object_id}
        for sha256, object_id, *_ in in_order[:MOST_CANDIDATES]
    ]
    return References(inputs, name_of(shelf))


def _facts(inputs: Sequence[InputRow]) -> list[tuple[str, str, str]]:
    return [(each["name"], each["role"], each["sha256"]) for each in inputs]


def _distance(found: float | None, on: date, *, strehl_ratio: float | None, night: date) -> float:
    """How unlike two images are likely to be; 1 for a difference of the air or the time that counts as far."""
    in_air = 1.0 if found is None or strehl_ratio is None else abs(found - strehl_ratio) / FAR_IN_STREHL
    return in_air + abs(on - night) / FAR_IN_TIME


def _strehl_ratio() -> Subquery:
    measured = StrehlMeasurement.objects.filter(OF_SAME, **standing(ProductKind.BRIGHT_STREHL))
    return Subquery(measured.values("strehl_ratio")[:1])


def _has_companion() -> Q:
    """Whether a companion was found beside a member, or its image looks as if it had one."""
    found = Companion.objects.filter(OF_SAME, **standing(ProductKind.BRIGHT_PCA))
    measured = StrehlMeasurement.objects.filter(OF_SAME, **standing(ProductKind.BRIGHT_STREHL))
    return Exists(found) | Q(Exists(measured.filter(warnings__contains=[COMPANION])))
