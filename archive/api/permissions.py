"""Everybody reads what the visibility rule shows them; superusers write."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS, BasePermission

if TYPE_CHECKING:  # rest_framework.views reads the settings that name this module
    from rest_framework.request import Request
    from rest_framework.views import APIView


class SuperuserWrites(BasePermission):
    """Reads for all, writes for superusers: being staff alone is not enough."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        return request.method in SAFE_METHODS or bool(request.user and request.user.is_superuser)


class StaffWrites(BasePermission):
    """Reads for all, writes for staff and superusers."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        if request.method in SAFE_METHODS:
            return True
        return bool(request.user and (request.user.is_staff or request.user.is_superuser))


class StaffOnly(BasePermission):
    """Reads for staff."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        return bool(request.user and request.user.is_staff)


class SuperuserOnly(BasePermission):
    """Superusers, reading and writing."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        return bool(request.user and request.user.is_superuser)


class ServerKey(BasePermission):
    """`Authorization: Server <OAUTH_SERVER_KEY>`: the observation portal. Without a key set, nobody."""

    message = "Invalid or missing API Key."

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        wanted = f"Server {settings.OAUTH_SERVER_KEY}".encode()
        given = request.META.get("HTTP_AUTHORIZATION", "").encode(errors="surrogateescape")
        return bool(settings.OAUTH_SERVER_KEY) and hmac.compare_digest(given, wanted)


def shows_store_secret(request: Request) -> bool:
    """Whether a store that tells of objects shows OBJECT_EVENTS_SECRET; without one set, nobody does.

    Each server has a header of its own to show one in: Bearer (MinIO), the password of Basic (Ceph, SNS), or ours.
    """
    wanted = settings.OBJECT_EVENTS_SECRET.encode()
    scheme, _, shown = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            shown = base64.b64decode(shown, validate=True).decode("utf-8", "replace").partition(":")[2]
        except ValueError:
            shown = ""
    given = (request.META.get("HTTP_X_ARCHIVE_SECRET") or shown).encode(errors="surrogateescape")
    return bool(wanted) and hmac.compare_digest(given, wanted)
