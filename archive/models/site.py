"""Sites: their configurations, all that there ever were, and the notes of their nights."""

from django.db import models
from django.db.models import Q


class Site(models.Model):
    """One observing site, under the code that frames carry."""

    id = models.CharField(primary_key=True, max_length=64, help_text="As frames carry it, such as lsc")

    class Meta:
        constraints = [models.CheckConstraint(name="site_id_is_a_code", condition=Q(id__regex=r"^[A-Za-z0-9_-]+$"))]

    def __str__(self) -> str:
        return self.id


class SiteConfiguration(models.Model):
    """One version of a site's configuration. Rows are only ever added; the one with the highest number holds."""

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="configurations")
    number = models.PositiveIntegerField(help_text="1 for the first version of this site, and so on")
    configuration = models.JSONField(null=True, help_text="What holds from then on; null: it was deleted")
    # No foreign key: who changed it must stay known when the account is gone.
    changed_by = models.CharField(max_length=150, help_text="User name of who wrote it")
    changed_at = models.DateTimeField(help_text="UTC")

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["site", "number"], name="site_configuration_once")]

    def __str__(self) -> str:
        return f"{self.site_id} {self.number}"


class NightNote(models.Model):
    """A note on a night at a site, for a time."""

    class Audience(models.TextChoices):
        STAFF = "staff"
        ALL = "all"

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="notes")
    text = models.TextField()
    audience = models.CharField(max_length=8, choices=Audience.choices, help_text="Who may read it")
    written_by = models.CharField(max_length=150, help_text="User name")
    written_at = models.DateTimeField(help_text="UTC")
    expires_at = models.DateTimeField(db_index=True, help_text="Not shown from then on, UTC")

    class Meta:
        ordering = ["-written_at", "-id"]
        constraints = [models.CheckConstraint(name="night_note_says_something", condition=~Q(text=""))]

    def __str__(self) -> str:
        return f"{self.site_id} {self.written_at:%Y-%m-%d %H:%M}"
