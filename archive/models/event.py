"""The outbox: what happened, written in the transaction in which it happened."""

import uuid

from django.db import models
from django.db.models import Q

from archive.enums import EventName


class Event(models.Model):
    """One thing that happened.

    `position` is given by the relay after commit, without gaps, in the order in which readers see events: sequence
    numbers are not in commit order, and a reader that remembers the last one would lose rows.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="The same in every telling")
    position = models.BigIntegerField(null=True, unique=True, help_text="Place in the stream; null until relayed")
    name = models.CharField(max_length=64, choices=[(name.value, name.value) for name in EventName])
    # No foreign key: what happened stays true when the frame is gone.
    frame_id = models.BigIntegerField(null=True, db_index=True)
    body = models.JSONField(help_text="What subscribers are told")
    # Null for nearly all: the rule asks the frame itself, which may have become public since.
    subject = models.JSONField(
        null=True, help_text="Columns of a frame that has no row any more, or never had one; told to nobody"
    )
    to_fits_exchange = models.BooleanField(default=False, help_text="Goes to the exchange of new FITS frames as well")
    created_at = models.DateTimeField(help_text="UTC")
    fault = models.TextField(default="", help_text="Why no broker will ever take it; empty otherwise")
    published_at = models.DateTimeField(null=True, help_text="When the broker confirmed it, UTC")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="event_published_has_position",
                condition=Q(published_at__isnull=True) | Q(position__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="event_unpublished", condition=Q(published_at__isnull=True)),
            # What the relay asks for many times a second: both are empty when nothing waits.
            models.Index(fields=["id"], name="event_without_position", condition=Q(position__isnull=True)),
            models.Index(
                fields=["position"],
                name="event_to_publish",
                condition=Q(published_at__isnull=True, position__isnull=False, fault=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.uuid}"
