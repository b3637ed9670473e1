"""The observation portal of the tests: a real issuer (tests/oauth_issuer), and sockets that behave badly."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import requests

from archive.domain.portal_settings import Client, PortalSettings

TIMEOUT_S = 10


@dataclass(frozen=True)
class Portal:
    """`portal.person("alice", api_token="…", proposals=["PROP001"])`, and the settings that lead the archive there."""

    url: str

    def settings(self, base: PortalSettings) -> PortalSettings:
        return replace(
            base,
            token_url=f"{self.url}/o/token/",
            profile_url=f"{self.url}/api/profile/",
            authorize_url=f"{self.url}/o/authorize/",
            client=Client("archive", "archive-secret"),
            login_client=Client("archive-login", "archive-login-secret"),
        )

    def person(self, username: str, **told: Any) -> None:
        """Make or change a user there: password, bearer, api_token, proposals, is_staff, …"""
        self._control("person", json={"username": username, **told})

    def expire_tokens(self) -> None:
        self._control("expire")

    def forget(self) -> None:
        self._control("forget")

    @property
    def calls(self) -> int:
        """How often it was asked for a profile."""
        return int(requests.get(f"{self.url}/control/calls/", timeout=TIMEOUT_S).json()["profile"])

    def _control(self, verb: str, **parts: Any) -> None:
        requests.post(f"{self.url}/control/{verb}/", timeout=TIMEOUT_S, **parts).raise_for_status()


def away(settings: PortalSettings, url: str) -> PortalSettings:
    """The same portal at another address."""
    return replace(settings, token_url=f"{url}/o/token/", profile_url=f"{url}/api/profile/")


@contextmanager
def closed_port() -> Iterator[str]:
    """An address where nobody listens, and where nobody else can begin to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def silent_server() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen(16)
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
