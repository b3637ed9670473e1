"""Logins by name and password: guessing is limited, and what the archive does not know the portal may."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from archive.addresses import client_address
from archive.domain import accounts, limits, portal
from archive.errors import NotFoundError, TransientError

OF_NAME, OF_ADDRESS = "failed-logins-of-name", "failed-logins-of-address"


def wait_s(request: HttpRequest | None, username: str = "") -> int:
    """How long this address, or anybody with this name, has to wait before the next try; 0: not at all."""
    now = timezone.now()
    waits = [limits.seconds_left(OF_NAME, at=now)] if limits.is_used_up(OF_NAME, _folded(username), at=now) else []
    if request is not None and limits.is_used_up(OF_ADDRESS, client_address(request), at=now):
        waits.append(limits.seconds_left(OF_ADDRESS, at=now))
    return max(waits, default=0)


def count_failure(request: HttpRequest | None, username: str = "") -> None:
    """Remember a wrong password, or (without a name) a Bearer token that the portal refuses."""
    now = timezone.now()
    if username:
        limits.count(OF_NAME, _folded(username), at=now)
    if request is not None:
        limits.count(OF_ADDRESS, client_address(request), at=now)


def _folded(username: str) -> str:
    return username.strip().casefold()


class LoginLimits:
    """Lets nobody in; ends the login when there were too many failed ones."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> None:
        if username and password is not None and wait_s(request, username):
            raise PermissionDenied


class PortalPasswords(ModelBackend):
    """Asks the observation portal for a token with the name and the password. The password is kept nowhere."""

    def authenticate(
        self,
        request: HttpRequest | None,  # noqa: ARG002 - Django's signature
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> User | None:
        if not (settings.PORTAL.checks_passwords and username and password):
            return None
        try:
            tokens = portal.tokens_for_password(username=username, password=password)
            return accounts.user_of_login(tokens, at=timezone.now())
        except NotFoundError:
            return None


@receiver(user_login_failed)
def remember_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Count every failed login, whichever page or route it came by, unless it was refused without a look."""
    username = str(credentials.get("username") or "")
    if not wait_s(request, username):
        count_failure(request, username)


class LoginForm(AuthenticationForm):
    """The form of the pages' and of the admin's login, with the reason why nobody may log in just now."""

    def clean(self) -> dict[str, Any]:
        seconds = wait_s(self.request, self.cleaned_data.get("username", ""))
        if seconds:
            raise forms.ValidationError(f"Too many failed logins. Try again in {seconds} seconds.")
        try:
            return super().clean()
        except TransientError as error:
            raise forms.ValidationError(f"Your password could not be checked: {error}") from error
