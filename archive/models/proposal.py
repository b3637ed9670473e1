"""Proposals and who holds them."""

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

from archive.models.account import PortalMembership


class Proposal(models.Model):
    """A programme whose members see its frames before their public date."""

    id = models.CharField(primary_key=True, max_length=64, help_text="As frames carry it, such as PROP2026A-001")
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
        """Proposals of `user`, as a subquery: members of the archive's own rows, and what the portal lists."""
        own = cls.objects.filter(members=user).values_list("id", flat=True)
        of_portal = PortalMembership.objects.filter(user=user).values_list("proposal_id", flat=True)
        return own.union(of_portal)

    @classmethod
    def holders_of(cls, proposals: Collection[str], *, among: Collection[int]) -> set[tuple[int, str]]:
        """Which of these active users hold which of these proposals: `ids_of`, asked for many users at once."""
        wanted = {"user_id__in": among, "proposal_id__in": proposals, "user__is_active": True}
        own = cls.members.through.objects.filter(**wanted).values_list("user_id", "proposal_id")
        of_portal = PortalMembership.objects.filter(**wanted).values_list("user_id", "proposal_id")
        return set(own.union(of_portal))
