"""Stars that could be in the PSF library, and those that are: as people look at them who choose."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, QuerySet, Subquery

from archive.domain.psf_library import IMAGE
from archive.enums import ProductKind, ProductState
from archive.errors import NotFoundError
from archive.models import (
    Companion,
    Product,
    ProductFile,
    ProductQuerySet,
    PsfLibraryVersion,
    PsfMember,
    Reader,
    StrehlMeasurement,
)

COMPANION = "companion"  # the warning of the Strehl ratio


@dataclass(frozen=True, slots=True)
class Candidate:
    """A star that was cut out.

    Attributes
    ----------
    member : its place in the library; None: it is not in it.
    files : by role, those that the reader may have.
    strehl : of its stack; None where none stands.
    companion_count : what was found beside it: such a star should not be in the library.
    """

    product: Product
    member: PsfMember | None
    files: Mapping[str, ProductFile]
    strehl: StrehlMeasurement | None
    companion_count: int

    @property
    def has_company(self) -> bool:
        """Whether a companion was found, or its image looks as if it had one."""
        return bool(self.companion_count) or (self.strehl is not None and COMPANION in self.strehl.warnings)

    @property
    def standing(self) -> str:
        """In words, as people read it."""
        if self.member is None:
            return "not in the library"
        return "in the library, outdated" if self.is_outdated else "in the library"

    @property
    def is_outdated(self) -> bool:
        """Whether the library holds another image of it than the one that was made last."""
        image = self.files.get(IMAGE)
        return self.member is not None and image is not None and image.sha256 != self.member.sha256


def candidates_for(reader: Reader, *, at: datetime) -> ProductQuerySet:
    """Every star that was cut out and that `reader` may see, newest first, as `every_candidate` has them."""
    return every_candidate().visible_to(reader, at=at)


def every_candidate() -> ProductQuerySet:
    """Every star that was cut out, newest first, whoever may see it.

    `image_sha256` is that of its image, `member_sha256` of the one in the library; null: it is not in it.
    """
    made = Product.objects.filter(kind=ProductKind.BRIGHT_PSF, state=ProductState.DONE, is_current=True)
    images = ProductFile.objects.filter(product=OuterRef("pk"), role=IMAGE)
    members = PsfMember.objects.filter(observation=OuterRef("observation"), removed_at=None)
    return made.annotate(
        image_sha256=Subquery(images.values("sha256")[:1]), member_sha256=Subquery(members.values("sha256")[:1])
    ).order_by("-observation__observed_at", "-pk")


def candidates_of(products: Sequence[Product], files_seen: QuerySet[ProductFile] | None = None) -> list[Candidate]:
    """Candidates of products, in their order, with the files among `files_seen`: four statements however many.

    Whether their reader may see the products is for the caller to ask.
    """
    of_them = {"observation__in": [product.observation_id for product in products]}
    members = {each.observation_id: each for each in PsfMember.objects.filter(**of_them, removed_at=None)}
    files: dict[int, dict[str, ProductFile]] = {product.pk: {} for product in products}
    seen = ProductFile.objects.all() if files_seen is None else files_seen
    for file in seen.filter(product__any_of=files):
        files[file.product_id][file.role] = file
    measured = StrehlMeasurement.objects.filter(**of_them, **standing(ProductKind.BRIGHT_STREHL))
    strehls = {each.observation_id: each for each in measured}
    found = Companion.objects.filter(**of_them, **standing(ProductKind.BRIGHT_PCA))
    companions = Counter(found.values_list("observation", flat=True))
    return [
        Candidate(product, members.get(key), files[product.pk], strehls.get(key), companions[key])
        for product, key in ((product, product.observation_id or 0) for product in products)
    ]


def memberships_of(product: Product) -> QuerySet[PsfMember]:
    """When the star of a candidate was in the library, newest first."""
    return PsfMember.objects.filter(observation=product.observation_id)


def version_named(sha256: str, reader: Reader, *, at: datetime) -> tuple[PsfLibraryVersion, Mapping[str, str]]:
    """A version of the library, and of those of its images that `reader` may see the observations' names.

    Raises NotFoundError when there is none of this name.
    """
    version = PsfLibraryVersion.objects.filter(pk=sha256).first() if sha256.isalnum() else None
    if version is None:
        raise NotFoundError("the PSF library has no such version.")
    seen = PsfMember.objects.visible_to(reader, at=at).filter(sha256__in=version.members)
    return version, dict(seen.values_list("sha256", "observation__name"))


def standing(kind: ProductKind) -> dict[str, object]:
    """What was measured by the current product of a kind."""
    return {"product__kind": kind, "product__is_current": True}
