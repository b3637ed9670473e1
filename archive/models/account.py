"""What the archive keeps of a user beside Django's own row."""

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q


class Profile(models.Model):
    """One per user, made with the user."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="profile")
    portal_token = models.CharField(max_length=200, default="", blank=True, help_text="Key of the observation portal")
    revoked_portal_token = models.CharField(
        max_length=64, default="", blank=True, help_text="SHA-256 of the last revoked key, which is never taken again"
    )
    staff_view = models.BooleanField(default=False, help_text="The portal shows this user what its staff sees")
    # Of the user's last login through the portal: the list of proposals is asked for with it when there is no key.
    access_token = models.TextField(default="", blank=True)
    refresh_token = models.TextField(default="", blank=True)
    client_id = models.CharField(max_length=200, default="", blank=True, help_text="OAuth client they were given to")
    portal_checked_at = models.DateTimeField(
        null=True, blank=True, help_text="When the portal last told this user's proposals, UTC"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="profile_portal_token_once", fields=["portal_token"], condition=~Q(portal_token="")
            )
        ]

    def __str__(self) -> str:
        return f"profile of {self.user_id}"

    @property
    def has_portal_access(self) -> bool:
        """Whether the archive can ask the portal in this user's name."""
        return bool(self.portal_token or self.access_token or self.refresh_token)
