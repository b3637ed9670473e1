"""Searches that people keep, and what they are told when new frames match."""

from django.contrib.auth.models import User
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from archive.enums import NoticeWay


class SavedSearch(models.Model):
    """Terms of a list of frames that somebody keeps, and how they want to hear of new ones."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=100, help_text="What the owner calls it")
    query = models.TextField(default="", blank=True, help_text="Terms of /frames/, as they stand in an address")
    way = models.CharField(max_length=8, choices=[(way.value, way.value) for way in NoticeWay])
    address = models.CharField(max_length=500, default="", blank=True, help_text="Of a webhook; mail goes to its owner")
    secret = models.CharField(max_length=64, help_text="Key of the signatures of a webhook's requests")
    site_url = models.CharField(max_length=200, help_text="Address of the archive as its owner knows it")
    is_active = models.BooleanField(default=True, help_text="False: paused, by its owner or after too many failures")
    fault = models.TextField(default="", blank=True, help_text="Why the last notice could not be delivered; else empty")
    position = models.BigIntegerField(help_text="Position of the last event that was looked at for it")
    created_at = models.DateTimeField(help_text="UTC")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_search_once"),
            models.CheckConstraint(name="saved_search_has_name", condition=~Q(name="")),
        ]
        indexes = [models.Index(fields=["position"], name="saved_search_active", condition=Q(is_active=True))]

    def __str__(self) -> str:
        return self.name


class SearchNotice(models.Model):
    """New frames of a search that its owner is yet to be told of, or was."""

    search = models.ForeignKey(SavedSearch, on_delete=models.CASCADE, related_name="notices")
    position = models.BigIntegerField(help_text="Position of the last of its events")
    frame_ids = ArrayField(models.BigIntegerField(), help_text="In the order in which they came")
    attempts = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField(help_text="When it is tried next, UTC")
    delivered_at = models.DateTimeField(null=True, help_text="UTC; null: not yet")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["search", "position"], name="search_notice_once")]
        indexes = [
            models.Index(fields=["not_before"], name="search_notice_waiting", condition=Q(delivered_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.search_id} up to {self.position}"
