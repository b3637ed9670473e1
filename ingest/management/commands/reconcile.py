"""`manage.py reconcile`: the store against the rows; reports, and repairs when that is asked for."""

import argparse
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.domain.store import the_store
from archive.errors import ArchiveError
from archive.models import StoredObject
from ingest.intake import make_inspector
from ingest.reconcile import Reconciler

DIFFERS, FAILED = 1, 2


class Command(ArchiveCommand):
    help = (
        "Compare what the store holds with what the archive knows, and report objects without rows, rows without "
        "objects and objects that differ. Ends with 0 when nothing differs, with 1 when something does, and with 2 "
        "when the comparison could not be made. Nothing is ever deleted."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--repair", action="store_true", help="take in what lacks a row, and mark rows whose object is gone"
        )
        parser.add_argument(
            "--settled-minutes",
            type=float,
            default=15.0,
            metavar="N",
            help="leave alone what came in the last N minutes: it may be on its way (default 15)",
        )

    def handle(self, *_args: Any, repair: bool, settled_minutes: float, **_options: Any) -> None:
        now = timezone.now()
        try:
            store = the_store()
            reconciler = Reconciler(store, settled_before=now - timedelta(minutes=settled_minutes))
            total = StoredObject.objects.filter(store=store.name).count()
            with (
                tqdm(total=2 * total, unit="row", desc="Comparing", disable=None) as bar,
                make_inspector() as inspector,
            ):
                for found in reconciler.differences(seen=bar.update):
                    done = reconciler.repair(found, inspector=inspector, at=timezone.now()) if repair else ""
                    self.stdout.write(f"{found.line()}{f' → {done}' if done else ''}")
        except ArchiveError as error:
            raise CommandError(str(error), returncode=FAILED) from error
        self.stdout.write(reconciler.tally.line())
        if reconciler.tally.differs:
            raise SystemExit(DIFFERS)
