"""Users and programmes, as staff looks at them. people_changes.py changes them."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from archive.errors import NotFoundError
from archive.models import PeopleChange, PortalMembership, Proposal, ProposalTally
from archive.models.proposal import ALL_PROGRAMMES

Holding = Proposal.members.through


def users_like(words: str) -> QuerySet[User]:
    """Users with these letters in name or address."""
    asked = Q()
    if words:
        columns = ("username", "email", "first_name", "last_name")
        asked = Q(*((f"{column}__icontains", words) for column in columns), _connector=Q.OR)
    return User.objects.filter(asked).order_by("username")


def proposals_like(words: str, *, only_orphaned: bool = False) -> QuerySet[Proposal]:
    """Proposals with these letters in id or title."""
    asked = Q(id__icontains=words) | Q(title__icontains=words) if words else Q()
    found = Proposal.objects.filter(asked).order_by("id")
    return found.filter(_orphaned()) if only_orphaned else found


def _orphaned() -> Q:
    """Programmes that nobody holds who may log in: they are the superusers', as the original gave them to `admin`."""
    here = {"proposal_id": OuterRef("pk"), "user__is_active": True}
    held = Exists(Holding.objects.filter(**here)), Exists(PortalMembership.objects.filter(**here))
    return ~Q(held[0]) & ~Q(held[1]) & ~Q(pk=ALL_PROGRAMMES)


def orphans_among(proposals: Collection[str]) -> set[str]:
    """Which of these programmes are orphaned."""
    return set(Proposal.objects.filter(_orphaned(), pk__in=list(proposals)).values_list("pk", flat=True))


def orphaned_without(user: User) -> list[str]:
    """Programmes that somebody holds now, and nobody would without this user."""
    if not user.is_active:
        return []
    own = set(user.proposals.values_list("pk", flat=True))
    own |= set(PortalMembership.objects.filter(user=user).values_list("proposal_id", flat=True))
    others = {"proposal_id__in": own, "user__is_active": True}
    held = set(Holding.objects.filter(**others).exclude(user=user).values_list("proposal_id", flat=True))
    held |= set(PortalMembership.objects.filter(**others).exclude(user=user).values_list("proposal_id", flat=True))
    return sorted(own - held - {ALL_PROGRAMMES})


def numbers_of_members(proposals: Collection[str]) -> dict[str, int]:
    """How many users hold each of these by the archive's own list."""
    held = Holding.objects.filter(proposal_id__in=list(proposals)).values_list("proposal_id")
    return dict(held.annotate(n=Count("pk")))


def numbers_of_proposals(users: Collection[int]) -> dict[int, int]:
    """How many programmes each of these users holds by the archive's own list."""
    held = Holding.objects.filter(user_id__in=list(users)).values_list("user_id")
    return dict(held.annotate(n=Count("pk")))


def frames_of(proposals: Collection[str]) -> dict[str, int]:
    """How many listed frames each of these has, by the tallies."""
    summed = ProposalTally.objects.filter(proposal_id__in=list(proposals)).order_by().values_list("proposal_id")
    return dict(summed.annotate(n=Sum("n_frames")))


def proposal_named(proposal_id: str) -> Proposal:
    """Raises NotFoundError."""
    found = Proposal.objects.filter(pk=proposal_id).first() if "\x00" not in proposal_id else None
    if found is None:
        raise NotFoundError(f"the archive's list has no proposal {proposal_id[:64]!r}.")
    return found


def proposals_named(ids: Collection[str]) -> list[Proposal]:
    """Each of these, by id. Raises NotFoundError, which names those that are not there."""
    found = {each.pk: each for each in Proposal.objects.filter(pk__in=[name for name in ids if "\x00" not in name])}
    if missing := sorted({name[:64] for name in ids if name not in found}):
        raise NotFoundError(f"the archive's list has no programme {', '.join(missing)}.")
    return [found[name] for name in sorted(found)]


def user_with(user_id: int) -> User:
    """Raises NotFoundError."""
    found = User.objects.filter(pk=user_id).first()
    if found is None:
        raise NotFoundError("there is no such user any more.")
    return found


def listed_by_portal(proposal: Proposal) -> QuerySet[PortalMembership]:
    """Who holds it by the observation portal's word, which only the portal changes."""
    return PortalMembership.objects.filter(proposal_id=proposal.pk).select_related("user").order_by("user__username")


def changes_like(words: str) -> QuerySet[PeopleChange]:
    """What people changed of users and programmes with these letters in their names."""
    asked = Q(username__icontains=words) | Q(proposal_id__icontains=words) if words else Q()
    return _told(PeopleChange.objects.filter(asked))


def changes_of(thing: User | Proposal) -> QuerySet[PeopleChange]:
    """What people changed of one user, or of who holds one programme."""
    column = "user_id" if isinstance(thing, User) else "proposal_id"
    return _told(PeopleChange.objects.filter(**{column: thing.pk}))


def _told(changes: QuerySet[PeopleChange]) -> QuerySet[PeopleChange]:
    """Newest first, each with `is_here`, whether its user is still there."""
    return changes.annotate(is_here=Exists(User.objects.filter(pk=OuterRef("user_id")))).order_by("-changed_at", "-pk")
