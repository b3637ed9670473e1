"""Cached images: what was made of a version for readers to fetch, until nobody has asked for it for a while."""

from django.db import models
from django.db.models import Q

from archive.models.stored_object import StoredObject
from archive.models.version import Version


class CachedImage(models.Model):
    """One file made of one version in one way."""

    # Null once the version is gone, by whatever way it went: the row then only waits to be swept up with its bytes.
    version = models.ForeignKey(
        Version, null=True, on_delete=models.SET_NULL, related_name="cached_images", help_text="What it was made of"
    )
    kind = models.CharField(max_length=8, help_text="fits, tiff or jpeg")
    stretch = models.CharField(max_length=8, default="", help_text="asinh or linear; empty for FITS")
    size_px = models.PositiveIntegerField(default=0, help_text="Longest side that was asked for, px; 0: all pixels")
    code_version = models.PositiveSmallIntegerField(help_text="Which version of the code made it")
    object = models.OneToOneField(StoredObject, on_delete=models.CASCADE, related_name="cached_image")
    last_used_at = models.DateTimeField(help_text="When somebody last asked for it, give or take ten minutes, UTC")
    expires_at = models.DateTimeField(db_index=True, help_text="Not given out from then on, UTC")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "kind", "stretch", "size_px", "code_version"], name="cached_image_once"
            ),
            models.CheckConstraint(name="cached_image_has_kind", condition=~Q(kind="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.stretch} {self.size_px} of version {self.version_id}"
