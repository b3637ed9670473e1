"""`manage.py expire`: let go what has expired, or only say what would go."""

import argparse
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.domain import expiry
from archive.domain.expiring import Due
from archive.enums import ExpiringKind
from archive.errors import ArchiveError


class Command(ArchiveCommand):
    help = (
        "Delete what has expired, by the rules of /admin/ and by the times that uploads brought with them: rows, "
        "pictures, and all versions in the store. A tombstone stays of each thing. Beat does the same every minute."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only list what would go, one thing a line")
        parser.add_argument("--why", metavar="NAME", help="say which rule holds for one thing, and when it goes")
        parser.add_argument(
            "--kind", choices=[kind.value for kind in ExpiringKind], default="frame", help="of what kind NAME is"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["why"]:
            self._explain(ExpiringKind(options["kind"]), options["why"])
        elif options["dry_run"]:
            self._list()
        else:
            self._expire()

    def _explain(self, kind: ExpiringKind, name: str) -> None:
        try:
            fate = expiry.fate_of(kind, name)
        except ArchiveError as error:
            raise CommandError(str(error)) from error
        goes = f"goes at {fate.goes_at:%Y-%m-%d %H:%M:%S} UTC" if fate.goes_at else "stays"
        self.stdout.write(f"{name} {goes}. {fate.reason}")

    def _list(self) -> None:
        n_things = 0
        for thing in expiry.due(at=timezone.now()):
            self.stdout.write(f"{thing.kind}\t{thing.name}\t{thing.cause.rule}")
            n_things += 1
        self.stdout.write(f"{n_things} things would go.")

    def _expire(self) -> None:
        now = timezone.now()
        total = sum(1 for _ in expiry.due(at=now))
        n_left = 0
        with tqdm(total=total, unit="thing", desc="Expiring", disable=None) as bar:

            def went(n_tried: int, gone: Sequence[Due]) -> None:
                nonlocal n_left
                n_left += n_tried - len(gone)
                bar.update(n_tried)

            n_gone = expiry.expire(at=now, went=went)
        self.stdout.write(f"{n_gone} things went.")
        if n_left:
            self.stdout.write(f"{n_left} were in use, or failed as the log says: the next run takes them.")
