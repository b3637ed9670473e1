"""The family of files that come of one opening of the shutter."""

from django.db import models
from django.db.models import Q

from archive.enums import ExposureKind


class Exposure(models.Model):
    """One exposure: its raw frame, reductions and catalogue belong together by name."""

    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ExposureKind])
    site_id = models.CharField(max_length=64)
    name = models.CharField(max_length=1000, help_text="What the names of its frames have in common")
    night = models.DateField(help_text="Local date at sunset")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "site_id", "name"], name="exposure_once"),
            models.CheckConstraint(name="exposure_has_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
