"""How families of Photon Ranch expire, and what the channels of info images show."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThanOrEqual

from archive.domain import info_images
from archive.domain.expiring import ByRules
from archive.domain.removal import Cause, delete_families
from archive.enums import CountedFrom, ExpiringKind, ExposureKind, ReductionLevel
from archive.models import Exposure, ExposureFile, Frame

NOTHING_KEPT = Q(pk__in=[])


def _files() -> QuerySet[ExposureFile]:
    """Files that were uploaded: thumbnails are the archive's own."""
    return ExposureFile.objects.filter(made_from=None)


def _older(counted_from: CountedFrom, moment: datetime) -> Q:
    if counted_from == CountedFrom.OBSERVATION:
        return Q(observation_date__lte=moment)
    of_family = _files().filter(exposure=OuterRef("pk")).values("exposure")
    newest = Subquery(of_family.annotate(newest=Max("put_at")).values("newest"))
    # A family of which only a header was told has the time of that.
    return Q(LessThanOrEqual(Coalesce(newest, F("sort_date")), moment))


def _began(family: Exposure, counted_from: CountedFrom) -> datetime | None:
    if counted_from == CountedFrom.OBSERVATION:
        return family.observation_date
    newest: datetime | None = _files().filter(exposure=family).aggregate(newest=Max("put_at"))["newest"]
    return newest or family.sort_date


def _nothing(_ids: Sequence[int]) -> None:
    """Families are the first that their writers lock."""


def _families(
    kind: ExpiringKind, stored_as: ExposureKind, hold: Callable[[Sequence[int]], None] = _nothing
) -> ByRules[Exposure]:
    def things() -> QuerySet[Exposure]:
        return Exposure.objects.filter(kind=stored_as)

    def delete(families: Sequence[Exposure], cause: Cause, at: datetime) -> None:
        delete_families(kind, families, cause=cause, at=at)

    return ByRules[Exposure](
        kind=kind,
        things=things,
        name="name",
        columns={name: name for name in ("instrument_id", "site_id", "data_type")},
        older=_older,
        began=_began,
        raw=Q(Exists(Frame.objects.filter(exposure=OuterRef("pk"), reduction_level=ReductionLevel.RAW))),
        kept=lambda: (NOTHING_KEPT, ""),
        hold=hold,
        delete=delete,
    )


FAMILIES = _families(ExpiringKind.FAMILY, ExposureKind.PHOTON_RANCH)
ALL_SKY = _families(ExpiringKind.ALL_SKY, ExposureKind.ALL_SKY)
TEST = _families(ExpiringKind.TEST, ExposureKind.TEST)
INFO_IMAGES = _families(ExpiringKind.INFO_IMAGE, ExposureKind.INFO_IMAGE, info_images.hold_channels_of)
