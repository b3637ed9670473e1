"""Proposals and who holds them."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Exists, Q

# Stands for every programme: members of the proposal of this id see all that is of any, as `may_see` has it. Only the
# archive's own list can name them; nothing that was observed is of it.
ALL_PROGRAMMES = "*"


class PortalMembership(models.Model):
    """A proposal that the observation portal lists for a user; replaced whole whenever the portal is asked."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="portal_memberships")
    # No foreign key: the portal knows proposals that the archive has never heard of.
    proposal_id = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="portal_membership_once", fields=["user", "proposal_id"]),
            models.CheckConstraint(name="portal_membership_has_proposal", condition=~Q(proposal_id="")),
            models.CheckConstraint(name="portal_membership_of_one", condition=~Q(proposal_id=ALL_PROGRAMMES)),
        ]
        indexes = [models.Index(fields=["proposal_id"], name="portal_membership_by_proposal")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.proposal_id}"


class Proposal(models.Model):
    """A programme whose members see its frames before their public date; the one of ALL_PROGRAMMES is all of them."""

    id = models.CharField(
        primary_key=True, max_length=64, help_text="As frames carry it, such as PROP2026A-001; * is every proposal"
    )
    title = models.CharField(max_length=200, default="", blank=True)
    is_planetary = models.BooleanField(
        default=False, help_text="Its targets are discs, not stars: they are reduced by their limb"
    )
    members = models.ManyToManyField(User, blank=True, related_name="proposals")

    class Meta:
        # The empty id stands in frames of no proposal: nobody may be a member of it.
        constraints = [models.CheckConstraint(name="proposal_has_id", condition=~Q(id=""))]

    def __str__(self) -> str:
        return self.id

    @classmethod
    def ids_of(cls, user: User) -> "models.QuerySet[Proposal, str]":
        """Proposals of `user`, as a subquery: members of the archive's own rows, and what the portal lists.

        Who holds every proposal has ALL_PROGRAMMES among them, and beside it only those that name them.
        """
        own = cls.objects.filter(members=user).values_list("id", flat=True)
        of_portal = PortalMembership.objects.filter(user=user).values_list("proposal_id", flat=True)
        return own.union(of_portal)

    @classmethod
    def all_held_by(cls, user: User) -> Exists:
        """Whether `user` holds every proposal, as a condition."""
        return Exists(cls.members.through.objects.filter(user=user, proposal=ALL_PROGRAMMES))

    @classmethod
    def holders_of(cls, proposals: Collection[str], *, among: Collection[int]) -> set[tuple[int, str]]:
        """Which of these active users hold which of these proposals: `may_see`, asked for many users at once."""
        wanted = {"user_id__in": among, "proposal_id__in": {*proposals, ALL_PROGRAMMES}, "user__is_active": True}
        own = cls.members.through.objects.filter(**wanted).values_list("user_id", "proposal_id")
        of_portal = PortalMembership.objects.filter(**wanted).values_list("user_id", "proposal_id")
        held = set(own.union(of_portal))
        of_all = {user_id for user_id, proposal in held if proposal == ALL_PROGRAMMES}
        named = {(user_id, proposal) for user_id, proposal in held if proposal != ALL_PROGRAMMES}
        return named | {(user_id, proposal) for user_id in of_all for proposal in proposals if proposal}
