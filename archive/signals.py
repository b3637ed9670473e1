"""What every new user gets at once, and what a login brings along."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.domain import carts
from archive.models import Profile


@receiver(post_save, sender=User)
def equip_user(sender: type[User], instance: User, created: bool, raw: bool = False, **_: object) -> None:  # noqa: ARG001, FBT001, FBT002 - Django's signature
    """Give a new user a profile and a token, so that scripts can start at once."""
    if created and not raw:
        Profile.objects.create(user=instance)
        Token.objects.create(user=instance)


@receiver(user_logged_in)
def bring_cart_along(sender: type[User], request: HttpRequest, user: User, **_: object) -> None:  # noqa: ARG001 - Django's signature
    """What was put into the cart before the login is in the cart of the user after it."""
    cart_id = request.session.pop(carts.IN_SESSION, None)
    moved = None if cart_id is None else carts.move_to(user, cart_id, at=timezone.now())
    if moved and moved.n_left_out:
        text = f"Your cart is full: {moved.n_left_out} frames of what you had put together found no room in it."
        messages.warning(request, text, fail_silently=True)
