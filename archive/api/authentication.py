"""Tokens: the archive's own, and the observation portal's key that a user may use instead."""

from typing import Any

from django.contrib.auth.models import User
from rest_framework import authentication, exceptions

from archive.models import Profile


class TokenAuthentication(authentication.TokenAuthentication):
    """`Authorization: Token <key>`: first the archive's tokens, then the portal's keys."""

    def authenticate_credentials(self, key: str) -> tuple[User, Any]:
        try:
            return super().authenticate_credentials(key)
        except exceptions.AuthenticationFailed:
            profile = Profile.objects.select_related("user").filter(portal_token=key, user__is_active=True).first()
            if profile is None or not key:
                raise
            return profile.user, None
