"""Versions and thumbnails: a frame's bytes, and its small pictures."""

from django.db import models
from django.db.models import Q

from archive.models.frame import Frame
from archive.models.stored_object import MD5_PATTERN, StoredObject


class Version(models.Model):
    """One set of bytes that stands, or stood, for a frame."""

    frame = models.ForeignKey(Frame, on_delete=models.CASCADE, related_name="versions")
    object = models.OneToOneField(StoredObject, on_delete=models.PROTECT, related_name="version")
    extension = models.CharField(max_length=20, help_text="File name from its first dot on")
    md5 = models.CharField(max_length=32)
    is_fits = models.BooleanField(help_text="FITS files are unique by MD5 in the whole archive")
    created = models.DateTimeField(help_text="When it became the newest, UTC")
    preview_attempts = models.SmallIntegerField(default=0, help_text="How often its previews were begun and not made")

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["frame", "md5"], name="version_once_per_frame"),
            models.UniqueConstraint(fields=["md5"], condition=Q(is_fits=True), name="version_fits_once"),
            models.CheckConstraint(name="version_md5_is_hex", condition=Q(md5__regex=MD5_PATTERN)),
        ]
        indexes = [
            models.Index(fields=["md5"], name="version_by_md5"),  # asked by every ingester before every file
            models.Index(fields=["-created", "-id"], name="version_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.frame_id}{self.extension} {self.md5}"


class Thumbnail(models.Model):
    """One small picture of a frame."""

    frame = models.ForeignKey(Frame, on_delete=models.CASCADE, related_name="thumbnails")
    object = models.OneToOneField(StoredObject, on_delete=models.PROTECT, related_name="thumbnail")
    # A client may send a thumbnail of a frame that has no bytes yet.
    version = models.ForeignKey(Version, null=True, on_delete=models.CASCADE, help_text="Bytes that it shows, if known")
    size = models.CharField(max_length=20, help_text="One of THUMBNAIL_SIZE_CHOICES")
    basename = models.CharField(max_length=1000, unique=True)
    extension = models.CharField(max_length=20)
    width_px = models.PositiveIntegerField(null=True, help_text="Width, px; null when a client made it")
    height_px = models.PositiveIntegerField(null=True, help_text="Height, px; null when a client made it")

    class Meta:
        constraints = [models.CheckConstraint(name="thumbnail_has_size", condition=~Q(size=""))]

    def __str__(self) -> str:
        return f"{self.basename} ({self.size})"

    @property
    def filename(self) -> str:
        return self.basename + self.extension
