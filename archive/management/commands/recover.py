"""`manage.py recover FOLDER`: a backup back into an empty database, and the store compared with it."""

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError

from archive.backup import database
from archive.backup.folder import Backup
from archive.backup.matching import Matched
from archive.backup.recovering import Recovery
from archive.command import ArchiveCommand
from archive.domain.science import keeping
from archive.domain.store import the_store
from archive.errors import ArchiveError, ConflictError
from archive.management.progress import Told, bars

BYTES_MISSING, FAILED = 1, 2


class Command(ArchiveCommand):
    help = (
        "Bring a backup of `manage.py backup` back into an empty database (DB_NAME; without `migrate`), after its "
        "files were compared with their checksums and the store with its list. Rows follow bytes whose versions have "
        "other ids, as in a copy of a bucket. Ends with 0, with 1 when bytes are missing, with 2 when it failed; "
        "started again after a stop, it goes on. (`manage.py restore` is another thing: it makes science "
        "rows anew out of the store alone.)"
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="what `manage.py backup` made")
        only = parser.add_mutually_exclusive_group()
        only.add_argument(
            "--dry-run", action="store_true", help="look at all that could stand in the way; write nothing"
        )
        only.add_argument(
            "--verify-only",
            action="store_true",
            help="compare the backup's files and the store, and ask no database: also while the archive runs",
        )
        parser.add_argument("--deep", action="store_true", help="read every byte of the store and compare its SHA-256")
        parser.add_argument(
            "--without-bytes", action="store_true", help="recover although bytes are missing; their rows stay without"
        )

    def handle(self, *_args: Any, folder: Path, **options: Any) -> None:
        told = Told(self.stdout.write)
        recovery = Recovery(folder, the_store(), deep=options["deep"], bars=bars, tell=told)
        keeps = not (options["dry_run"] or options["verify_only"])
        try:
            if options["verify_only"]:
                backup, matched = recovery.verify()
            else:
                backup, matched = recovery.run(keeps=keeps, without_bytes=options["without_bytes"] or not keeps)
        except ArchiveError as error:
            told.end()
            code = BYTES_MISSING if isinstance(error, ConflictError) else FAILED
            raise CommandError(str(error), returncode=code) from error
        except (OSError, DatabaseError) as error:
            raise CommandError(f"{folder}: {error}", returncode=FAILED) from error
        told.end()
        for line in [*_of_store(matched), *(_to_do(backup) if keeps else ["Nothing was written."])]:
            self.stdout.write(line)
        if matched.missing:
            raise SystemExit(BYTES_MISSING)


def _of_store(matched: Matched) -> list[str]:
    lines = [f"The store has the bytes of {matched.whole} rows, {matched.moved} of them under other ids than before."]
    if matched.missing or matched.missing_before:
        lines.append(
            f"{matched.missing} rows have no bytes, and {matched.missing_before} had none when the backup was made."
        )
    if matched.documents_missing:
        lines.append(f"{matched.documents_missing} documents beside the data are not there; beat writes them anew.")
    if matched.without_row:
        lines.append(f"{matched.without_row} objects have no row: `manage.py reconcile` tells which.")
    return lines


def _to_do(backup: Backup) -> list[str]:
    tables, at = backup.facts["tables"], backup.facts["made_of"]
    lines = [f"{sum(tables.values())} rows of {len(tables)} tables are back, as they were at {at}."]
    if database.lacks_migrations(backup):
        lines.append("This archive is later than the backup: run `manage.py migrate`.")
    if not keeping.knows_of(the_store()):
        lines.append(
            "The store has documents of science rows that are later than the backup: `manage.py restore` brings these "
            "back too. Until then beat writes none beside the data."
        )
    if backup.facts["logins"]:
        names = ", ".join(backup.facts["logins"])
        lines.append(f"These logins had rights on tables, which no backup holds: {names}. Grant them anew.")
    return lines
