"""When frames become public, changed by people: each change is told with who made it, and why.

What follows a frame goes with it: products of an observation, files and exposure of MUSE, the family of Photon Ranch.
Rows are locked in the order of all writers: families, exposures of MUSE, frames, observations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from archive.domain import families, muse_links, observations
from archive.enums import EventName, ExposureKind
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Event, Exposure, Frame, FrameQuerySet, MuseExposure, ProductFile, ReleaseChange
from ingest.ao_maps import MUSE_ID

logger = structlog.get_logger(__name__)

MOST_FRAMES = 5_000  # in one change: it is one transaction
BASE = "basename"


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody asks for. `after` is None for never."""

    after: datetime | None
    by: str
    reason: str
    at: datetime
    of_proposal: bool = False

    def __post_init__(self) -> None:
        if not self.by.strip() or not self.reason.strip():
            raise UsageError("say who changes the public date, and why.")


def change_frame(*, frame_id: int, change: Change) -> list[ReleaseChange]:
    """Change one frame's public date and that of all that follows it. Repeated, it changes nothing.

    Raises NotFoundError when there is no such frame, ConflictError when its date follows that of other frames.
    """
    with transaction.atomic():
        found = Frame.objects.filter(pk=frame_id)
        if not found.exists():
            raise NotFoundError("there is no such frame.")
        if not _leading(found).exists():
            raise ConflictError("this frame was made of others, and is public when they are: change those.")
        made = _change([frame_id], change)
        now = Frame.objects.values_list("public_date", flat=True).get(pk=frame_id)
        if now != change.after:
            raise ConflictError("this frame's public date follows that of another frame: change that one.")
    return made


def change_proposal(*, proposal_id: str, change: Change) -> list[ReleaseChange]:
    """Change the public dates of all frames of a programme. Frames that come later have those of their headers.

    Raises NotFoundError when it has no frames, UsageError when these are too many for one transaction.
    """
    if not proposal_id:
        raise UsageError("say which programme.")
    with transaction.atomic():
        of_it = Frame.objects.filter(proposal_id=proposal_id, observation_date__isnull=False)
        if not of_it.exists():
            raise NotFoundError(f"the archive has no frames of {proposal_id[:64]}.")
        changed = Q(public_date=None) if change.after is None else Q(public_date=change.after)
        ids = list(_leading(of_it).exclude(changed).order_by("pk").values_list("pk", flat=True)[: MOST_FRAMES + 1])
        if len(ids) > MOST_FRAMES:
            raise UsageError(f"{proposal_id} has more than {MOST_FRAMES:,} frames: have it done by the archive's host.")
        made = _change(ids, change)
    logger.info("proposal_release_changed", proposal_id=proposal_id, by=change.by, frames=len(made))
    return made


def _leading(frames: FrameQuerySet) -> FrameQuerySet:
    """Those that do not follow others: products of an observation have its date."""
    made = ProductFile.objects.filter(version__frame=OuterRef("pk"), product__observation__isnull=False)
    return frames.exclude(Exists(made))


def _change(ids: Sequence[int], change: Change) -> list[ReleaseChange]:
    of_ids = Frame.objects.filter(pk__any_of=list(ids))
    of_frames = Exposure.objects.exclude(kind=ExposureKind.OCS).filter(frames__any_of=list(ids)).values("pk")
    exposures = list(Exposure.objects.select_for_update(no_key=True).filter(pk__in=of_frames).order_by("name"))
    names = list(of_ids.filter(instrument_id=MUSE_ID).order_by(BASE).values_list(BASE, flat=True))
    if names:
        muse_links.hold_names(*names)
    of_muse = muse_links.lock_exposures_of(names) if names else []
    list(of_ids.order_by(BASE).select_for_update(no_key=True).values_list("pk"))
    of_camera = observations.lock_observations_of(ids)

    may_change = of_ids | Frame.objects.filter(_following(exposures, of_muse, [each.name for each in of_camera]))
    before = _dates(may_change)
    leading = Frame.objects.filter(Q(pk__any_of=list(ids)) | Q(exposure__in=exposures))
    leading.update(public_date=change.after, modified_at=change.at)
    Exposure.objects.filter(pk__in=[each.pk for each in exposures]).update(public_date=change.after)
    for observation in of_camera:
        observations.settle(observation)
    for exposure in of_muse:
        muse_links.settle(exposure, at=change.at)
    made = _written(before, _dates(may_change), set(ids), change)
    told_before = {name for each in of_muse if each.cube_id is not None for name in _fits_of(each)}
    _tell([row for row in made if not (row.follows and row.basename in told_before)], exposures, at=change.at)
    logger.info("release_changed", by=change.by, frames=len(made), after=str(change.after))
    return made


def _following(exposures: Sequence[Exposure], of_muse: Sequence[MuseExposure], observed: Sequence[str]) -> Q:
    """Frames whose dates may change with others."""
    following = Q(exposure__in=exposures)
    following |= Q(basename__in=[name for each in of_muse for name in _fits_of(each)])
    for name in observed:
        following |= Q(basename__startswith=f"{name}_", raw_file=None)
    return following


def _fits_of(exposure: MuseExposure) -> list[str]:
    """Frames of a fit: of those that follow their cube it is told where they do (muse_links)."""
    return [name for kind in muse_links.FITS for name in muse_links.fit_names(exposure, kind)]


def _dates(frames: FrameQuerySet) -> dict[int, Frame]:
    return {frame.pk: frame for frame in frames.distinct().only(BASE, "proposal_id", "public_date")}


def _written(
    before: Mapping[int, Frame], after: Mapping[int, Frame], asked: set[int], change: Change
) -> list[ReleaseChange]:
    """Write who did what to each frame that changed."""
    changed = [(before[pk], frame) for pk, frame in after.items() if before[pk].public_date != frame.public_date]
    return ReleaseChange.objects.bulk_create(
        ReleaseChange(
            frame_id=new.pk,
            basename=new.basename,
            proposal_id=new.proposal_id,
            of_proposal=change.of_proposal,
            follows=new.pk not in asked,
            before=old.public_date,
            after=new.public_date,
            changed_by=change.by.strip(),
            reason=change.reason.strip(),
            changed_at=change.at,
        )
        for old, new in changed
    )


def _tell(rows: Sequence[ReleaseChange], exposures: Sequence[Exposure], *, at: datetime) -> None:
    """Report each of these frames, and the families."""
    Event.objects.bulk_create(
        Event(name=EventName.FRAME_UPDATED, frame_id=row.frame_id, body={"frameid": row.frame_id}, created_at=at)
        for row in rows
    )
    for exposure in exposures:
        exposure.refresh_from_db()
        families.record_update(exposure, at=at)
