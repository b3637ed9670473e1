"""Users, changed by people: made, edited, shut out, removed. Each change is told with who made it and when.

Rows are locked first: who asks, whom it is about and all superusers, in the order of their ids. The rules are then
asked of what those rows say, so that two who demote each other at once do not leave the archive without a superuser.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q

from archive.domain import accounts, people, people_rules
from archive.domain.people_rules import READER, STAFF, SUPERUSER
from archive.domain.people_traces import traces_of
from archive.enums import PeopleChangeKind
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import PeopleChange, Proposal

logger = structlog.get_logger(__name__)

YES, NO = "yes", "no"
COLUMNS = {"email": PeopleChangeKind.EMAIL, "first_name": PeopleChangeKind.NAME, "last_name": PeopleChangeKind.NAME}


@dataclass(frozen=True, slots=True)
class Doing:
    """Who does something, when, and why, if they say so."""

    by: User
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be made. Without a password: the portal lets them in, or a link with which they set one."""

    username: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    rights: str = READER
    programmes: Collection[str] = ()


@transaction.atomic
def add_user(*, new: NewUser, doing: Doing) -> User:
    """Make a user, with the programmes that they shall hold.

    Raises UsageError for what only superusers may give, NotFoundError for programmes that are not there, ConflictError
    when somebody is called so already, whether in small letters or in large ones.
    """
    by, _ = _locked(doing.by.pk, doing)
    if new.rights != READER or new.programmes:
        people_rules.require_superuser(by, "make staff, or give programmes")
    people_rules.require_change(by, User())
    programmes = people.proposals_named(new.programmes)
    if User.objects.filter(username__iexact=new.username).exists():
        raise ConflictError(f"there is a user {new.username} already.")
    columns = {"email": new.email, "first_name": new.first_name, "last_name": new.last_name, **_flags(new.rights)}
    try:
        with transaction.atomic():
            user = User.objects.create(username=new.username, password=make_password(None), **columns)
    except IntegrityError as error:  # by a form that was sent twice at once
        raise ConflictError(f"there is a user {new.username} already.") from error
    write(PeopleChangeKind.ADDED, doing, user, after=new.rights)
    for programme in programmes:
        programme.members.add(user)
        write(PeopleChangeKind.HOLDS, doing, user, programme, before=NO, after=YES)
    return user


@transaction.atomic
def edit_user(*, user_id: int, columns: Mapping[str, str], doing: Doing) -> User:
    """Change address and names. Repeated, it changes nothing. Raises UsageError for what is not theirs to change."""
    by, user = _locked(user_id, doing)
    people_rules.require_change(by, user)
    changed = {name: value for name, value in columns.items() if getattr(user, name) != value}
    if "email" in changed and not people_rules.may_open(by, user):
        raise UsageError("superusers alone change this address, which could open the account. Ask one of them.")
    before = {kind: _told(user, kind) for kind in COLUMNS.values()}
    for name, value in changed.items():
        setattr(user, name, value)
    user.save(update_fields=list(changed))
    for kind, was in before.items():
        if was != (now := _told(user, kind)):
            write(kind, doing, user, before=was, after=now)
    return user


def _told(user: User, kind: PeopleChangeKind) -> str:
    """Address or name, as the list of changes has it."""
    return user.email if kind is PeopleChangeKind.EMAIL else f"{user.first_name} {user.last_name}".strip()


@transaction.atomic
def set_rights(*, user_id: int, rights: str, doing: Doing) -> User:
    """Make a user reader, staff or superuser. Repeated, it changes nothing.

    Raises UsageError unless a superuser asks, ConflictError when it is about themselves, or leaves no superuser.
    """
    by, user = _locked(user_id, doing)
    people_rules.require_superuser(by, "say what users may do")
    was = people_rules.rights_of(user)
    if was == rights:
        return user
    people_rules.require_that_others_remain(by, user, what="change the rights of")
    for name, value in _flags(rights).items():
        setattr(user, name, value)
    user.save(update_fields=["is_staff", "is_superuser"])
    write(PeopleChangeKind.RIGHTS, doing, user, before=was, after=rights)
    return user


@transaction.atomic
def set_active(*, user_id: int, is_active: bool, doing: Doing) -> User:
    """Shut a user out at once, whatever they hold, or let them in again. Repeated, it changes nothing.

    Raises UsageError for a user that is not theirs to change, ConflictError when it is about themselves.
    """
    by, user = _locked(user_id, doing)
    people_rules.require_change(by, user)
    if user.is_active == is_active:
        return user
    if not is_active:
        people_rules.require_that_others_remain(by, user, what="deactivate")
    user.is_active = is_active
    user.save(update_fields=["is_active"])
    before, after = (NO, YES) if is_active else (YES, NO)
    write(PeopleChangeKind.ACTIVE, doing, user, before=before, after=after)
    return user


@transaction.atomic
def remove_user(*, user_id: int, doing: Doing) -> None:
    """Remove a user of whom nothing else tells. Token, cart, sessions and programmes go with the row.

    Raises ConflictError where something would lose its author or its owner: such a user is deactivated instead.
    """
    by, user = _locked(user_id, doing)
    people_rules.require_change(by, user)
    people_rules.require_that_others_remain(by, user, what="remove")
    if traces := traces_of(user):
        raise ConflictError(f"{user.username} has {', '.join(traces)}: deactivate the user instead.")
    for programme in user.proposals.order_by("pk"):
        write(PeopleChangeKind.HOLDS, doing, user, programme, before=YES, after=NO)
    write(PeopleChangeKind.REMOVED, doing, user, before=people_rules.rights_of(user))
    user.delete()


@transaction.atomic
def revoke_tokens(*, user_id: int, doing: Doing) -> User:
    """Put another token in place of a user's own. Raises UsageError unless a superuser asks."""
    by, user = _locked(user_id, doing)
    people_rules.require_superuser(by, "revoke tokens")
    accounts.revoke_tokens(user)
    write(PeopleChangeKind.TOKENS, doing, user, after="revoked")
    return user


@transaction.atomic
def note_link(*, user_id: int, doing: Doing) -> User:
    """Let somebody have a link with which a user sets a password: noted before it is made.

    Raises UsageError when it is not theirs to make, ConflictError when the user may not log in anyway.
    """
    by, user = _locked(user_id, doing)
    if not people_rules.may_open(by, user):
        raise UsageError("superusers alone make a link for this user. Ask one of them.")
    if not user.is_active:
        raise ConflictError(f"{user.username} is deactivated: let them in again first.")
    write(PeopleChangeKind.LINK, doing, user, after=f"made, for {user.email or 'handing over'}")
    return user


def write(
    kind: PeopleChangeKind,
    doing: Doing,
    user: User | None,
    programme: Proposal | None = None,
    *,
    before: str = "",
    after: str = "",
) -> None:
    """Write who did what to whom."""
    row = PeopleChange.objects.create(
        kind=kind.value,
        user_id=None if user is None else user.pk,
        username="" if user is None else user.username,
        proposal_id="" if programme is None else programme.pk,
        before=before,
        after=after,
        changed_by=doing.by.get_username(),
        reason=doing.reason,
        changed_at=doing.at,
    )
    logger.info("people_changed", kind=row.kind, user=row.username, proposal_id=row.proposal_id, by=row.changed_by)


def _locked(user_id: int, doing: Doing) -> tuple[User, User]:
    """Who asks, and whom it is about, as their rows say now. Raises NotFoundError, UsageError."""
    rows = User.objects.select_for_update(no_key=True).filter(Q(pk__in=[user_id, doing.by.pk]) | Q(is_superuser=True))
    found = {user.pk: user for user in rows.order_by("pk")}
    if user_id not in found:
        raise NotFoundError("there is no such user any more.")
    if doing.by.pk not in found:
        raise UsageError("your own account is gone.")
    return found[doing.by.pk], found[user_id]


def _flags(rights: str) -> dict[str, bool]:
    if rights not in people_rules.RIGHTS:
        raise UsageError("choose reader, staff or superuser.")
    return {"is_staff": rights in {STAFF, SUPERUSER}, "is_superuser": rights == SUPERUSER}
