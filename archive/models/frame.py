"""Frames: exposures and products, whichever bytes now stand for them."""

from datetime import datetime

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GinIndex, GistIndex, OpClass
from django.db.models import F, Q
from django.db.models.functions import Cast, Upper

from archive.enums import RelationKind
from archive.models.exposure import Exposure
from archive.models.proposal import ALL_PROGRAMMES
from archive.models.readers import Reader, may_see
from archive.models.sky import SRID

FEW = "is_few"

# Columns by whose values people list the newest frames, and how their indexes are called.
NEWEST_BY = {
    "proposal": "proposal_id",
    "site": "site_id",
    "telescope": "telescope_id",
    "instrument": "instrument_id",
    "filter": "primary_optical_element",
    "type": "configuration_type",
    "target": "target_name",
    "day": "observation_day",
}


def visible_condition(user: Reader, *, at: datetime | F, prefix: str = "") -> Q:
    """What `user` may see at time `at`, as a condition on frames, or on rows that name one with `prefix`.

    The rule is `may_see`; and a frame that is known only because another one names it (a placeholder) is seen by
    nobody. `at` may be a column, which then says the time for each row.
    """
    return Q(**{f"{prefix}observation_date__isnull": False}) & may_see(user, at=at, prefix=prefix)


class FrameQuerySet(models.QuerySet["Frame"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "FrameQuerySet":
        """Keep what `user` may see at time `at`. Reads of frames and of their parts start here."""
        return self.filter(visible_condition(user, at=at))

    def public(self, *, at: datetime) -> "FrameQuerySet":
        """Keep what everybody may see."""
        return self.filter(public_date__lte=at)

    def not_yet_public(self, *, at: datetime) -> "FrameQuerySet":
        """Keep what will be public later, or never."""
        return self.filter(Q(public_date__gt=at) | Q(public_date__isnull=True))

    def few(self) -> "FrameQuerySet":
        """Say that these are few, each named by its id: terms then look at the rows themselves, at no tally."""
        return self.alias(**{FEW: models.Value(value=True)})

    @property
    def is_few(self) -> bool:
        return FEW in self.query.annotations

    def listed(self) -> "FrameQuerySet":
        """Keep what lists show: frames that have bytes."""
        return self.filter(is_listed=True)


class Frame(models.Model):
    """One exposure, or one product of it, whichever bytes now stand for it."""

    basename = models.CharField(max_length=1000, unique=True, help_text="File name up to its first dot")
    exposure = models.ForeignKey(Exposure, null=True, on_delete=models.PROTECT, related_name="frames")
    observation_date = models.DateTimeField(null=True, help_text="Start of the observation, UTC; null: placeholder")
    observation_day = models.DateField(null=True, help_text="Local date at sunset")
    public_date = models.DateTimeField(null=True, help_text="When everybody may see it, UTC; null: never")
    # Kept by the database: a trigger sets it with each public date, and beat turns it on when a date has come.
    is_public = models.BooleanField(default=False, editable=False, help_text="The public date has come, or soon after")
    # No foreign key: frames arrive before anybody tells the archive of their proposal.
    proposal_id = models.CharField(max_length=64, default="", blank=True)
    site_id = models.CharField(max_length=64, default="", blank=True)
    telescope_id = models.CharField(max_length=64, default="", blank=True)
    instrument_id = models.CharField(max_length=64, default="", blank=True)
    target_name = models.CharField(max_length=1000, default="", blank=True)
    primary_optical_element = models.CharField(max_length=100, default="", blank=True, help_text="Filter")
    configuration_type = models.CharField(max_length=64, default="", blank=True)
    reduction_level = models.SmallIntegerField(default=0, help_text="0 is raw, 91 final")
    exposure_time = models.FloatField(null=True, help_text="Open-shutter time, s")
    observation_id = models.IntegerField(null=True)
    request_id = models.IntegerField(null=True)
    submitter = models.CharField(
        max_length=200, default="", blank=True, help_text="Who asked for it: header key USERID"
    )
    area = models.PolygonField(geography=True, null=True, help_text="Footprint, ICRS")
    # Regions are searched by footprint; the centre is for sorting and showing, and pays for no index.
    centre = models.PointField(geography=True, null=True, spatial_index=False, help_text="Footprint's centre, ICRS")
    is_listed = models.BooleanField(default=False, help_text="It has bytes and a date")
    modified_at = models.DateTimeField(auto_now=True, help_text="Last change of this row, UTC")

    objects = FrameQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="frame_basename_is_a_name", condition=Q(basename__regex=r"^[^/[:cntrl:]]+$")),
            models.CheckConstraint(name="frame_of_one_proposal", condition=~Q(proposal_id=ALL_PROGRAMMES)),
            models.CheckConstraint(
                name="frame_exposure_time_not_negative",
                condition=Q(exposure_time__gte=0, exposure_time__lt=float("inf")),
            ),
            models.CheckConstraint(name="frame_reduction_level_not_negative", condition=Q(reduction_level__gte=0)),
            models.CheckConstraint(name="frame_observation_id_not_negative", condition=Q(observation_id__gte=0)),
            models.CheckConstraint(name="frame_request_id_not_negative", condition=Q(request_id__gte=0)),
            models.CheckConstraint(
                name="frame_listed_has_date",
                condition=Q(is_listed=False) | Q(observation_date__isnull=False, observation_day__isnull=False),
            ),
        ]
        # Each list is asked for by one of the two values of is_public, newest first: docs/performance.md.
        indexes = [
            models.Index(
                F("is_public"),
                F("observation_date").desc(),
                F("id").desc(),
                name="frame_newest",
                condition=Q(is_listed=True),
            ),
            *(
                models.Index(
                    fields=["is_public", column, "-observation_date", "-id"],
                    name=f"frame_by_{name}",
                    condition=Q(is_listed=True),
                )
                for name, column in NEWEST_BY.items()
            ),
            models.Index(fields=["is_public", "exposure_time"], name="frame_by_exposure", condition=Q(is_listed=True)),
            models.Index(
                fields=["is_public", "submitter", "-observation_date", "-id"],
                name="frame_by_submitter",
                condition=Q(is_listed=True) & ~Q(submitter=""),
            ),
            models.Index(fields=["request_id"], name="frame_by_request", condition=Q(request_id__isnull=False)),
            models.Index(
                fields=["observation_id"], name="frame_by_observation", condition=Q(observation_id__isnull=False)
            ),
            models.Index(fields=["public_date"], name="frame_by_public_date"),
            # Frames whose date comes next: beat turns them public, and reads look for those that it has not met yet.
            models.Index(fields=["public_date"], name="frame_embargoed", condition=Q(is_public=False)),
            GistIndex(Cast("centre", models.GeometryField(srid=SRID)), name="frame_by_centre"),
            # Substrings: Django asks in capitals. Without fastupdate=False one insert in many takes 150 ms.
            GinIndex(
                OpClass(Upper("basename"), name="gin_trgm_ops"),
                name="frame_by_name_part",
                fastupdate=False,
                condition=Q(is_listed=True),
            ),
        ]

    def __str__(self) -> str:
        return self.basename


class Headers(models.Model):
    """The whole FITS header of a frame."""

    frame = models.OneToOneField(Frame, primary_key=True, on_delete=models.CASCADE, related_name="headers")
    data = models.JSONField(help_text="Header keys and values")

    def __str__(self) -> str:
        return f"headers of {self.frame_id}"


class Relation(models.Model):
    """How two frames belong together. A row reads source, kind, derived: a raw frame is `raw-of` its product."""

    source = models.ForeignKey(Frame, on_delete=models.CASCADE, related_name="relations_out")
    derived = models.ForeignKey(Frame, on_delete=models.CASCADE, related_name="relations_in")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in RelationKind])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "derived", "kind"], name="relation_once"),
            models.CheckConstraint(name="relation_of_two_frames", condition=~Q(source=F("derived"))),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.kind} {self.derived_id}"
