"""Who holds a programme, changed by superusers. One that nobody holds is orphaned: then it is the superusers'."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction

from archive.domain import people, people_rules
from archive.domain.people_changes import NO, YES, Doing, write
from archive.enums import PeopleChangeKind
from archive.errors import ConflictError, NotFoundError, UsageError
from archive.models import PeopleChange, Proposal

LONGEST_ID = 64
WHAT = "change who holds a programme"


@transaction.atomic
def add_programme(*, proposal_id: str, title: str, doing: Doing) -> Proposal:
    """Take a programme into the archive's list. Raises UsageError for no id, ConflictError when it is there."""
    _require(doing)
    if not 0 < len(proposal_id) <= LONGEST_ID or "\x00" in proposal_id:
        raise UsageError(f"give the programme's id as frames carry it, of up to {LONGEST_ID} letters.")
    made, is_new = Proposal.objects.get_or_create(id=proposal_id, defaults={"title": title})
    if not is_new:
        raise ConflictError(f"{proposal_id} is in the list already.")
    write(PeopleChangeKind.ADDED, doing, None, made, after=title or proposal_id)
    return made


@transaction.atomic
def set_member(*, proposal: Proposal, username: str, is_member: bool, doing: Doing) -> User:
    """Let a user hold a programme, or hold it no longer. Repeated, it changes nothing. Raises UsageError."""
    user = User.objects.filter(username=username.strip()).first() if "\x00" not in username else None
    if user is None:
        raise UsageError(f"there is no user {username.strip()[:150]!r}: add them first, or let them log in once.")
    set_programmes(user=user, proposals=[proposal.pk], is_held=is_member, doing=doing)
    return user


@transaction.atomic
def set_programmes(*, user: User, proposals: Collection[str], is_held: bool, doing: Doing) -> list[Proposal]:
    """Let a user hold these programmes, or hold them no longer; answers those for which that is new.

    Raises NotFoundError for a programme that is not there: then nothing is changed.
    """
    _require(doing)
    if not User.objects.select_for_update(no_key=True).filter(pk=user.pk).exists():
        raise NotFoundError("there is no such user any more.")
    found = _locked(proposals)
    held = set(user.proposals.values_list("pk", flat=True))
    changed = [proposal for proposal in found if (proposal.pk in held) != is_held]
    for proposal in changed:
        if is_held:
            proposal.members.add(user)
        else:
            proposal.members.remove(user)
        before, after = (NO, YES) if is_held else (YES, NO)
        write(PeopleChangeKind.HOLDS, doing, user, proposal, before=before, after=after)
    return changed


@transaction.atomic
def orphan(*, proposal: Proposal, doing: Doing) -> list[User]:
    """Take a programme from all who hold it by the archive's own list. Repeated, it changes nothing."""
    _require(doing)
    (locked,) = _locked([proposal.pk])
    members = list(locked.members.order_by("username"))
    for user in members:
        write(PeopleChangeKind.ORPHANED, doing, user, locked, before=YES, after=NO)
    locked.members.clear()
    return members


@transaction.atomic
def give_back(*, proposal: Proposal, doing: Doing) -> list[User]:
    """Undo `orphan`: give a programme back to those who held it. Raises ConflictError when there are none of them."""
    _require(doing)
    (locked,) = _locked([proposal.pk])
    users = former_holders(locked)
    if not users:
        raise ConflictError(f"nobody is left who held {locked.pk} when it was orphaned: add members by name.")
    for user in users:
        locked.members.add(user)
        write(PeopleChangeKind.HOLDS, doing, user, locked, before=NO, after=YES)
    return users


def former_holders(proposal: Proposal) -> list[User]:
    """Users from whom a programme was taken when it was last orphaned; none once somebody holds it again."""
    if proposal.members.exists():
        return []
    rows = PeopleChange.objects.filter(proposal_id=proposal.pk).order_by("-changed_at", "-pk")
    taken = rows.filter(kind=PeopleChangeKind.ORPHANED)
    newest = taken.first()
    if newest is None:
        return []
    # By id: somebody else may have come since under the name of one who was removed.
    ids = taken.filter(changed_at=newest.changed_at).values_list("user_id", flat=True)
    return list(User.objects.filter(pk__in=list(ids)).order_by("username"))


def _require(doing: Doing) -> None:
    by = User.objects.filter(pk=doing.by.pk).first() or User()
    people_rules.require_superuser(by, WHAT)


def _locked(proposals: Collection[str]) -> list[Proposal]:
    """These programmes, locked in the order of their ids."""
    names = [each.pk for each in people.proposals_named(proposals)]
    return list(Proposal.objects.select_for_update(no_key=True).filter(pk__in=names).order_by("pk"))
