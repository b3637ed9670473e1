"""What every new user gets at once."""

from django.contrib.auth.models import User
from django.db.models.signals import post_save
from django.dispatch import receiver
from rest_framework.authtoken.models import Token

from archive.models import Profile


@receiver(post_save, sender=User)
def equip_user(sender: type[User], instance: User, created: bool, raw: bool = False, **_: object) -> None:  # noqa: ARG001, FBT001, FBT002 - Django's signature
    """Give a new user a profile and a token, so that scripts can start at once."""
    if created and not raw:
        Profile.objects.create(user=instance)
        Token.objects.create(user=instance)
