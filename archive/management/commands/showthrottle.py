"""`manage.py showthrottle`: the limits, and how much of them readers have used."""

import argparse
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError
from django.utils import timezone

from archive.command import ArchiveCommand
from archive.domain import limits


class Command(ArchiveCommand):
    help = "Show the limits, and how much of them each user, or one address, has used in the span that runs now."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--user", metavar="NAME", help="this user only, also when nothing is used")
        parser.add_argument("--address", metavar="ADDRESS", help="requests and failed logins of this address")

    def handle(self, *_args: Any, **options: Any) -> None:
        if "locmem" in settings.CACHES["default"]["BACKEND"].lower():
            self.stderr.write("Without CACHE_LOC each process counts for itself: this one has seen nothing.")
        for scope, rate in settings.THROTTLES.items():
            self.stdout.write(f"{scope}: {rate or 'no limit'}")
        if options["address"]:
            self._show("anonymous", options["address"], options["address"])
            self._show("failed-logins-of-address", options["address"], options["address"])
            return
        users = User.objects.order_by("username")
        if options["user"]:
            users = users.filter(username=options["user"])
            if not users:
                raise CommandError(f"There is no user {options['user']}.")
        for user in users:
            self._show("user", str(user.pk), user.username, also_nothing=bool(options["user"]))
            self._show("failed-logins-of-name", user.username.casefold(), user.username)

    def _show(self, scope: str, name: str, label: str, *, also_nothing: bool = False) -> None:
        now = timezone.now()
        used = limits.counted(scope, name, at=now)
        if used or also_nothing:
            self.stdout.write(f"{label}: {used} ({scope}), again from zero in {limits.seconds_left(scope, at=now)} s")
