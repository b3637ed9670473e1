"""`manage.py backup FOLDER`: the database, and a list of what the store holds, as they are at one moment."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from archive.backup.making import Made, make_backup
from archive.command import ArchiveCommand
from archive.domain.store import the_store
from archive.errors import ArchiveError
from archive.management.progress import Told, bars

BYTES_MISSING, FAILED = 1, 2


class Command(ArchiveCommand):
    help = (
        "Back up the whole database, with telemetry, and a list of every object of the store with its checksums. The "
        "archive goes on meanwhile. Copy the store's bytes afterwards by its own means: docs/operations.md. Ends with "
        "0, with 1 when rows have no bytes in the store (the backup is whole all the same), with 2 when it failed. The "
        "files hold tokens and password hashes: only their owner may read them."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="empty, or not there yet")

    def handle(self, *_args: Any, folder: Path, **_options: Any) -> None:
        told = Told(self.stdout.write)
        try:
            made = make_backup(folder.absolute(), store=the_store(), bars=bars, tell=told)
        except ArchiveError as error:
            raise CommandError(f"{error} No backup was made.", returncode=FAILED) from error
        except (OSError, DatabaseError) as error:
            raise CommandError(f"{folder}: {error}. No backup was made.", returncode=FAILED) from error
        told.end()
        for line in _lines(made, folder):
            self.stdout.write(line)
        if made.objects.unexpected:
            raise SystemExit(BYTES_MISSING)


def _lines(made: Made, folder: Path) -> list[str]:
    objects, tables = made.objects, made.facts["tables"]
    lines = [
        f"{made.n_rows} rows of {len(tables)} tables and the list of {objects.rows} objects ({objects.size_bytes} "
        f"bytes) are in {folder}, as they were at {made.facts['made_of']}.",
        f"The store has {objects.documents} documents beside the data, and {objects.without_row} objects without rows.",
    ]
    if objects.not_there:
        lines.append(f"{objects.not_there} rows have no bytes, {objects.unexpected} of them unexpectedly: see above.")
    if objects.kept_nowhere:
        lines.append(f"{objects.kept_nowhere} rows are of the dummy store, which keeps no bytes.")
    return lines
