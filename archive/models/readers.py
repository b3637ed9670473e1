"""Who may see a row that has a public date and a proposal: the one rule, for frames, families and observations."""

from datetime import datetime

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import F, Q

from archive.models.proposal import Proposal

Reader = User | AnonymousUser


def is_staff(user: Reader) -> bool:
    """Whether `user` is one of those who run the archive: told who did what, and let change what others only see."""
    return user.is_active and (user.is_staff or user.is_superuser)


def may_see(user: Reader, *, at: datetime | F, prefix: str = "") -> Q:
    """What `user` may see at time `at`, as a condition on rows, or on rows that name one with `prefix`.

    Everybody sees what has become public; members of a proposal see all that is of it, those of ALL_PROGRAMMES what is
    of any; superusers see everything, and alone what is of none.
    """
    if user.is_active and user.is_superuser:
        return Q()
    public = Q(**{f"{prefix}public_date__lte": at})
    if not user.is_active or user.is_anonymous:
        return public
    of_mine = Q(**{f"{prefix}proposal_id__in": Proposal.ids_of(user)})
    return public | of_mine | (Q(Proposal.all_held_by(user)) & of_any_proposal(prefix=prefix))


def may_see_named(user: Reader, *, at: datetime, prefix: str) -> Q:
    """The same of rows that may name one with `prefix`, or none: those that name none are for everybody."""
    rule = may_see(user, at=at, prefix=prefix)
    # Who may see everything has no condition, and nothing may be added to that by OR.
    return Q(**{f"{prefix}isnull": True}) | rule if rule else rule


def of_any_proposal(*, prefix: str = "") -> Q:
    """What is of some proposal. Written so that it does not hold of rows that name nothing."""
    return Q(**{f"{prefix}proposal_id__gt": ""})
