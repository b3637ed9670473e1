"""What the archive keeps of a user beside Django's own row."""

from django.contrib.auth.models import User
from django.db import models


class Profile(models.Model):
    """One per user, made with the user."""

    user = models.OneToOneField(User, primary_key=True, on_delete=models.CASCADE, related_name="profile")
    portal_token = models.CharField(max_length=200, default="", blank=True, help_text="Key of the observation portal")

    def __str__(self) -> str:
        return f"profile of {self.user_id}"
