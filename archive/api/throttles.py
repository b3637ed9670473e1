"""DRF's door to the limit of requests of a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from rest_framework.throttling import BaseThrottle

from archive import metering

if TYPE_CHECKING:  # rest_framework.views reads the settings that name this module
    from rest_framework.request import Request
    from rest_framework.views import APIView


class ReaderThrottle(BaseThrottle):
    """Requests of one reader, as `archive.metering` counts them."""

    def __init__(self) -> None:
        self._wait_s = 0

    def allow_request(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - DRF's signature
        # Whom DRF has found stands on its own request; `user` of Django's is set with it.
        self._wait_s = metering.seconds_to_wait(request._request, at=timezone.now())  # noqa: SLF001 - DRF's own way
        return not self._wait_s

    def wait(self) -> float:
        return self._wait_s
