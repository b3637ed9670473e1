"""Observations with the adaptive-optics camera: their raw files, and files that nobody could place."""

from datetime import datetime

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db.models import Q
from django.db.models.functions import Upper

from archive.enums import RawKind, SignalClass
from archive.models.frame import Frame
from archive.models.proposal import ALL_PROGRAMMES
from archive.models.readers import Reader, may_see
from archive.models.sky import PointDec, PointRA
from archive.models.stored_object import SHA256_PATTERN


class ObservationQuerySet(models.QuerySet["Observation"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "ObservationQuerySet":
        """Keep what `user` may see at time `at`, by the rule of frames."""
        return self.filter(may_see(user, at=at))


class Observation(models.Model):
    """One pointing of the adaptive-optics camera at a target: what its raw files have in common."""

    name = models.CharField(max_length=200, unique=True, help_text="What the names of its raw files begin with")
    proposal_id = models.CharField(max_length=64, help_text="Programme")
    target_name = models.CharField(max_length=200)
    alternative_names = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    camera = models.CharField(max_length=32, help_text="VIC is the visible one")
    primary_optical_element = models.CharField(max_length=100, help_text="Filter")
    marker = models.CharField(max_length=32, help_text="Free mark that the instrument sets")
    observed_at = models.DateTimeField(help_text="Time in its name, UTC")
    night = models.DateField(help_text="UTC date in its name: where its files lie")
    public_date = models.DateTimeField(null=True, help_text="When everybody may see it, UTC; null: never")
    telescope_id = models.CharField(max_length=64, default="", help_text="By the installation that held then")
    exposure_time = models.FloatField(null=True, help_text="All its frames together, s")
    ended_at = models.DateTimeField(null=True, help_text="End of its last frame, UTC; null: no header says it")
    magnitude = models.FloatField(null=True, help_text="As the observer stated it")
    position = models.PointField(geography=True, null=True, help_text="Where the telescope pointed, ICRS")
    altitude_deg = models.FloatField(null=True)
    azimuth_deg = models.FloatField(null=True)
    signal_class = models.CharField(
        max_length=16,
        default="",
        choices=[(kind.value, kind.value) for kind in SignalClass],
        help_text="How bright it was, as the reduction found; empty: not known yet",
    )
    # Of its night, as seen: neither at 500 nm nor at the zenith. Null: nothing was measured.
    seeing_median_arcsec = models.FloatField(null=True, help_text="Median seeing of its night, full width, arcsec")
    seeing_mean_arcsec = models.FloatField(null=True, help_text="Mean seeing of its night, full width, arcsec")
    seeing_nearest_arcsec = models.FloatField(null=True, help_text="Seeing nearest in time, full width, arcsec")
    seeing_nearest_at = models.DateTimeField(null=True, help_text="When that was measured, UTC")
    # The database keeps these by triggers (migration 0014): what stands of `StrehlMeasurement`, and of `position`.
    bright_strehl_ratio = models.FloatField(
        null=True, editable=False, help_text="Of the stack of a bright star, 0 to 1"
    )
    bright_strehl_flag = models.CharField(
        max_length=8, default="", db_default="", editable=False, help_text="OK or BAD?; empty: nothing was measured"
    )
    faint_strehl_ratio = models.FloatField(null=True, editable=False, help_text="Of the stack of a faint star, 0 to 1")
    faint_strehl_flag = models.CharField(
        max_length=8, default="", db_default="", editable=False, help_text="OK or BAD?; empty: nothing was measured"
    )
    ra_deg = models.GeneratedField(
        expression=PointRA("position"), output_field=models.FloatField(null=True), db_persist=True, editable=False
    )
    dec_deg = models.GeneratedField(
        expression=PointDec("position"), output_field=models.FloatField(null=True), db_persist=True, editable=False
    )
    comment = models.TextField(default="", blank=True)
    modified_at = models.DateTimeField(auto_now=True, help_text="Last change of this row, UTC")

    objects = ObservationQuerySet.as_manager()

    class Meta:
        ordering = ["-observed_at", "-id"]
        constraints = [
            models.CheckConstraint(name="observation_has_name", condition=~Q(name="") & ~Q(proposal_id="")),
            models.CheckConstraint(name="observation_of_one_proposal", condition=~Q(proposal_id=ALL_PROGRAMMES)),
        ]
        indexes = [
            models.Index(fields=["-observed_at", "-id"], name="observation_newest"),
            models.Index(fields=["night", "proposal_id"], name="observation_by_night"),
            models.Index(fields=["proposal_id", "-observed_at"], name="observation_by_proposal"),
            models.Index(fields=["target_name"], name="observation_by_target"),
            GinIndex(
                OpClass(Upper("target_name"), name="gin_trgm_ops"), name="observation_by_target_part", fastupdate=False
            ),
            # The few whose targets have other names: these are looked through.
            models.Index(fields=["id"], name="observation_of_other_names", condition=~Q(alternative_names=[])),
            models.Index(fields=["bright_strehl_ratio"], name="observation_by_bright_strehl"),
            models.Index(fields=["faint_strehl_ratio"], name="observation_by_faint_strehl"),
            models.Index(fields=["seeing_median_arcsec"], name="observation_by_median_seeing"),
            models.Index(fields=["seeing_nearest_arcsec"], name="observation_by_nearest_seeing"),
        ]

    def __str__(self) -> str:
        return self.name


class RawFile(models.Model):
    """One raw file of the camera, which is a frame of the archive: what it shows, and of which observation it is."""

    frame = models.OneToOneField(Frame, primary_key=True, on_delete=models.CASCADE, related_name="raw_file")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in RawKind])
    observation = models.ForeignKey(
        Observation, null=True, on_delete=models.CASCADE, related_name="raw_files", help_text="Null: a calibration"
    )
    file_number = models.PositiveIntegerField(help_text="0 for the first file, k + 1 for the one that ends in _k")
    night = models.DateField(help_text="UTC date in its name")
    observed_at = models.DateTimeField(help_text="Time in its name, UTC")
    camera = models.CharField(max_length=32, default="", help_text="Empty: its name does not say")
    primary_optical_element = models.CharField(max_length=100, default="", help_text="Filter; empty: none stated")
    detector_mode = models.CharField(max_length=16, default="", help_text="MODE_NUM, with 4 behind it for sub-arrays")

    class Meta:
        ordering = ["observed_at", "file_number"]
        constraints = [
            models.UniqueConstraint(
                fields=["observation", "file_number"], name="raw_file_once", condition=Q(observation__isnull=False)
            ),
            models.CheckConstraint(
                name="raw_file_of_science_has_observation",
                condition=Q(kind=RawKind.SCIENCE, observation__isnull=False)
                | ~Q(kind=RawKind.SCIENCE) & Q(observation__isnull=True),
            ),
        ]
        indexes = [models.Index(fields=["night", "kind"], name="raw_file_by_night")]

    def __str__(self) -> str:
        return f"{self.kind} {self.frame_id}"


class QuarantinedFile(models.Model):
    """A file that came and could not be placed: nothing of it was kept but what a person needs to mend it."""

    filename = models.CharField(max_length=1000)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    reason = models.TextField(help_text="What is wrong with it, and what to do")
    times_seen = models.PositiveIntegerField(default=1, help_text="How often it came")
    first_seen_at = models.DateTimeField(help_text="UTC")
    last_seen_at = models.DateTimeField(help_text="UTC")
    resolved_at = models.DateTimeField(null=True, help_text="When it came in after all or was dismissed, UTC")

    class Meta:
        ordering = ["-last_seen_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["sha256", "filename"], name="quarantined_file_once"),
            models.CheckConstraint(name="quarantined_file_sha256_is_hex", condition=Q(sha256__regex=SHA256_PATTERN)),
            models.CheckConstraint(name="quarantined_file_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return self.filename
