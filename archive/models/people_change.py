"""Who changed users and programmes."""

from django.db import models
from django.db.models import F, Q

from archive.enums import PeopleChangeKind


class PeopleChange(models.Model):
    """One thing of a user, of a programme or of both, changed by a person. Rows are only ever added."""

    # No foreign keys: what was done stays known when user and programme are gone.
    user_id = models.BigIntegerField(null=True, blank=True, help_text="Id of the user; null: of a programme alone")
    username = models.CharField(max_length=150, default="", blank=True, help_text="Name of the user")
    proposal_id = models.CharField(max_length=64, default="", blank=True, help_text="Programme that it is about")
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in PeopleChangeKind])
    before = models.TextField(default="", blank=True, help_text="What it was")
    after = models.TextField(default="", blank=True, help_text="What it has been since")
    changed_by = models.CharField(max_length=150, help_text="User name")
    reason = models.TextField(default="", blank=True, help_text="Why, in that person's words; empty: not said")
    changed_at = models.DateTimeField(help_text="UTC")

    class Meta:
        ordering = ["-changed_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="people_change_says_who_and_what",
                condition=~Q(changed_by="") & (~Q(username="") | ~Q(proposal_id="")),
            ),
            models.CheckConstraint(
                name="people_change_of_user_by_id",
                condition=Q(username="", user_id=None) | (~Q(username="") & Q(user_id__isnull=False)),
            ),
            models.CheckConstraint(name="people_change_is_one", condition=~Q(before=F("after"))),
        ]
        indexes = [
            models.Index(fields=["-changed_at", "-id"], name="people_change_newest"),
            models.Index(fields=["user_id", "-changed_at", "-id"], name="people_change_by_user"),
            models.Index(fields=["proposal_id", "-changed_at", "-id"], name="people_change_by_proposal"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.username or self.proposal_id}, by {self.changed_by}"
