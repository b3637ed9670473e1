"""Info images: the latest picture of a site's channel, such as its weather or its dome. They are no frames."""

from django.db import models
from django.db.models import Q

from archive.models.exposure import Exposure

FIRST_CHANNEL, LAST_CHANNEL = 1, 3
CHANNELS = range(FIRST_CHANNEL, LAST_CHANNEL + 1)


class InfoImage(models.Model):
    """One channel of a site: what was announced for it, and what it shows now."""

    site_id = models.CharField(max_length=64)
    channel = models.SmallIntegerField()
    announced_name = models.CharField(max_length=200, default="", help_text="Base name of the files that may come")
    announced_at = models.DateTimeField(null=True, help_text="UTC")
    exposure = models.OneToOneField(
        Exposure, null=True, on_delete=models.SET_NULL, related_name="info_image", help_text="What it shows"
    )
    expires_at = models.DateTimeField(null=True, db_index=True, help_text="When that ends, UTC")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site_id", "channel"], name="info_image_once"),
            models.UniqueConstraint(
                fields=["site_id", "announced_name"],
                condition=~Q(announced_name=""),
                name="info_image_announced_once",
            ),
            models.CheckConstraint(
                name="info_image_channel_in_range", condition=Q(channel__range=(FIRST_CHANNEL, LAST_CHANNEL))
            ),
            models.CheckConstraint(
                name="info_image_shown_expires", condition=Q(exposure__isnull=True) | Q(expires_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.site_id}#{self.channel}"
