"""Who is asking: tokens of the archive and of the portal, sessions, and Bearer tokens that the portal vouches for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from django.utils import timezone
from rest_framework import authentication, exceptions

from archive.api.login import count_failure, wait_s
from archive.domain import accounts
from archive.errors import NotFoundError

if TYPE_CHECKING:  # rest_framework.views reads the settings that name this module
    from django.contrib.auth.models import User
    from rest_framework.request import Request

BEARER = "Bearer "
LONGEST_BEARER = 8000


class TokenAuthentication(authentication.TokenAuthentication):
    """`Authorization: Token <key>`: first the archive's tokens, then the portal's keys."""

    def authenticate_credentials(self, key: str) -> tuple[User, Any]:
        user = accounts.user_of_token(key=key, at=timezone.now())
        if user is None:
            raise exceptions.AuthenticationFailed("Invalid token.")
        return user, None


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of the pages; writing needs its CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        found = cast("tuple[User, Any] | None", super().authenticate(request))
        if found is not None:
            accounts.refresh_proposals(found[0], at=timezone.now())
        return found


class BearerAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`: the observation portal says whose it is."""

    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        _, mark, token = request.META.get("HTTP_AUTHORIZATION", "").partition(BEARER)
        token = token.strip()
        if not mark:
            return None
        plain: HttpRequest = getattr(request, "_request", request)
        if not _is_plausible(token):
            raise exceptions.AuthenticationFailed("No Such User")
        if not accounts.knows_bearer(token=token) and (seconds := wait_s(plain)):
            raise exceptions.Throttled(seconds)  # whose guesses were refused too often; a token that is known passes
        try:
            return accounts.user_of_bearer(token=token, at=timezone.now()), None
        except NotFoundError as error:
            count_failure(plain)
            raise exceptions.AuthenticationFailed("No Such User") from error

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return "Bearer"


def _is_plausible(token: str) -> bool:
    return token.isascii() and token.isprintable() and 0 < len(token) <= LONGEST_BEARER
