"""MUSE's targets and exposures as readers see them."""

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from archive.errors import NotFoundError
from archive.models import Frame, MuseExposure, MuseExposureQuerySet, MuseFit, MuseRaw, MuseTarget, Reader, is_staff


def exposures_for(reader: Reader, *, at: datetime) -> MuseExposureQuerySet:
    """Every exposure that `reader` may see, with its target."""
    return MuseExposure.objects.visible_to(reader, at=at).select_related("target")


def exposure_named(name: str, reader: Reader, *, at: datetime) -> MuseExposure:
    """The exposure of this name, or of this number. Raises NotFoundError when there is none that `reader` may see."""
    seen = exposures_for(reader, at=at)
    found = None if "\0" in name else seen.filter(name=name).first()
    if found is None and name.isascii() and name.isdigit() and len(name) < 19:
        found = seen.filter(pk=int(name)).first()
    if found is None:
        raise NotFoundError("there is no such exposure.")
    return found


def exposures_with(frame: Frame, reader: Reader, *, at: datetime) -> MuseExposureQuerySet:
    """Exposures that `reader` may see and of which a frame is a raw file, the cube or a fit, by name."""
    # Four looks into an index: with OR the database would join every exposure.
    ids = MuseExposure.objects.filter(cube=frame).order_by().values("pk")
    others = (
        MuseRaw.objects.filter(frame=frame),
        MuseFit.objects.filter(prm__version__frame=frame),
        MuseFit.objects.filter(psf__version__frame=frame),
    )
    ids = ids.union(*(each.order_by().values("exposure") for each in others))
    return MuseExposure.objects.visible_to(reader, at=at).filter(pk__in=ids).order_by("name")


def targets_for(reader: Reader, *, at: datetime) -> QuerySet[MuseTarget]:
    """Targets of which `reader` may see an exposure, for staff all, each with how many of them: `exposure_count`."""
    visible = MuseExposure.objects.visible_to(reader, at=at)
    counted = Count("exposures", filter=Q(exposures__in=visible))
    targets = MuseTarget.objects.annotate(exposure_count=counted).prefetch_related("names").order_by("name")
    return targets if is_staff(reader) else targets.filter(exposure_count__gt=0)


def target_of(target_id: int, reader: Reader, *, at: datetime) -> MuseTarget:
    """The target of this number. Raises NotFoundError when there is none that `reader` may know of."""
    found = targets_for(reader, at=at).filter(pk=target_id).first()
    if found is None:
        raise NotFoundError("there is no such target.")
    return found
