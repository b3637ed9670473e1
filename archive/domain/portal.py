"""The observation portal, asked over HTTP: whose a token is, what proposals they have, tokens for a login.

It is asked with a time-out, and left alone for a while after it did not answer: readers do not wait for it in a row.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from django.conf import settings
from django.core.cache import cache

from archive.domain.portal_settings import Client
from archive.errors import NotFoundError, TransientError
from archive.models.proposal import ALL_PROGRAMMES

REFUSALS = {400, 401, 403, 404}
LONGEST_NAME = 150  # of a user, as Django keeps it
LONGEST_PROPOSAL = 64
LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class PortalUser:
    """A user as the portal describes them."""

    username: str
    first_name: str
    last_name: str
    email: str
    is_staff: bool
    is_superuser: bool
    staff_view: bool
    api_token: str = field(repr=False)
    proposals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the portal gives for a login."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    client_id: str


def user_of(authorization: str) -> PortalUser:
    """Ask who is meant by an Authorization header.

    Raises NotFoundError when the portal refuses it, TransientError when the portal does not answer.
    """
    answer = _asked("GET", settings.PORTAL.profile_url, headers={"Authorization": authorization})
    username = _text(answer, "username")
    if not username or len(username) > LONGEST_NAME:
        raise TransientError("the observation portal names no user: try again later.")
    profile, key = _mapping(answer.get("profile")), _text(_mapping(answer.get("tokens")), "api_token")
    return PortalUser(
        username=username,
        first_name=_text(answer, "first_name")[:LONGEST_NAME],
        last_name=_text(answer, "last_name")[:LONGEST_NAME],
        email=_text(answer, "email")[:254],
        is_staff=answer.get("is_staff") is True,
        is_superuser=answer.get("is_superuser") is True,
        staff_view=profile.get("staff_view") is True,
        api_token=key if len(key) <= LONGEST_KEY else "",
        proposals=_proposals(answer.get("proposals")),
    )


def tokens_for_password(*, username: str, password: str) -> Tokens:
    """Log in by name and password. Raises NotFoundError for a wrong one, TransientError when nobody answers."""
    return _granted(settings.PORTAL.client, grant_type="password", username=username, password=password)


def tokens_for_code(*, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """End a login in the browser: `verifier` is what its PKCE challenge was made of."""
    client = settings.PORTAL.login_client
    grant = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": redirect_uri}
    return _granted(client, **grant)


def tokens_for_refresh(*, refresh: str, client_id: str) -> Tokens:
    """New tokens for those that have run out."""
    client = settings.PORTAL.client_with(client_id)
    return _granted(client, grant_type="refresh_token", refresh_token=refresh)


def _granted(client: Client, **grant: str) -> Tokens:
    secret = {"client_secret": client.secret} if client.secret else {}
    answer = _asked("POST", settings.PORTAL.token_url, data={**grant, "client_id": client.id, **secret})
    access = _text(answer, "access_token")
    if not access:
        raise TransientError("the observation portal gives no token: try again later.")
    return Tokens(access, _text(answer, "refresh_token"), client.id)


def _asked(method: str, url: str, **parts: Any) -> dict[str, Any]:
    """Body of the portal's answer. A portal that was away is not asked again for OAUTH_RETRY_SECONDS."""
    portal = settings.PORTAL
    away = f"portal-away:{hashlib.sha256(url.encode()).hexdigest()}"
    if cache.get(away):
        raise TransientError("the observation portal does not answer: try again later.")
    try:
        answer = requests.request(method, url, timeout=portal.timeout_s, **parts)
        if answer.status_code in REFUSALS:
            raise NotFoundError("the observation portal refuses these credentials.")
        answer.raise_for_status()
        return _mapping(answer.json())
    except (requests.RequestException, ValueError) as error:
        if portal.retry_after_s:
            cache.set(away, 1, portal.retry_after_s)
        raise TransientError(f"the observation portal does not answer ({type(error).__name__}).") from error


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _text(answer: Mapping[str, Any], name: str) -> str:
    """Text of one name; none for what PostgreSQL can not keep."""
    value = answer.get(name)
    return value if isinstance(value, str) and "\x00" not in value else ""


def _proposals(listed: object) -> tuple[str, ...]:
    """Ids that frames can carry. All programmes at once are not the portal's to give, whatever it calls a proposal."""
    rows = listed if isinstance(listed, list) else []
    ids = {_text(_mapping(row), "id") for row in rows} - {ALL_PROGRAMMES}
    return tuple(sorted(each for each in ids if 0 < len(each) <= LONGEST_PROPOSAL))
