"""What people do with MUSE's exposures and targets by hand: make, change, move, delete, wipe.

Deleting takes rows and links. Frames and their bytes stay, unless it is said that they go too.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BigIntegerField, FloatField, Q

from archive.domain import muse_links, muse_targets
from archive.domain.muse_links import FITS, fit_names
from archive.domain.refusals import plain_refusals
from archive.domain.removal import by_hand, delete_frames
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import Frame, FrameQuerySet, MuseExposure, MuseRaw, MuseTarget
from ingest.ao_maps import MUSE_ID
from ingest.names import check_name, parted

logger = structlog.get_logger(__name__)

# Columns that a person may set; a value of the files counts again when the person's is taken back.
SCALARS = (
    "seeing_arcsec",
    "airmass",
    "seeing_los_arcsec",
    "tau0_s",
    "ground_layer_fraction",
    "guide_star_flux",
    "is_tip_tilt_closed",
    "is_degraded",
    "strehl_1",
    "strehl_2",
    "strehl_3",
    "strehl_4",
)
CHANGEABLE = ("observed_at", "ins_mode", "obs_id", *muse_links.WHO, *SCALARS)
AS_TEXT = frozenset({"observed_at", "public_date"})  # columns that JSON has no kind for
MOST_FRAMES_AT_ONCE = 500
LONGEST_NAME = 190  # what its files are called has room in names of frames


@dataclass(frozen=True, slots=True)
class Gone:
    """How much was deleted."""

    n_targets: int = 0
    n_exposures: int = 0
    n_frames: int = 0


def create(
    *, name: str, by: str, at: datetime, target: str = "", values: Mapping[str, Any] | None = None, comment: str = ""
) -> MuseExposure:
    """Make an exposure whose files are yet to come, if they come at all.

    Raises UsageError for a name or a value that can not be, ConflictError when there is one of this name.
    """
    check_name(name)
    if len(name) > LONGEST_NAME or parted(f"{name}.fits") != (name, ".fits"):
        raise UsageError(f"{name[:40]} can be no exposure's name: give up to {LONGEST_NAME} letters without a dot.")
    with transaction.atomic(), plain_refusals():
        muse_links.hold_names(name)
        if MuseExposure.objects.filter(name=name).exists():
            raise ConflictError(f"there is an exposure {name} already: change that one.")
        made = MuseExposure.objects.create(name=name, created_by=by, comment=comment, said=_said({}, values or {}))
        if target:
            _set_target(made, target)
        muse_links.settle(made, at=at)
    logger.info("muse_exposure_made", exposure=name, by=by)
    return made


def change(
    exposure: MuseExposure, values: Mapping[str, Any], *, by: str, at: datetime, comment: str | None = None
) -> MuseExposure:
    """Set columns of an exposure by hand; null takes back what was set. Raises UsageError, NotFoundError."""
    with transaction.atomic(), plain_refusals():
        row = _locked(exposure)
        row.said = _said(row.said, values)
        row.comment = row.comment if comment is None else comment
        muse_links.settle(row, at=at)
    logger.info("muse_exposure_changed", exposure=row.name, by=by, changed=sorted(values))
    return row


def move(exposure: MuseExposure, target: str | None, *, by: str, at: datetime) -> MuseExposure:
    """Move an exposure to the target of this name, made if there is none; None: to the one that its header names."""
    with transaction.atomic(), plain_refusals():
        row = _locked(exposure)
        if target is None:
            row.said.pop("target", None)
        else:
            _set_target(row, target)
        muse_links.settle(row, at=at)
    logger.info("muse_exposure_moved", exposure=row.name, by=by, target=target)
    return row


def delete_exposures(exposures: Sequence[MuseExposure], *, with_files: bool, by: str, at: datetime) -> Gone:
    """Delete exposures; with files those frames too that belong to no other exposure."""
    with transaction.atomic():
        names = [exposure.name for exposure in exposures]
        locked = list(MuseExposure.objects.select_for_update().filter(name__in=names).order_by("name"))
        frames = _own_frames(locked) if with_files else Frame.objects.none()
        found = list(frames.select_for_update().order_by("basename"))
        MuseExposure.objects.filter(pk__in=[row.pk for row in locked]).delete()
        if found:
            delete_frames(found, cause=by_hand(by), at=at)
    logger.info("muse_exposures_deleted", n_exposures=len(locked), n_frames=len(found), by=by)
    return Gone(n_exposures=len(locked), n_frames=len(found))


def delete_target(target: MuseTarget, *, with_files: bool, by: str, at: datetime) -> Gone:
    """Delete a target with its exposures."""
    with transaction.atomic():
        gone = delete_exposures(list(target.exposures.all()), with_files=with_files, by=by, at=at)
        MuseTarget.objects.filter(pk=target.pk).delete()
    logger.info("muse_target_deleted", target=target.name, by=by)
    return Gone(1, gone.n_exposures, gone.n_frames)


def wipe(*, with_files: bool, by: str, at: datetime) -> Gone:
    """Delete every target and exposure; with files every frame of MUSE that the archive has read, a few at a time."""
    with transaction.atomic():
        gone = delete_exposures(list(MuseExposure.objects.all()), with_files=False, by=by, at=at)
        n_targets = MuseTarget.objects.count()
        MuseTarget.objects.all().delete()
    n_frames = 0
    while with_files and (n_gone := _delete_some_frames(by=by, at=at)):
        n_frames += n_gone
    logger.warning("muse_wiped", by=by, n_targets=n_targets, n_exposures=gone.n_exposures, n_frames=n_frames)
    return Gone(n_targets, gone.n_exposures, n_frames)


def frames_that_go(exposures: Sequence[MuseExposure]) -> int:
    """How many frames would go with these exposures."""
    return _own_frames(exposures).count()


def _delete_some_frames(*, by: str, at: datetime) -> int:
    with transaction.atomic():
        frames = Frame.objects.filter(versions__ao_file__instrument_id=MUSE_ID).values("pk").distinct()
        some = list(Frame.objects.select_for_update().filter(pk__in=frames).order_by("basename")[:MOST_FRAMES_AT_ONCE])
        if some:
            delete_frames(some, cause=by_hand(by), at=at)
    return len(some)


def _own_frames(exposures: Sequence[MuseExposure]) -> FrameQuerySet:
    """Frames that belong to these exposures and to no other."""
    ids = [exposure.pk for exposure in exposures]
    others = MuseExposure.objects.exclude(pk__in=ids)
    raws = MuseRaw.objects.filter(exposure__in=ids, frame__isnull=False)
    kept_raws = MuseRaw.objects.filter(exposure__in=others, frame__isnull=False)
    names = [name for exposure in exposures for kind in FITS for name in fit_names(exposure, kind)]
    of_them = (
        Q(pk__in=raws.exclude(frame__in=kept_raws.values("frame")).values("frame"))
        | Q(pk__in=MuseExposure.objects.filter(pk__in=ids).exclude(cube__in=others.values("cube")).values("cube"))
        | Q(basename__in=names, instrument_id=MUSE_ID)
    )
    return Frame.objects.filter(pk__in=Frame.objects.filter(of_them, versions__isnull=False).values("pk"))


def _locked(exposure: MuseExposure) -> MuseExposure:
    row = MuseExposure.objects.select_for_update(no_key=True).filter(pk=exposure.pk).first()
    if row is None:
        raise NotFoundError("there is no such exposure any more.")
    return row


def _set_target(exposure: MuseExposure, name: str) -> None:
    """Give a locked, unsaved exposure a target by hand."""
    exposure.target = muse_targets.named(name)
    exposure.said["target"] = exposure.target.name


def _said(before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """What was said before and now, as JSON has it. Raises UsageError for another column, or no value of its kind."""
    said = dict(before)
    for column, value in values.items():
        if column not in CHANGEABLE:
            raise UsageError(f"{column} can not be set by hand: choose of {', '.join(CHANGEABLE)}.")
        if value is None:
            said.pop(column, None)
            continue
        said[column] = _cleaned(column, value)
    return said


def _cleaned(column: str, value: Any) -> Any:
    """A value as its column takes it, and as JSON has it. Raises UsageError."""
    field = muse_links.field_of(column)
    if isinstance(field, FloatField | BigIntegerField) and isinstance(value, bool):
        raise UsageError(f"{column} is a number, not {value}: give one, or null to take back what was set.")
    try:
        cleaned = field.clean(value, None)
    except (ValidationError, OverflowError) as error:
        told = " ".join(error.messages) if isinstance(error, ValidationError) else "the number is too large."
        raise UsageError(f"{column}: {told}") from error
    if isinstance(field, FloatField) and not math.isfinite(cleaned):
        raise UsageError(f"{column} is {value}: give a finite number, or null to take back what was set.")
    if isinstance(field, BigIntegerField) and str(cleaned) != str(value):
        raise UsageError(f"{column} is {value}: give a whole number, or null to take back what was set.")
    return field.value_to_string(MuseExposure(**{column: cleaned})) if column in AS_TEXT else cleaned
