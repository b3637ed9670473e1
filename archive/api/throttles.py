"""How many requests a reader may make: anonymous ones by address, users by name, staff without a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.throttling import BaseThrottle

from archive.api.addresses import client_address
from archive.domain import limits

if TYPE_CHECKING:  # rest_framework.views reads the settings that name this module
    from rest_framework.request import Request
    from rest_framework.views import APIView


class _Throttle(BaseThrottle):
    scope: str

    def name_of(self, request: Request) -> str | None:
        """Whose requests are counted together; None: this throttle is not theirs."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        limit, name = limits.limit_of(self.scope), self.name_of(request)
        return limit is None or name is None or limits.count(self.scope, name, at=timezone.now()) <= limit.most

    def wait(self) -> float:
        return limits.seconds_left(self.scope, at=timezone.now())


class AnonymousThrottle(_Throttle):
    """Requests without a user, by address."""

    scope = "anonymous"

    def name_of(self, request: Request) -> str | None:
        return None if request.user.is_authenticated else client_address(request._request)  # noqa: SLF001 - DRF's own way


class UserThrottle(_Throttle):
    """Requests of users who are not staff."""

    scope = "user"

    def name_of(self, request: Request) -> str | None:
        user = request.user
        return None if not user.is_authenticated or user.is_staff else str(user.pk)
