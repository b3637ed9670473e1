"""Exposures with MUSE by target: which files belong to each, and the numbers that stand for it.

Arrays are in no row: `AoFile` says where in a file's bytes they lie.
"""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from archive.models.frame import Frame
from archive.models.proposal import ALL_PROGRAMMES
from archive.models.readers import Reader, may_see
from archive.models.version import Version


class AoFile(models.Model):
    """What one version of a frame holds of adaptive optics: cards, and where the rows of its tables lie."""

    version = models.OneToOneField(Version, primary_key=True, on_delete=models.CASCADE, related_name="ao_file")
    instrument_id = models.CharField(max_length=64, help_text="By whose map it was read")
    kind = models.CharField(max_length=16, default="", help_text="raw, reduced, prm or psf of MUSE; else empty")
    cards = models.JSONField(help_text="Cards of its primary header, whole; commentary as lists of lines")
    headers = models.JSONField(default=dict, help_text="Cards of its other headers that are kept, by name of HDU")
    tables = models.JSONField(default=dict, help_text="Layout of each table: HDU, first byte, rows, columns")
    strehl_sums = models.JSONField(default=dict, help_text="By laser: sum of its Strehl ratios, and how many they are")

    class Meta:
        indexes = [
            # Any card of a reduced cube is searched by its value.
            GinIndex(OpClass("cards", name="jsonb_path_ops"), name="ao_file_by_card", condition=Q(kind="reduced")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version_id}"


class MuseTarget(models.Model):
    """What MUSE looked at, under one name, however headers spell it."""

    name = models.CharField(max_length=200, unique=True)
    comment = models.TextField(default="", blank=True)
    modified_at = models.DateTimeField(auto_now=True, help_text="Last change of this row, UTC")

    class Meta:
        constraints = [models.CheckConstraint(name="muse_target_has_name", condition=~Q(name=""))]

    def __str__(self) -> str:
        return self.name


class MuseTargetName(models.Model):
    """A name of a target, its own or an alias, and how it is compared."""

    target = models.ForeignKey(MuseTarget, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=200, help_text="As it was first written")
    key = models.CharField(max_length=200, unique=True, help_text="In small letters, without blanks, dashes and such")

    class Meta:
        constraints = [models.CheckConstraint(name="muse_target_name_has_key", condition=~Q(key=""))]

    def __str__(self) -> str:
        return self.name


class MuseExposureQuerySet(models.QuerySet["MuseExposure"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "MuseExposureQuerySet":
        """Keep what `user` may see at time `at`, by the rule of frames."""
        return self.filter(may_see(user, at=at))


class MuseExposure(models.Model):
    """One exposure with MUSE: raw files, reduced cube, and fits of its PSF, as many as are there.

    Its columns follow from its files, whichever came last; what a person set stands in `said`, and counts more.
    """

    name = models.CharField(max_length=200, unique=True, help_text="Of its cube or its fit, without extension")
    other_cube = models.CharField(
        max_length=200, default="", blank=True, help_text="What its cube may be called too; empty: nothing else"
    )
    target = models.ForeignKey(MuseTarget, null=True, on_delete=models.CASCADE, related_name="exposures")
    cube = models.ForeignKey(Frame, null=True, on_delete=models.SET_NULL, related_name="muse_exposures")
    proposal_id = models.CharField(max_length=64, default="", blank=True)
    public_date = models.DateTimeField(null=True, help_text="When everybody may see it, UTC; null: never")
    observed_at = models.DateTimeField(null=True, help_text="Start of the observation, UTC; null: no cube tells it")
    ins_mode = models.CharField(max_length=32, default="", blank=True, help_text="Mode, such as WFM-AO-N")
    obs_id = models.BigIntegerField(null=True, help_text="Observation block, as ESO numbers it")
    is_complete = models.BooleanField(default=False, help_text="Cube, fit, sources and every raw file are there")
    missing = ArrayField(
        models.CharField(max_length=255), default=list, blank=True, help_text="Files and keywords that were looked for"
    )
    n_sources = models.IntegerField(null=True, help_text="Sources in the newest fit; null: there is no psf file")
    seeing_arcsec = models.FloatField(null=True, help_text="At the zenith: mean of start and end, arcsec")
    airmass = models.FloatField(null=True, help_text="Mean of start and end")
    seeing_los_arcsec = models.FloatField(null=True, help_text="Seeing along the line of sight, arcsec")
    tau0_s = models.FloatField(null=True, help_text="Coherence time, s")
    ground_layer_fraction = models.FloatField(null=True, help_text="Of the turbulence, 0 to 1")
    guide_star_flux = models.FloatField(null=True, help_text="Of the natural guide star, in the header's own unit")
    is_tip_tilt_closed = models.BooleanField(null=True, help_text="The tip-tilt loop was closed")
    is_degraded = models.BooleanField(null=True, help_text="A laser was simulated")
    strehl_1 = models.FloatField(null=True, help_text="Mean Strehl ratio of laser 1, 0 to 1")
    strehl_2 = models.FloatField(null=True, help_text="Mean Strehl ratio of laser 2, 0 to 1")
    strehl_3 = models.FloatField(null=True, help_text="Mean Strehl ratio of laser 3, 0 to 1")
    strehl_4 = models.FloatField(null=True, help_text="Mean Strehl ratio of laser 4, 0 to 1")
    said = models.JSONField(default=dict, blank=True, help_text="Columns that a person set by hand, and their values")
    created_by = models.CharField(max_length=150, default="", blank=True, help_text="Who made it by hand; else empty")
    comment = models.TextField(default="", blank=True)
    modified_at = models.DateTimeField(auto_now=True, help_text="Last change of this row, UTC")

    objects = MuseExposureQuerySet.as_manager()

    class Meta:
        ordering = ["-observed_at", "-id"]
        constraints = [
            models.CheckConstraint(name="muse_exposure_has_name", condition=~Q(name="")),
            models.CheckConstraint(name="muse_exposure_of_one_proposal", condition=~Q(proposal_id=ALL_PROGRAMMES)),
        ]
        indexes = [
            models.Index(fields=["-observed_at", "-id"], name="muse_newest"),
            models.Index(fields=["target", "-observed_at"], name="muse_by_target"),
            models.Index(fields=["proposal_id", "-observed_at"], name="muse_by_proposal"),
            models.Index(fields=["ins_mode", "-observed_at"], name="muse_by_mode"),
            models.Index(fields=["obs_id"], name="muse_by_block"),
            models.Index(fields=["other_cube"], name="muse_by_other_cube", condition=~Q(other_cube="")),
            *(
                models.Index(fields=[column], name=f"muse_by_{name}")
                for name, column in {
                    "seeing": "seeing_arcsec",
                    "airmass": "airmass",
                    "seeing_los": "seeing_los_arcsec",
                    "tau0": "tau0_s",
                    "ground_layer": "ground_layer_fraction",
                    "guide_star": "guide_star_flux",
                    "strehl_1": "strehl_1",
                    "strehl_2": "strehl_2",
                    "strehl_3": "strehl_3",
                    "strehl_4": "strehl_4",
                }.items()
            ),
            GinIndex(OpClass(Upper("name"), name="gin_trgm_ops"), name="muse_by_name_part", fastupdate=False),
        ]

    def __str__(self) -> str:
        return self.name


class MuseRaw(models.Model):
    """A raw file that a cube was made of, as its header names it; the frame may be yet to come."""

    exposure = models.ForeignKey(MuseExposure, on_delete=models.CASCADE, related_name="raws")
    place = models.SmallIntegerField(help_text="1 for PROV1, and on")
    key = models.CharField(max_length=64, help_text="Name of the raw frame, MUSE and its time")
    frame = models.ForeignKey(Frame, null=True, on_delete=models.SET_NULL, related_name="muse_raws")

    class Meta:
        ordering = ["exposure_id", "place"]
        constraints = [models.UniqueConstraint(fields=["exposure", "place"], name="muse_raw_once")]
        indexes = [models.Index(fields=["key"], name="muse_raw_by_key")]

    def __str__(self) -> str:
        return self.key


class MuseFit(models.Model):
    """One fit of an exposure's PSF. The one with the highest number is shown; those before stay.

    When one of the two files of a fit is made anew, the other stays the one before until it comes anew as well.
    """

    exposure = models.ForeignKey(MuseExposure, on_delete=models.CASCADE, related_name="fits")
    number = models.SmallIntegerField(help_text="1 for the first")
    prm = models.ForeignKey(AoFile, null=True, on_delete=models.SET_NULL, related_name="fits_of_prm")
    psf = models.ForeignKey(AoFile, null=True, on_delete=models.SET_NULL, related_name="fits_of_psf")
    inherited = models.CharField(max_length=3, default="", blank=True, help_text="prm or psf: of the fit before")
    began_at = models.DateTimeField(help_text="When its first file came, UTC")

    class Meta:
        ordering = ["exposure_id", "-number"]
        constraints = [models.UniqueConstraint(fields=["exposure", "number"], name="muse_fit_once")]

    def __str__(self) -> str:
        return f"{self.exposure_id} fit {self.number}"
