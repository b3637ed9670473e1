"""What lies beside bright stars: the library of star images, limits of contrast, and companions.

A star's light is taken out of its image by images of other stars. Which ones those are people decide; every change of
that is a row, and every set of images has a name by its content.
"""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from archive.models.observation import Observation
from archive.models.product import Product
from archive.models.readers import Reader, may_see
from archive.models.stored_object import SHA256_PATTERN
from archive.models.version import Version


class PsfMemberQuerySet(models.QuerySet["PsfMember"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "PsfMemberQuerySet":
        """Keep what `user` may see at time `at`: members that are of observations that are visible."""
        return self.filter(may_see(user, at=at, prefix="observation__"))


class PsfMember(models.Model):
    """The image of one star, from when it was put into the library to when it was taken out."""

    observation = models.ForeignKey(Observation, on_delete=models.CASCADE, related_name="psf_members")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="psf_members", help_text="Its bytes")
    sha256 = models.CharField(max_length=64, help_text="Of its bytes, by which results name it")
    added_at = models.DateTimeField(help_text="UTC")
    added_by = models.CharField(max_length=150, help_text="User name")
    added_reason = models.TextField(default="")
    removed_at = models.DateTimeField(null=True, help_text="UTC; null: it is in the library")
    removed_by = models.CharField(max_length=150, default="", help_text="User name")
    removed_reason = models.TextField(default="")

    objects = PsfMemberQuerySet.as_manager()

    class Meta:
        ordering = ["-added_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["observation"], name="psf_member_once", condition=Q(removed_at=None)),
            models.UniqueConstraint(fields=["observation", "added_at"], name="psf_member_added_once"),
            models.CheckConstraint(name="psf_member_sha256_is_hex", condition=Q(sha256__regex=SHA256_PATTERN)),
        ]
        indexes = [models.Index(fields=["sha256"], name="psf_member_by_image")]

    def __str__(self) -> str:
        return f"{self.observation_id} {self.sha256[:12]}"


class PsfLibraryVersion(models.Model):
    """The images that were in the library together, of one telescope, camera and filter. Never changed."""

    sha256 = models.CharField(max_length=64, primary_key=True, help_text="Of all that it consists of: its name")
    telescope_id = models.CharField(max_length=64)
    camera = models.CharField(max_length=32)
    primary_optical_element = models.CharField(max_length=100, help_text="Filter")
    members = ArrayField(models.CharField(max_length=64), help_text="SHA-256 of the images, in order")
    created_at = models.DateTimeField(help_text="When it was first so, UTC")

    class Meta:
        ordering = ["-created_at", "sha256"]
        constraints = [
            models.CheckConstraint(name="psf_library_version_is_hex", condition=Q(sha256__regex=SHA256_PATTERN))
        ]

    def __str__(self) -> str:
        return self.sha256[:12]


class ContrastQuerySet(models.QuerySet["ContrastCurve"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "ContrastQuerySet":
        """Keep what `user` may see at time `at`: limits of observations that are visible."""
        return self.filter(may_see(user, at=at, prefix="observation__"))


class ContrastCurve(models.Model):
    """How faint a companion could be and still be found, by its distance from the star of one observation.

    Lists have one number for each distance; one that is not known is null.
    """

    product = models.OneToOneField(Product, primary_key=True, on_delete=models.CASCADE, related_name="contrast")
    observation = models.ForeignKey(Observation, on_delete=models.CASCADE, related_name="contrasts")
    separations_arcsec = ArrayField(models.FloatField(), help_text="Distances from the star, arcsec, from near to far")
    delta_mags = ArrayField(models.FloatField(null=True), help_text="Limits: fainter than the star by so much, mag")
    throughputs = ArrayField(
        models.FloatField(null=True), help_text="Share of a companion's light that is left, 0 to 1"
    )
    thresholds = ArrayField(models.FloatField(), help_text="Times the scatter of its ring that a companion stands out")
    sigma = models.FloatField(help_text="False alarms are as rare as beyond so many standard deviations of a Gaussian")
    fwhm_arcsec = models.FloatField(
        null=True, help_text="Diameter of the apertures, the width of the star's core, arcsec; null: it is not told"
    )
    delta_mag_0p5 = models.FloatField(null=True, help_text="Limit at 0.5 arcsec, mag")
    delta_mag_1p0 = models.FloatField(null=True, help_text="Limit at 1 arcsec, mag")
    component_count = models.PositiveIntegerField(help_text="Patterns of the references that were taken out")
    reference_count = models.PositiveIntegerField(help_text="Images of other stars that were used")
    library_version = models.CharField(max_length=64, help_text="Of the PSF library that these are of; empty: another")
    measured_at = models.DateTimeField(help_text="UTC")

    objects = ContrastQuerySet.as_manager()

    class Meta:
        ordering = ["-measured_at", "-product_id"]

    def __str__(self) -> str:
        return f"contrast of {self.observation_id}"


class CompanionQuerySet(models.QuerySet["Companion"]):
    def visible_to(self, user: Reader, *, at: datetime) -> "CompanionQuerySet":
        """Keep what `user` may see at time `at`: companions in observations that are visible."""
        return self.filter(may_see(user, at=at, prefix="observation__"))


class Companion(models.Model):
    """Something that stands out of what is left of a star's light. Errors are one standard deviation."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="companions")
    observation = models.ForeignKey(Observation, on_delete=models.CASCADE, related_name="companions")
    number = models.PositiveSmallIntegerField(help_text="From 1, the brightest first")
    separation_arcsec = models.FloatField(help_text="Distance from the star, arcsec")
    separation_error_arcsec = models.FloatField()
    position_angle_deg = models.FloatField(null=True, help_text="North through east; null: north is not known")
    position_angle_error_deg = models.FloatField(null=True)
    delta_mag = models.FloatField(help_text="Fainter than the star by so much, mag")
    delta_mag_error = models.FloatField()
    t = models.FloatField(help_text="How far it stands out of its ring: Student's t")
    threshold = models.FloatField(help_text="What t has to be for a detection there")
    y_px = models.FloatField(help_text="From the star in the residual, rows")
    x_px = models.FloatField(help_text="The same, columns")

    objects = CompanionQuerySet.as_manager()

    class Meta:
        ordering = ["product", "number"]
        constraints = [models.UniqueConstraint(fields=["product", "number"], name="companion_once")]

    def __str__(self) -> str:
        return f"companion {self.number} of {self.observation_id}"
