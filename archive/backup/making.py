"""A backup is made: dump and manifest of one moment, in a folder that has all of it or nothing."""

import re
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from archive.backup import folder as folders
from archive.backup import manifest, moment, programs
from archive.backup.catalogue import RECOVERY, SCHEMAS
from archive.backup.folder import DUMP, MANIFEST
from archive.backup.manifest import Entry, Listed, Tally
from archive.backup.moment import Moment
from archive.backup.programs import Programs
from archive.backup.progress import Bars, no_bars
from archive.errors import NotFoundError, UsageError
from archive.models import StoredObject
from ingest.stores.base import FileStore

DUMPS_TABLE = re.compile(r"dumping contents of table")


@dataclass(frozen=True, slots=True)
class Made:
    """What a backup has."""

    facts: dict[str, Any]
    objects: Tally

    @property
    def n_rows(self) -> int:
        counts: dict[str, int] = self.facts["tables"]
        return sum(counts.values())


def make_backup(
    folder: Path,
    *,
    store: FileStore,
    using: str = "default",
    bars: Bars = no_bars,
    tell: Callable[[str], object] = lambda _line: None,
) -> Made:
    """Back the database up, and list what the store holds of it; `tell` hears of each row whose bytes are not there.

    Raises UsageError where `folder` or PostgreSQL's programs can not be used, FatalError when pg_dump fails,
    TransientError when the store is away. Whatever ends it early leaves nothing in the folder, but for kill -9, which
    leaves what nobody takes for a backup.
    """
    with moment.held(using) as held:
        if (RECOVERY,) in held.rows(SCHEMAS):
            raise UsageError("A recovery into this database was broken off: start `manage.py recover` again first.")
        found = programs.find_programs(at_least=held.server_version // 10_000)
        with folders.new_folder(folder) as work:
            tables = held.counts(bars)
            _dump(work / DUMP, held, found, using=using, n_tables=len(tables), bars=bars)
            objects = _list_store(work / MANIFEST, held, store, using=using, bars=bars, tell=tell)
            facts: dict[str, Any] = {
                "id": str(uuid.uuid4()),
                "made_of": held.at.isoformat(),
                "server_version": held.server_version,
                "pg_dump_version": found.version,
                "store": store.name,
                "migrations": held.migrations(),
                "logins": held.logins(),
                "tables": tables,
                "objects": asdict(objects),
            }
            folders.finish(work, facts, bars=bars)
    return Made(facts, objects)


def _dump(path: Path, held: Moment, found: Programs, *, using: str, n_tables: int, bars: Bars) -> None:
    words = ("--format=custom", f"--snapshot={held.snapshot}", "--no-password", "--verbose", f"--file={path}")
    with bars("Dumping", n_tables, "table") as seen:
        programs.run(
            found.command("pg_dump", *words),
            environment=programs.environment_of(using),
            line_seen=lambda line: DUMPS_TABLE.search(line) and seen(1),
        )


def _list_store(
    path: Path, held: Moment, store: FileStore, *, using: str, bars: Bars, tell: Callable[[str], object]
) -> Tally:
    [(n_rows,)] = held.rows("SELECT count(*) FROM archive_storedobject")
    listed = Listed(
        held.objects(),
        store.listing(),
        store.name,
        has_bytes=lambda entry: entry.store == store.name and _has(store, entry),
        still_there=lambda entry: _is_there(entry, using),
        tell=tell,
    )
    with manifest.written(path) as write, bars("Listing the store", n_rows, "object") as seen:
        for entry in listed.entries():
            write(entry)
            if not entry.is_document:
                seen(1)
    return listed.tally


def _has(store: FileStore, entry: Entry) -> bool:
    """Asked once more of the store itself: its list may be older than a single object's answer."""
    try:
        version = store.head(entry.path, entry.version_id)
    except NotFoundError:
        return False
    return not entry.contradicted_by(version)


def _is_there(entry: Entry, using: str) -> bool:
    """Whether the row is there now: what was deleted since the moment of the backup has no bytes any more."""
    rows = StoredObject.objects.using(using)
    return rows.filter(store=entry.store, path=entry.path, version_id=entry.version_id).exists()
