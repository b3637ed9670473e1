"""The family of files that come of one opening of the shutter."""

from datetime import datetime

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from archive.enums import ExposureKind, FileRole
from archive.models.proposal import ALL_PROGRAMMES
from archive.models.readers import Reader, may_see
from archive.models.stored_object import StoredObject

IS_FAMILY = ~Q(kind=ExposureKind.OCS.value)


class ExposureQuerySet(models.QuerySet["Exposure"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "ExposureQuerySet":
        """Keep what `user` may see at time `at`, by the rule of frames."""
        return self.filter(may_see(user, at=at))


class Exposure(models.Model):
    """One exposure: its raw frame, reductions and catalogue belong together by name.

    Of the kinds of Photon Ranch it is a family whose columns, but for those of its name, are derived from its files:
    whichever came last, they say the same.
    """

    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ExposureKind])
    site_id = models.CharField(max_length=64)
    name = models.CharField(max_length=1000, help_text="What the names of its frames have in common")
    night = models.DateField(help_text="Local date at sunset")

    # Of families only. Rows of other exposures are written without these columns, so the database has their defaults.
    instrument_id = models.CharField(max_length=64, db_default="")
    data_type = models.CharField(max_length=16, db_default="", help_text="EX, EP (experimental), EF (focus) …")
    observation_date = models.DateTimeField(null=True, help_text="Start of the observation, UTC; null: not known")
    sort_date = models.DateTimeField(
        null=True, help_text="Start of the observation, else when the store took its first file, UTC"
    )
    public_date = models.DateTimeField(null=True, help_text="When everybody may see it, UTC; null: never")
    proposal_id = models.CharField(max_length=64, db_default="")
    ra_deg = models.FloatField(null=True, help_text="Right ascension, degrees")
    dec_deg = models.FloatField(null=True, help_text="Declination, degrees")
    altitude_deg = models.FloatField(null=True)
    azimuth_deg = models.FloatField(null=True)
    airmass = models.FloatField(null=True)
    exposure_time = models.FloatField(null=True, help_text="Open-shutter time, s")
    primary_optical_element = models.CharField(max_length=100, db_default="", help_text="Filter")
    username = models.CharField(max_length=200, db_default="")
    user_id = models.CharField(max_length=200, db_default="", help_text="As the sites' login service names the user")
    stack_name = models.CharField(max_length=200, db_default="", help_text="Smart stack that it is part of")
    stack_number = models.IntegerField(db_default=0, help_text="Its number in that stack")
    fits_01_exists = models.BooleanField(db_default=False, help_text="A large FITS file, of level 0 or 1")
    fits_10_exists = models.BooleanField(db_default=False, help_text="A small FITS file, of level 10 or 13")
    jpg_medium_exists = models.BooleanField(db_default=False, help_text="A picture of level 10 or 13")
    jpg_small_exists = models.BooleanField(db_default=False, help_text="A picture of level 11")
    header = models.JSONField(null=True, help_text="The whole header; null until a file brought one")
    header_file = models.ForeignKey(
        "archive.ExposureFile", null=True, on_delete=models.SET_NULL, related_name="+", help_text="What brought it"
    )

    objects = ExposureQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "site_id", "name"], name="exposure_once"),
            models.CheckConstraint(name="exposure_has_name", condition=~Q(name="")),
            models.CheckConstraint(name="exposure_of_one_proposal", condition=~Q(proposal_id=ALL_PROGRAMMES)),
        ]
        # Of families only: exposures of the OCS come a few a second and are never listed.
        indexes = [
            models.Index(fields=["kind", "-sort_date", "-id"], name="family_newest", condition=IS_FAMILY),
            models.Index(fields=["kind", "site_id", "-sort_date", "-id"], name="family_by_site", condition=IS_FAMILY),
            models.Index(fields=["kind", "username", "-sort_date"], name="family_by_username", condition=IS_FAMILY),
            models.Index(fields=["kind", "user_id", "-sort_date"], name="family_by_user", condition=IS_FAMILY),
            models.Index(
                fields=["kind", "site_id", "stack_name", "stack_number"],
                name="family_by_stack",
                condition=IS_FAMILY & ~Q(stack_name=""),
            ),
            # What expires by its name, or by the type of its data: the rarer types do.
            models.Index(fields=["kind", "name"], name="family_by_name", condition=IS_FAMILY),
            models.Index(fields=["kind", "data_type"], name="family_by_data_type", condition=IS_FAMILY),
            GinIndex(
                OpClass(Upper("name"), name="gin_trgm_ops"),
                name="family_by_name_part",
                condition=IS_FAMILY,
                fastupdate=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class ExposureFile(models.Model):
    """One set of bytes that stands, or stood, for one file of a family."""

    exposure = models.ForeignKey(Exposure, on_delete=models.CASCADE, related_name="files")
    object = models.OneToOneField(StoredObject, on_delete=models.CASCADE, related_name="exposure_file")
    role = models.CharField(max_length=16, choices=[(role.value, role.value) for role in FileRole])
    data_type = models.CharField(max_length=16)
    level = models.SmallIntegerField()
    extension = models.CharField(max_length=20, help_text="File name from its first dot on")
    put_at = models.DateTimeField(help_text="When the store took the bytes, UTC")
    is_current = models.BooleanField(default=False, help_text="No newer bytes of this path came")
    # A string: frames name their exposure.
    frame = models.ForeignKey(
        "archive.Frame",
        null=True,
        on_delete=models.CASCADE,
        related_name="family_files",
        help_text="Frame whose bytes these are; null: none",
    )
    made_from = models.OneToOneField(
        "self", null=True, on_delete=models.CASCADE, related_name="thumbnail", help_text="Picture that it shows small"
    )
    fault = models.TextField(default="", help_text="Why no thumbnail can be made of it; empty otherwise")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["exposure", "role", "data_type", "level", "extension"],
                condition=Q(is_current=True, made_from=None),
                name="exposure_file_current_once",
            ),
            models.CheckConstraint(
                name="exposure_file_thumbnail_is_made",
                condition=Q(role=FileRole.THUMBNAIL.value, made_from__isnull=False)
                | (~Q(role=FileRole.THUMBNAIL.value) & Q(made_from__isnull=True)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.exposure_id}-{self.data_type}{self.level:02d}{self.extension}"
