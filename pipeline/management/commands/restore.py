"""`manage.py restore`: every science row out of the store; nothing is computed and nobody is told."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from archive.command import ArchiveCommand
from archive.domain.store import the_store
from archive.errors import ArchiveError
from ingest.intake import make_inspector
from pipeline.restoring.restore import Restore
from pipeline.restoring.taking_over import TakeOver


class Command(ArchiveCommand):
    help = (
        "Rebuild the rows of all frames, observations, products and measurements from the store alone: from the "
        "documents that the archive keeps beside the data, from product.json, and from the files themselves. Nothing "
        "is computed and nothing queued; a product whose files are damaged waits to be made again. Safe to stop and to "
        "repeat. With FOLDER, a tree of the original archive is taken over into this one."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "folder", nargs="?", type=Path, metavar="FOLDER", help="a tree of the original archive; default: the store"
        )
        parser.add_argument("--dry-run", action="store_true", help="try everything, and keep nothing of it")
        parser.add_argument(
            "--quick",
            action="store_true",
            help="compare sizes, and the MD5 that the store itself tells, instead of reading every byte",
        )

    def handle(self, *_args: Any, folder: Path | None, dry_run: bool, quick: bool, **_options: Any) -> None:
        if folder is not None and not folder.is_dir():
            raise CommandError(f"{folder} is no folder.")
        unit = "object" if folder is None else "product"
        with tqdm(unit=unit, desc="Restoring", disable=None) as bar, make_inspector() as inspector:
            try:
                if folder is None:
                    restore = Restore(the_store(), inspector, timezone.now(), reads_all=not quick, seen=bar.update)
                    report = restore.run(keeps=not dry_run)
                else:
                    take_over = TakeOver(the_store(), inspector, timezone.now(), seen=bar.update)
                    report = take_over.run(folder, keeps=not dry_run)
            except ArchiveError as error:
                raise CommandError(f"{error} What was restored stays: start it again.") from error
        for line in report.lines():
            self.stdout.write(line)
