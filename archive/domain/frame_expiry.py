"""How frames expire."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, Q

from archive.domain.expiring import ByRules
from archive.domain.removal import Cause, delete_frames
from archive.enums import CountedFrom, ExpiringKind, ReductionLevel
from archive.models import Frame, FrameQuerySet, Version

GUIDE = "GUIDE"


def _things() -> FrameQuerySet:
    # Both values of is_public are named so that the indexes which begin with it serve.
    return Frame.objects.listed().filter(is_public__in=[True, False])


def _older(counted_from: CountedFrom, moment: datetime) -> Q:
    if counted_from == CountedFrom.OBSERVATION:
        return Q(observation_date__lte=moment)
    return Q(~Exists(Version.objects.filter(frame=OuterRef("pk"), created__gt=moment)))


def _began(frame: Frame, counted_from: CountedFrom) -> datetime | None:
    if counted_from == CountedFrom.OBSERVATION:
        return frame.observation_date
    newest: datetime | None = frame.versions.aggregate(newest=Max("created"))["newest"]
    return newest


def _kept() -> tuple[Q, str]:
    cameras = settings.GUIDE_CAMERAS_TO_PERSIST
    return (
        Q(configuration_type=GUIDE, instrument_id__in=cameras),
        "It stays: GUIDE_CAMERAS_TO_PERSIST names its camera.",
    )


def _delete(frames: Sequence[Frame], cause: Cause, at: datetime) -> None:
    delete_frames(frames, cause=cause, at=at)


FRAMES = ByRules[Frame](
    kind=ExpiringKind.FRAME,
    things=_things,
    name="basename",
    columns={name: name for name in ("instrument_id", "site_id", "configuration_type")},
    older=_older,
    began=_began,
    raw=Q(reduction_level=ReductionLevel.RAW),
    kept=_kept,
    delete=_delete,
)
