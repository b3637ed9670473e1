"""The library of star images by which other stars' light is taken out: what is in it, and what people change of that.

A candidate is a star that the reductions have cut out (ProductKind.BRIGHT_PSF). People put it in, and take it out. A
shelf holds the images of one telescope, camera and filter, which alone can serve each other; each state of a shelf has
a name by its content, which results keep.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Q

from archive.domain.products import AT_WORK, TO_BE_PLANNED, lift_cancellation
from archive.enums import OF_REFERENCES, ProductKind, ProductState
from archive.errors import ConflictError, UsageError
from archive.models import (
    Observation,
    Product,
    ProductCancellation,
    ProductFile,
    PsfLibraryVersion,
    PsfMember,
    PsfMemberQuerySet,
    Version,
)
from archive.models.sky_lookups import Cone

logger = structlog.get_logger(__name__)

SHELF_LOCK = 7_365_206  # advisory lock of PostgreSQL, beside those of archive.domain.events and of seeing_notes
IMAGE = "psf"  # role of a candidate's file
SAME_FIELD_DEG = 36 / 3600  # the field of the camera: pointings nearer than that may show the same star


@dataclass(frozen=True, slots=True)
class Shelf:
    """Whose images can serve each other."""

    telescope_id: str
    camera: str
    primary_optical_element: str

    @classmethod
    def of(cls, observation: Observation) -> "Shelf":
        return cls(observation.telescope_id, observation.camera, observation.primary_optical_element)

    @property
    def of_observations(self) -> Q:
        return Q(**{f"observation__{name}": value for name, value in asdict(self).items()})


def in_library(shelf: Shelf) -> PsfMemberQuerySet:
    """Members of a shelf now, those that are known to be damaged left out."""
    return PsfMember.objects.filter(shelf.of_observations, removed_at=None, version__object__fault="")


def same_star(observation: Observation) -> Q:
    """Members that show the target of an observation, by any of its names or by its place."""
    names = [observation.target_name, *observation.alternative_names]
    named = Q(observation__alternative_names__overlap=names)
    for name in names:
        named |= Q(observation__target_name__iexact=name)
    place = observation.position
    if place is None:
        return named
    near = Cone(place.x % 360.0, place.y, SAME_FIELD_DEG)
    # Of those whose place is not known the second condition alone would say neither yes nor no.
    return named | Q(observation__position__isnull=False, observation__position__touches_cone=near)


def name_of(shelf: Shelf) -> str:
    """Name of what a shelf holds now, by its content: SHA-256, hexadecimal."""
    return _name(shelf, _members(shelf))


def add(*, observation: Observation, by: str, reason: str, at: datetime) -> PsfMember:
    """Put the star of an observation into the library, in place of an older image of it. Repeated, it changes nothing.

    Products that were not made for want of references are planned again. Raises ConflictError when the star has not
    been cut out, UsageError without a name.
    """
    _require_name(by)
    with transaction.atomic():
        _lock(Shelf.of(observation))
        version, sha256 = _image_of(observation)
        before = PsfMember.objects.filter(observation=observation, removed_at=None).first()
        if before is not None and before.sha256 == sha256:
            return before
        if before is not None:
            _take_out(before, by=by, reason="A newer image of it was put in.", at=at)
        member = PsfMember.objects.create(
            observation=observation,
            version=version,
            sha256=sha256,
            added_at=at,
            added_by=by.strip(),
            added_reason=reason.strip(),
        )
        _note_change(observation, at=at)
        _plan_those_without(Shelf.of(observation), at=at)
    logger.info("psf_added", observation=observation.name, by=by)
    return member


def remove(*, observation: Observation, by: str, reason: str, at: datetime) -> PsfMember | None:
    """Take the star of an observation out of the library; None if it is not in it. What was made with it stays.

    Raises UsageError without a name.
    """
    _require_name(by)
    with transaction.atomic():
        _lock(Shelf.of(observation))
        member = PsfMember.objects.filter(observation=observation, removed_at=None).first()
        if member is None:
            return None
        _take_out(member, by=by, reason=reason.strip(), at=at)
        _note_change(observation, at=at)
    logger.info("psf_removed", observation=observation.name, by=by)
    return member


def make_anew(*, night: date, by: str, reason: str, at: datetime) -> int:
    """Have everything that is made with references be made anew for a night, with the library of now.

    What is being made is left alone. Answers how many products wait for it. Raises UsageError without a name or a
    reason.
    """
    _require_name(by)
    if not reason.strip():
        raise UsageError("say why the night is to be made again.")
    with transaction.atomic():
        rows = Product.objects.select_for_update(no_key=True).filter(
            night=night, kind__in=OF_REFERENCES, is_current=True
        )
        settled = [row for row in rows if row.state not in AT_WORK]
        for row in settled:
            _replace(row, by=by.strip(), reason=reason.strip(), at=at)
    logger.info("psf_subtraction_asked_anew", night=str(night), by=by, products=len(settled))
    return len(settled)


def _require_name(by: str) -> None:
    if not by.strip():
        raise UsageError("say who changes the PSF library.")


def _image_of(observation: Observation) -> tuple[Version, str]:
    """The candidate's image, and SHA-256 of its bytes."""
    found = ProductFile.objects.filter(
        product__observation=observation,
        product__kind=ProductKind.BRIGHT_PSF,
        product__state=ProductState.DONE,
        product__is_current=True,
        role=IMAGE,
        version__object__fault="",
    ).first()
    if found is None or found.version is None:
        raise ConflictError(
            f"the star of {observation.name} has not been cut out: its reduction must be done, and have found a star."
        )
    return found.version, found.sha256


def _take_out(member: PsfMember, *, by: str, reason: str, at: datetime) -> None:
    member.removed_at, member.removed_by, member.removed_reason = at, by.strip(), reason
    member.save(update_fields=["removed_at", "removed_by", "removed_reason"])


def _note_change(observation: Observation, *, at: datetime) -> None:
    """Keep what the shelf holds now under its name, and have the observation's rows written beside the data."""
    shelf = Shelf.of(observation)
    members = _members(shelf)
    PsfLibraryVersion.objects.get_or_create(
        sha256=_name(shelf, members), defaults={**asdict(shelf), "members": members, "created_at": at}
    )
    Observation.objects.filter(pk=observation.pk).update(modified_at=at)


def _members(shelf: Shelf) -> list[str]:
    rows = PsfMember.objects.filter(shelf.of_observations, removed_at=None)
    return list(rows.order_by("sha256").values_list("sha256", flat=True))


def _name(shelf: Shelf, members: Sequence[str]) -> str:
    facts: dict[str, Any] = {**asdict(shelf), "members": list(members)}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _plan_those_without(shelf: Shelf, *, at: datetime) -> None:
    """Have products of the shelf planned again that were skipped before they had inputs."""
    skipped = Product.objects.filter(
        shelf.of_observations, kind__in=OF_REFERENCES, state=ProductState.SKIPPED, is_current=True, fingerprint=""
    )
    skipped = skipped.exclude(pk__in=ProductCancellation.objects.filter(lifted_at=None).values("product"))
    skipped.update(state=ProductState.PENDING, reason=TO_BE_PLANNED, not_before=at, finished_at=None)


def _replace(row: Product, *, by: str, reason: str, at: datetime) -> None:
    """A row that waits to be planned, in place of one whose references are to be chosen anew."""
    lift_cancellation(row, by=by, at=at)
    if row.lease:
        row.is_current, row.state = False, ProductState.STALE
        row.save()
        row = Product(observation=row.observation, night=row.night, subject=row.subject, kind=row.kind, created_at=at)
    row.state, row.reason, row.not_before = ProductState.PENDING, TO_BE_PLANNED, at
    row.fingerprint, row.inputs, row.error, row.finished_at, row.attempts = "", [], "", None, 0
    row.forced_by, row.forced_reason = by, reason
    row.save()


def _lock(shelf: Shelf) -> None:
    """Let one change a shelf at a time, so that each of its states gets a name."""
    number = int.from_bytes(hashlib.blake2b(repr(shelf).encode(), digest_size=4).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [SHELF_LOCK, number])
