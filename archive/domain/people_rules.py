"""Who may change which users, and what of them: rules that pages show and that the changes themselves obey."""

from django.conf import settings
from django.contrib.auth.models import User

from archive.errors import ConflictError, UsageError
from archive.models import PortalMembership, is_staff

READER, STAFF, SUPERUSER = "reader", "staff", "superuser"
RIGHTS = (READER, STAFF, SUPERUSER)


def rights_of(user: User) -> str:
    """What a user may, in one word."""
    if user.is_superuser:
        return SUPERUSER
    return STAFF if user.is_staff else READER


def may_change(by: User, user: User) -> bool:
    """Superusers change everybody, staff those who are neither staff nor superuser: itself, so, never."""
    return is_staff(by) and (by.is_superuser or rights_of(user) == READER)


def may_open(by: User, user: User) -> bool:
    """Whether `by` may do what would let them in as `user`: change the address, or make a link that sets a password.

    An account that holds programmes shows what is not public, which staff does not see: only superusers open it. Where
    a portal knows people by their names, any account may hold some once its owner comes.
    """
    if by.is_superuser:
        return is_staff(by)
    return may_change(by, user) and not settings.PORTAL.checks_passwords and not holds_any(user)


def holds_any(user: User) -> bool:
    """Whether a user holds a programme, by either list."""
    return user.proposals.exists() or PortalMembership.objects.filter(user=user).exists()


def require_change(by: User, user: User) -> None:
    """Raise UsageError unless `by` may change `user`."""
    if not may_change(by, user):
        raise UsageError("superusers alone change staff and superusers, and you are none now. Ask one of them.")


def require_superuser(by: User, what: str) -> None:
    """Raise UsageError unless `by` is an active superuser."""
    if not (by.is_active and by.is_superuser):
        raise UsageError(f"superusers alone {what}. Ask one of them.")


def require_that_others_remain(by: User, user: User, *, what: str) -> None:
    """Raise ConflictError where somebody would lock themselves out, or the archive all who may let others in."""
    others = User.objects.filter(is_active=True, is_superuser=True).exclude(pk=user.pk)
    if user.is_active and user.is_superuser and not others.exists():
        raise ConflictError(f"{user.username} is the last active superuser: make another one first.")
    if by.pk == user.pk:
        raise ConflictError(f"nobody can {what} themselves. Ask another superuser.")
