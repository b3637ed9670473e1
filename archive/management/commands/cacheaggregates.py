"""`manage.py cacheaggregates`: what deployments of the original run every hour. Here answers are live without it."""

from typing import Any

from archive.command import ArchiveCommand
from archive.domain import tallies


class Command(ArchiveCommand):
    help = (
        "Fold what has changed into the tallies that /frames/aggregate/ is answered from. Beat does it every 15 s; "
        "this is for deployments without beat, and for the cron jobs of the original."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        folded = tallies.fold()
        self.stdout.write(f"Folded: {folded} changes. /frames/aggregate/ is exact before and after.")
