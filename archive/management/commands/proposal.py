"""`manage.py proposal`: a programme, who holds it, and what its targets are."""

import argparse
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.db import transaction

from archive.command import ArchiveCommand
from archive.models import Proposal


class Command(ArchiveCommand):
    help = "Make a proposal or change one: its title, its members, and whether its targets are planets. Safe to repeat."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("proposal", metavar="ID", help="as frames carry it, such as PROP2026A-001 or 24")
        parser.add_argument("--title", help="what it is about")
        parser.add_argument(
            "--planetary",
            action=argparse.BooleanOptionalAction,
            default=None,
            help="its targets are discs, which are reduced by their limb",
        )
        parser.add_argument("--add", nargs="+", default=[], metavar="USER", help="users who shall hold it")
        parser.add_argument("--remove", nargs="+", default=[], metavar="USER", help="users who shall hold it no more")

    @transaction.atomic
    def handle(self, *_args: Any, **options: Any) -> None:
        users = _users_named({*options["add"], *options["remove"]})
        if not options["proposal"]:
            raise CommandError("The empty id stands in frames of no proposal: give an id.")
        proposal, is_new = Proposal.objects.get_or_create(id=options["proposal"])
        if options["title"] is not None:
            proposal.title = options["title"]
        if options["planetary"] is not None:
            proposal.is_planetary = options["planetary"]
        proposal.save()
        proposal.members.add(*(users[name] for name in options["add"]))
        proposal.members.remove(*(users[name] for name in options["remove"]))
        members = ", ".join(proposal.members.order_by("username").values_list("username", flat=True)) or "nobody"
        kind = ", planetary" if proposal.is_planetary else ""
        self.stdout.write(f"{'New proposal' if is_new else 'Proposal'} {proposal}{kind}: held by {members}.")


def _users_named(names: set[str]) -> dict[str, User]:
    found = {user.username: user for user in User.objects.filter(username__in=names)}
    if missing := sorted(names - found.keys()):
        raise CommandError(f"There is no user {', '.join(missing)}: make them in the admin, or let them log in once.")
    return found
