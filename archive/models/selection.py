"""Frozen selections: which bytes a download consists of, fixed once and for a time."""

import uuid

from django.contrib.auth.models import User
from django.db import models


class FrozenSelection(models.Model):
    """The members of one download, in their order: the same link gives the same bytes until it expires.

    Members are packed into two columns. A row for each would cost 70,000 rows, twice, for what is read only as a
    whole; docs/decisions/0013 has the figures.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        User,
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="Who may fetch it; null: anybody, because all was public when it was frozen",
    )
    created_at = models.DateTimeField(help_text="UTC")
    expires_at = models.DateTimeField(db_index=True, help_text="When its link ends, UTC")
    folder = models.CharField(max_length=200, help_text="Folder in the zip, and the zip's name without .zip")
    count = models.IntegerField(help_text="How many files")
    members = models.BinaryField(help_text="Frame, object, size, CRC-32, time and form of each, packed")
    names = models.BinaryField(help_text="Their names in the zip, UTF-8, a line each")

    class Meta:
        constraints = [
            models.CheckConstraint(name="selection_holds_something", condition=models.Q(count__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.folder} of {self.owner_id}"
