"""Who changed when frames become public."""

from django.db import models
from django.db.models import F, Q


class ReleaseChange(models.Model):
    """One frame's public date, changed by a person. Rows are only ever added."""

    # No foreign key: what was done stays known when the frame is gone.
    frame_id = models.BigIntegerField(help_text="Id of the frame")
    basename = models.CharField(max_length=1000, help_text="Name of the frame")
    proposal_id = models.CharField(max_length=64, default="", blank=True, help_text="Programme of the frame then")
    of_proposal = models.BooleanField(default=False, help_text="The whole programme was changed, not this frame alone")
    follows = models.BooleanField(default=False, help_text="It was changed with the frame that it was made of")
    before = models.DateTimeField(null=True, help_text="Public date before, UTC; null: never")
    after = models.DateTimeField(null=True, help_text="Public date since, UTC; null: never")
    changed_by = models.CharField(max_length=150, help_text="User name")
    reason = models.TextField(help_text="Why, in that person's words")
    changed_at = models.DateTimeField(help_text="UTC")

    class Meta:
        ordering = ["-changed_at", "-id"]
        constraints = [
            models.CheckConstraint(name="release_change_says_who_and_why", condition=~Q(changed_by="") & ~Q(reason="")),
            models.CheckConstraint(
                name="release_change_is_one",
                condition=~Q(before=F("after"))
                | Q(before=None, after__isnull=False)
                | Q(before__isnull=False, after=None),
            ),
        ]
        indexes = [
            models.Index(fields=["-changed_at", "-id"], name="release_change_newest"),
            models.Index(fields=["basename", "-changed_at"], name="release_change_by_frame"),
            models.Index(fields=["proposal_id", "-changed_at", "-id"], name="release_change_by_proposal"),
        ]

    def __str__(self) -> str:
        return f"{self.basename}, by {self.changed_by}"
