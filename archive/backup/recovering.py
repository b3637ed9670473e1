"""An archive comes back out of its backup: into an empty database, beside a store that has all of its bytes."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from archive.backup import database, folder, manifest, programs
from archive.backup.folder import Backup
from archive.backup.matching import Matched, Matcher
from archive.backup.progress import Bars, no_bars
from archive.errors import ConflictError
from ingest.stores.base import FileStore


@dataclass(slots=True)
class Recovery:
    """One recovery. `deep`: read every byte of the store; `tell` hears of each row whose bytes are not there."""

    folder: Path
    store: FileStore
    deep: bool = False
    using: str = "default"
    bars: Bars = no_bars
    tell: Callable[[str], object] = lambda _line: None

    def verify(self) -> tuple[Backup, Matched]:
        """Compare the backup's files with their checksums, and the store with the manifest. No database is asked."""
        backup = folder.opened(self.folder, bars=self.bars)
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as moved:
            return backup, self._match(backup, moved)

    def run(self, *, keeps: bool = True, without_bytes: bool = False) -> tuple[Backup, Matched]:
        """Recover. Without `keeps` all is looked at that could stand in the way, and nothing is written.

        A run that is stopped leaves an empty database, or one where the same command goes on.

        Raises ConflictError where rows would have no bytes, unless that is taken into account `without_bytes`;
        UsageError for a database that is not empty and for a backup of later programs, FatalError for a damaged one.
        """
        backup = folder.opened(self.folder, bars=self.bars)
        database.refuse_other_versions(backup, using=self.using)
        server = backup.facts["server_version"] // 10_000
        found = programs.find_programs(at_least=max(server, backup.facts["pg_dump_version"]))
        has_rows = database.is_unfinished(backup, using=self.using)
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as moved:
            matched = self._match(backup, moved)
            if matched.missing and not without_bytes:
                raise ConflictError(
                    f"{matched.missing} objects of the backup are not in the store, so nothing was written. Bring "
                    "their bytes, or say --without-bytes to have their rows all the same."
                )
            if keeps and not has_rows:
                moved.seek(0)
                self._bring(backup, found, moved)
        if keeps:
            database.finish(backup.facts["tables"], using=self.using, bars=self.bars)
        return backup, matched

    def _match(self, backup: Backup, moved: TextIO) -> Matched:
        with self.bars("Looking at the store", backup.facts["objects"]["rows"], "object") as seen:
            return Matcher(self.store, self.deep, self.tell, seen, moved).match(manifest.read(backup.manifest))

    def _bring(self, backup: Backup, found: programs.Programs, moved: TextIO) -> None:
        database.begin(backup, moved, using=self.using)
        try:
            with tempfile.TemporaryDirectory() as work:
                database.bring_rows(backup, found, using=self.using, work=Path(work), bars=self.bars)
        except BaseException:
            database.forget(using=self.using)
            raise
