"""Families as they are shown, read in a few statements however many they are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform

from archive.domain.order import Order, Term
from archive.enums import ExposureKind, FileRole
from archive.errors import ConflictError, NotFoundError
from archive.models import Exposure, ExposureFile, ExposureQuerySet, Reader
from archive.models.readers import may_see, may_see_named
from ingest.family_names import DIRECTORY_OF_KIND, LARGE_LEVELS, MEDIUM_LEVELS, THUMBNAIL_LEVEL, is_base

NEWEST_FIRST: Order = (Term("sort_date", descending=True), Term("id", descending=True))
COLUMNS = (
    "id",
    "kind",
    "site_id",
    "name",
    "night",
    "instrument_id",
    "data_type",
    "observation_date",
    "sort_date",
    "ra_deg",
    "dec_deg",
    "altitude_deg",
    "azimuth_deg",
    "airmass",
    "exposure_time",
    "primary_optical_element",
    "username",
    "user_id",
    "fits_01_exists",
    "fits_10_exists",
    "jpg_medium_exists",
    "jpg_small_exists",
)
# Of the header only these are shown in lists.
HEADER_KEYS = {
    "original_name": "ORIGNAME",
    "stack": "SMARTSTK",
    "number_in_stack": "SSTKNUM",
    "site_key": "SITEID",
    "instrument_key": "INSTRUME",
    "night_key": "DAY-OBS",
}


@dataclass(slots=True)
class FamilyRow:
    """One family: the values of COLUMNS and HEADER_KEYS, and those of its current files that the reader may see."""

    values: dict[str, Any]
    files: list[ExposureFile] = field(default_factory=list)

    @property
    def medium_picture(self) -> ExposureFile | None:
        """Level 10 comes before 13."""
        found = [file for file in self.files if file.role == FileRole.PICTURE and file.level in MEDIUM_LEVELS]
        return min(found, key=_by_level, default=None)

    @property
    def small_picture(self) -> ExposureFile | None:
        """What the archive made of the medium picture, else what the site sent."""
        medium = self.medium_picture
        made = [file for file in self.files if medium is not None and file.made_from_id == medium.pk]
        sent = [file for file in self.files if file.role == FileRole.PICTURE and file.level == THUMBNAIL_LEVEL]
        return next(iter(made), None) or min(sent, key=_by_level, default=None)

    @property
    def large_fits(self) -> ExposureFile | None:
        return self._fits(LARGE_LEVELS)

    @property
    def small_fits(self) -> ExposureFile | None:
        return self._fits(MEDIUM_LEVELS)

    def _fits(self, levels: frozenset[int]) -> ExposureFile | None:
        """The most reduced of the large ones, else the first of the levels; what is packed as FITS itself is best."""
        found = [file for file in self.files if file.role == FileRole.FITS and file.level in levels]
        if levels is LARGE_LEVELS:
            return max(found, key=lambda file: (file.level, file.extension == ".fits.fz", file.extension), default=None)
        return max(found, key=lambda file: (-file.level, file.extension == ".fits.fz", file.extension), default=None)


def _by_level(file: ExposureFile) -> tuple[int, str]:
    return file.level, file.data_type


def families_for(user: Reader, *, kind: ExposureKind, at: datetime) -> ExposureQuerySet:
    """Families of a kind that `user` may see and that have something to show, newest first."""
    seen = Exposure.objects.filter(kind=kind, sort_date__isnull=False).visible_to(user, at=at)
    return seen.order_by(*(term.sql() for term in NEWEST_FIRST))


def without_intermediates(families: ExposureQuerySet) -> ExposureQuerySet:
    """Leave out frames of a smart stack after which a later one is among `families`.

    A later one without a picture does not stand in for one that has it.
    """
    later = families.order_by().filter(
        Q(stack_number__gt=OuterRef("stack_number")) | Q(stack_number=OuterRef("stack_number"), pk__gt=OuterRef("pk")),
        kind=OuterRef("kind"),
        site_id=OuterRef("site_id"),
        stack_name=OuterRef("stack_name"),
        jpg_medium_exists__gte=OuterRef("jpg_medium_exists"),
    )
    return families.filter(Q(stack_name="") | ~Exists(later))


def family_named(base: str, user: Reader, *, kind: ExposureKind | None, at: datetime) -> Exposure:
    """The family of this base name; `kind` is needed only where several kinds have one.

    Raises NotFoundError when there is none that `user` may see, ConflictError when there are several.
    """
    site_id = base.split("-", 1)[0]
    found = Exposure.objects.none()
    if is_base(base):
        found = Exposure.objects.filter(kind=kind) if kind else Exposure.objects.filter(kind__in=DIRECTORY_OF_KIND)
    rows = list(found.filter(site_id=site_id, name=base).visible_to(user, at=at).defer("header"))
    if not rows:
        raise NotFoundError(f"There is no family {base[:200]!r}: check its name.")
    if len(rows) > 1:
        data = [row for row in rows if row.kind == ExposureKind.PHOTON_RANCH]
        if data:
            return data[0]
        where = ", ".join(sorted(DIRECTORY_OF_KIND[ExposureKind(row.kind)] for row in rows))
        raise ConflictError(f"{base} is in several folders: give s3_directory, one of {where}.")
    return rows[0]


def rows_of(ids: Sequence[int], user: Reader, *, at: datetime) -> list[FamilyRow]:
    """Families in the order of `ids`; those that `user` may not see, or that have gone meanwhile, are left out."""
    keys = {name: KeyTextTransform(key, "header") for name, key in HEADER_KEYS.items()}
    seen = Exposure.objects.filter(pk__in=ids).visible_to(user, at=at).annotate(**keys)
    found = {values["id"]: FamilyRow(values) for values in seen.values(*COLUMNS, *HEADER_KEYS)}
    for file in files_for(user, at=at).filter(exposure__in=found):
        found[file.exposure_id].files.append(file)
    return [found[number] for number in ids if number in found]


def files_for(user: Reader, *, at: datetime) -> Any:
    """Current files that `user` may see, but for the visibility of their family: a frame has its own."""
    shown = may_see_named(user, at=at, prefix="frame__")
    return ExposureFile.objects.filter(shown, is_current=True).select_related("object").order_by("pk")


def newest_pictures(user: Reader, *, at: datetime) -> list[ExposureFile]:
    """The medium picture of the newest family of each site that has one: by one statement."""
    seen = may_see(user, at=at, prefix="exposure__")
    pictures = ExposureFile.objects.filter(
        seen,
        is_current=True,
        role=FileRole.PICTURE,
        level__in=MEDIUM_LEVELS,
        exposure__kind=ExposureKind.PHOTON_RANCH,
        exposure__sort_date__isnull=False,
    )
    ordered = pictures.order_by("exposure__site_id", F("exposure__sort_date").desc(), "-exposure_id", "level")
    return list(ordered.distinct("exposure__site_id").select_related("object", "exposure").defer("exposure__header"))
