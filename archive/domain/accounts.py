"""Users: whose a token is, what the portal says of them, and when its list of their proposals has to be asked again.

Every way in ends with an active user or with none: whoever is deactivated is out at once, whatever they hold.
"""

import hashlib
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection, transaction
from rest_framework.authtoken.models import Token

from archive.domain import portal
from archive.domain.portal import PortalUser, Tokens
from archive.errors import NotFoundError, TransientError
from archive.models import PortalMembership, Profile

# One look-up for each request that carries a token; composing it takes the ORM five times as long as running it.
USER_FIELDS = [field.attname for field in User._meta.concrete_fields]  # noqa: SLF001 - Django's documented interface
PROFILE_FIELDS = [field.attname for field in Profile._meta.concrete_fields]  # noqa: SLF001
USER_OF_TOKEN = f"""
    SELECT {", ".join(f"auth_user.{name}" for name in USER_FIELDS)},
           {", ".join(f"profile.{name}" for name in PROFILE_FIELDS)}
    FROM authtoken_token AS token
    JOIN auth_user ON auth_user.id = token.user_id
    LEFT JOIN archive_profile AS profile ON profile.user_id = auth_user.id
    WHERE token.key = %s
"""  # noqa: S608 - names of columns


def user_of_token(*, key: str, at: datetime) -> User | None:
    """Active user of a token, one of the archive's or the portal's own key, with proposals that hold at `at`."""
    user = _find_by_token(key)
    if user is not None:
        refresh_proposals(user, at=at)
    return user


def _find_by_token(key: str) -> User | None:
    if not key or "\x00" in key:
        return None
    with connection.cursor() as cursor:
        cursor.execute(USER_OF_TOKEN, [key])
        row = cursor.fetchone()
    if row is not None:
        user = User.from_db(connection.alias, USER_FIELDS, row[: len(USER_FIELDS)])
        if row[len(USER_FIELDS)] is not None:  # the profile's key
            user.profile = Profile.from_db(connection.alias, PROFILE_FIELDS, row[len(USER_FIELDS) :])
        return user if user.is_active else None
    profile = Profile.objects.select_related("user").filter(portal_token=key).first()
    return profile.user if profile is not None and profile.user.is_active else None


def knows_bearer(*, token: str) -> bool:
    """Whether the portal has vouched for a Bearer token lately."""
    return cache.get(_bearer_key(token)) is not None


def _bearer_key(token: str) -> str:
    return f"bearer:{_digest(token)}"


def user_of_bearer(*, token: str, at: datetime) -> User:
    """User whom the portal knows by a Bearer token; made here if new. Its word holds for BEARER_CACHE_SECONDS.

    Raises NotFoundError when the portal refuses it or the user is not active, TransientError when the portal is away
    and has not been asked about this token lately.
    """
    key = _bearer_key(token)
    pk, asked_at = cache.get(key) or (None, 0.0)
    if pk is None or at.timestamp() - asked_at >= settings.PORTAL.bearer_holds_s:
        try:
            pk = _remember_bearer(token, at=at).pk
            cache.set(key, (pk, at.timestamp()), settings.PORTAL.proposals_hold.total_seconds())
        except NotFoundError:
            cache.delete(key)
            raise
        except TransientError:
            if pk is None:
                raise
    user = User.objects.select_related("profile").filter(pk=pk, is_active=True).first()
    if user is None:
        raise NotFoundError("No Such User")
    return user


def _remember_bearer(token: str, *, at: datetime) -> User:
    told = portal.user_of(f"Bearer {token}")
    user = remember(told, at=at)
    profile = _profile_of(user)
    if user.is_active and not profile.portal_token and not profile.refresh_token and profile.access_token != token:
        profile.access_token, profile.client_id = token, ""
        profile.save(update_fields=["access_token", "client_id"])
    return user


def user_of_login(tokens: Tokens, *, at: datetime) -> User:
    """User who has just logged in at the portal, with the rights that the portal gives them.

    Raises NotFoundError when the portal refuses the token or the user is not active here.
    """
    told = portal.user_of(f"Bearer {tokens.access}")
    user = remember(told, at=at)
    if not user.is_active:
        raise NotFoundError("This user is not active here.")
    for name in ("first_name", "last_name", "email", "is_staff", "is_superuser"):
        setattr(user, name, getattr(told, name))
    user.save(update_fields=["first_name", "last_name", "email", "is_staff", "is_superuser"])
    _keep_tokens(_profile_of(user), tokens)
    return user


@transaction.atomic
def remember(told: PortalUser, *, at: datetime) -> User:
    """Make or update the user whom the portal describes, with key and proposals. An inactive one is left alone."""
    user = _account(told.username)
    if user.is_active:
        profile = _profile_of(user)
        if profile.staff_view != told.staff_view:
            profile.staff_view = told.staff_view
            profile.save(update_fields=["staff_view"])
        take_portal_token(profile, told.api_token or profile.portal_token)
        _keep_proposals(profile, told.proposals, at=at)
    return user


@transaction.atomic
def update_account(*, username: str, fields: dict[str, Any], staff_view: bool | None, api_token: str | None) -> User:
    """What the portal tells by itself of one account; None and names that are left out change nothing."""
    user = _account(username)
    for name, value in fields.items():
        setattr(user, name, value)
    user.save(update_fields=list(fields))
    profile = _profile_of(user)
    if staff_view is not None:
        profile.staff_view = staff_view
        profile.save(update_fields=["staff_view"])
    if api_token is not None:
        take_portal_token(profile, api_token)
    return user


def _account(username: str) -> User:
    """The user of that name; a new one has no password here."""
    user, _ = User.objects.get_or_create(username=username, defaults={"password": make_password(None)})
    return user


def _profile_of(user: User) -> Profile:
    """Profile of a user; made here for one that came without, from a fixture or another archive."""
    try:
        profile: Profile = user.profile
    except Profile.DoesNotExist:
        profile, _ = Profile.objects.get_or_create(user=user)
    return profile


def take_portal_token(profile: Profile, token: str) -> None:
    """Keep the portal's key of a user, unless the user has revoked that very key here."""
    if token in {profile.portal_token, "\x00"} or (token and _digest(token) == profile.revoked_portal_token):
        return
    # A key opens one account: whoever held it before has another one now.
    Profile.objects.filter(portal_token=token).exclude(portal_token="").update(portal_token="")
    profile.portal_token = token
    profile.portal_checked_at = None
    profile.save(update_fields=["portal_token", "portal_checked_at"])


@transaction.atomic
def revoke_tokens(user: User) -> None:
    """Put another token in place of the user's own, and forget the portal's key for good."""
    Token.objects.filter(user=user).delete()
    Token.objects.create(user=user)
    profile = Profile.objects.select_for_update().get(pk=_profile_of(user).pk)
    if profile.portal_token:
        profile.revoked_portal_token = _digest(profile.portal_token)
    profile.portal_token = ""
    profile.save(update_fields=["portal_token", "revoked_portal_token"])


def refresh_proposals(user: User, *, at: datetime) -> None:
    """Ask the portal for a user's proposals when its last word is too old. Superusers see everything without."""
    profile = _profile_of(user)
    asked_at = profile.portal_checked_at
    if user.is_superuser or (asked_at is None and not profile.has_portal_access):
        return
    if not profile.has_portal_access:
        _forget_proposals(profile)
        return
    if asked_at is not None and at - asked_at < settings.PORTAL.proposals_hold:
        return
    try:
        proposals = _proposals_of(profile)
    except TransientError:
        if asked_at is not None and at - asked_at >= settings.PORTAL.proposals_hold_while_away:
            _forget_proposals(profile)
        return
    _keep_proposals(profile, proposals, at=at)


def _proposals_of(profile: Profile) -> tuple[str, ...]:
    """The portal's list, by whatever the archive holds of this user; none when it refuses all of that."""
    if profile.portal_token:
        try:
            return portal.user_of(f"Token {profile.portal_token}").proposals
        except NotFoundError:
            pass  # this key is no longer the portal's: perhaps the login still holds
    if profile.access_token:
        try:
            return portal.user_of(f"Bearer {profile.access_token}").proposals
        except NotFoundError:
            pass  # it has run out
    if profile.refresh_token:
        try:
            tokens = portal.tokens_for_refresh(refresh=profile.refresh_token, client_id=profile.client_id)
            _keep_tokens(profile, tokens)
            return portal.user_of(f"Bearer {tokens.access}").proposals
        except NotFoundError:
            _keep_tokens(profile, Tokens("", "", ""))
    return ()


def _keep_tokens(profile: Profile, tokens: Tokens) -> None:
    profile.access_token, profile.refresh_token = tokens.access, tokens.refresh
    profile.client_id = tokens.client_id
    profile.save(update_fields=["access_token", "refresh_token", "client_id"])


@transaction.atomic
def _keep_proposals(profile: Profile, proposals: tuple[str, ...], *, at: datetime) -> None:
    """Replace the portal's list of a user; an empty list is kept like any other."""
    held = PortalMembership.objects.filter(user_id=profile.pk)
    held.exclude(proposal_id__in=proposals).delete()
    new = [PortalMembership(user_id=profile.pk, proposal_id=each) for each in proposals]
    PortalMembership.objects.bulk_create(new, ignore_conflicts=True)
    profile.portal_checked_at = at
    profile.save(update_fields=["portal_checked_at"])


def _forget_proposals(profile: Profile) -> None:
    with transaction.atomic():
        PortalMembership.objects.filter(user_id=profile.pk).delete()
        profile.portal_checked_at = None
        profile.save(update_fields=["portal_checked_at"])


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
