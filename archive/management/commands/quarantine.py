"""`manage.py quarantine list | dismiss ID…`: files of the adaptive-optics camera that could not be placed."""

import argparse
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from archive.command import ArchiveCommand
from archive.domain import quarantine
from archive.errors import NotFoundError
from archive.models import QuarantinedFile


class Command(ArchiveCommand):
    help = "Show files that came and could not be placed, and why; wave off those that need nothing more."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        listing = actions.add_parser("list", help="a line for each: id, last seen, how often, bytes, name, reason")
        listing.add_argument("--all", action="store_true", help="also those that came in after all or were waved off")
        dismissal = actions.add_parser("dismiss", help="wave files off: they are listed no longer")
        dismissal.add_argument("ids", nargs="+", type=int, metavar="ID")

    def handle(self, *_args: Any, action: str, **options: Any) -> None:
        if action == "list":
            self._list(with_resolved=options["all"])
        else:
            self._dismiss(options["ids"])

    def _list(self, *, with_resolved: bool) -> None:
        files = QuarantinedFile.objects.all() if with_resolved else quarantine.waiting()
        for file in files.iterator():
            seen = f"{file.last_seen_at:%Y-%m-%d %H:%M:%S}"
            cells = (file.pk, seen, file.times_seen, file.size_bytes, file.filename, file.reason)
            self.stdout.write("\t".join(map(str, cells)))
        self.stdout.write(f"{files.count()} files.")

    def _dismiss(self, ids: Sequence[int]) -> None:
        try:
            quarantine.dismiss(ids, at=timezone.now())
        except NotFoundError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(set(ids))} files dismissed.")
