"""Users and programmes, as staff looks at them; superusers change who holds a programme."""

import structlog
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum

from archive.errors import NotFoundError, UsageError
from archive.models import PortalMembership, Proposal, ProposalTally

logger = structlog.get_logger(__name__)


def users_like(words: str) -> QuerySet[User]:
    """Users with these letters in name or address, each with `n_proposals`, how many the archive's own list gives."""
    asked = Q(username__icontains=words) | Q(email__icontains=words) | Q(last_name__icontains=words) if words else Q()
    return User.objects.filter(asked).annotate(n_proposals=Count("proposals")).order_by("username")


def proposals_like(words: str) -> QuerySet[Proposal]:
    """Proposals with these letters in id or title, each with `n_members`."""
    asked = Q(id__icontains=words) | Q(title__icontains=words) if words else Q()
    return Proposal.objects.filter(asked).annotate(n_members=Count("members")).order_by("id")


def frames_of(proposals: list[str]) -> dict[str, int]:
    """How many listed frames each of these has, by the tallies."""
    summed = ProposalTally.objects.filter(proposal_id__in=proposals).order_by().values_list("proposal_id")
    return dict(summed.annotate(n=Sum("n_frames")))


def proposal_named(proposal_id: str) -> Proposal:
    """Raises NotFoundError."""
    found = Proposal.objects.filter(pk=proposal_id).first() if "\x00" not in proposal_id else None
    if found is None:
        raise NotFoundError(f"the archive's list has no proposal {proposal_id[:64]!r}.")
    return found


def listed_by_portal(proposal: Proposal) -> QuerySet[PortalMembership]:
    """Who holds it by the observation portal's word, which only the portal changes."""
    return PortalMembership.objects.filter(proposal_id=proposal.pk).select_related("user").order_by("user__username")


def set_member(*, proposal: Proposal, username: str, is_member: bool, by: str) -> User:
    """Let a user hold a proposal, or hold it no longer. Repeated, it changes nothing. Raises UsageError."""
    user = User.objects.filter(username=username.strip()).first() if "\x00" not in username else None
    if user is None:
        raise UsageError(
            f"there is no user {username.strip()[:150]!r}: they have to log in once, or be made in the admin."
        )
    with transaction.atomic():
        if is_member:
            proposal.members.add(user)
        else:
            proposal.members.remove(user)
    logger.info("proposal_members_changed", proposal_id=proposal.pk, user=user.username, is_member=is_member, by=by)
    return user
