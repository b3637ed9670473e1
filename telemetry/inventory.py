"""The inventory: which files an instrument computer has, compared with what the table `telemetry.file` says of it.

Lists of stats go to the database whole; set operations write what differs and nothing else. Times of files are compared
with times of the same computer only, and for equality only.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import md5
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
from django.db import connections, transaction

from telemetry.errors import UsageError
from telemetry.formats.names import parse_name
from telemetry.listing import Entry, Ignore, Walk, data_folders, is_below, path_text

BATCH = 10_000  # files per transaction
_GREATEST = 2**63 - 1

# What was seen is remembered where a list may have a million paths.
_SEEN = """
    CREATE TEMPORARY TABLE IF NOT EXISTS telemetry_seen (digest uuid);
    TRUNCATE telemetry_seen"""
_REMEMBER = "INSERT INTO telemetry_seen SELECT unnest(%s::text[])::uuid"
# Lateral, so that each listed file is looked up by the index, however many the table has: a plan that reads the whole
# table for each batch would be quadratic.
_DIFFERING = """
    SELECT listed.*,
        CASE WHEN file.id IS NULL THEN 'new' WHEN file.gone_at IS NOT NULL THEN 'back' ELSE 'changed' END AS what
    FROM (
        SELECT path, decode(raw_path, 'hex') AS raw_path, device, kind, created_ns, modified_ns, size_bytes
        FROM json_to_recordset(%(listed)s) AS given (path text, raw_path text, device text, kind text,
            created_ns bigint, modified_ns bigint, size_bytes bigint)) AS listed
    LEFT JOIN LATERAL (
        SELECT id, size_bytes, modified_ns, gone_at FROM telemetry.file
        WHERE host = %(host)s AND md5(path) = md5(listed.path) LIMIT 1) AS file ON true
    WHERE file.id IS NULL OR file.gone_at IS NOT NULL
        OR (file.size_bytes, file.modified_ns) IS DISTINCT FROM (listed.size_bytes, listed.modified_ns)"""
_COUNT = f"SELECT what, count(*) FROM ({_DIFFERING}) AS differing GROUP BY what"  # noqa: S608 - of constants
# Sorted, so that two who write at once take the rows' locks in one order. The time of creation stays as first seen.
_WRITE = f"""
    WITH differing AS MATERIALIZED ({_DIFFERING}), written AS (
        INSERT INTO telemetry.file AS file
            (host, path, raw_path, device, kind, created_ns, modified_ns, size_bytes)
        SELECT %(host)s, path, raw_path, device, kind, created_ns, modified_ns, size_bytes FROM differing ORDER BY path
        ON CONFLICT (host, md5(path)) DO UPDATE
            SET size_bytes = excluded.size_bytes, modified_ns = excluded.modified_ns, changed_at = now(), gone_at = NULL
            WHERE file.gone_at IS NOT NULL
                OR (file.size_bytes, file.modified_ns) IS DISTINCT FROM (excluded.size_bytes, excluded.modified_ns))
    SELECT what, count(*) FROM differing GROUP BY what"""  # noqa: S608 - of constants
_KNOWN = """
    SELECT EXISTS (
        SELECT FROM telemetry.file WHERE host = %(host)s AND gone_at IS NULL AND starts_with(path, %(below)s))"""
_MISSING = """
    SELECT id, path FROM telemetry.file
    WHERE host = %(host)s AND gone_at IS NULL AND starts_with(path, %(below)s) AND id > %(id)s
        AND changed_at <= %(began)s  -- what someone else listed meanwhile is there
        AND path > %(after)s COLLATE "C" AND (%(upto)s::text IS NULL OR path <= %(upto)s COLLATE "C")
        AND NOT EXISTS (SELECT FROM telemetry_seen WHERE digest = md5(path)::uuid)
    ORDER BY id LIMIT 10000"""
_MARK = "UPDATE telemetry.file SET gone_at = now(), changed_at = now() WHERE id = ANY(%s) AND gone_at IS NULL"


@dataclass(slots=True)
class Summary:
    """What one inventory found. `notes` tell, in plain words, what a person should know of."""

    host: str
    new: int = 0
    changed: int = 0
    back: int = 0
    gone: int = 0
    unchanged: int = 0
    ignored: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def files(self) -> int:
        """Files that are there."""
        return self.new + self.changed + self.back + self.unchanged

    @property
    def writes(self) -> int:
        """Rows written, or that would be."""
        return self.new + self.changed + self.back + self.gone


class Comparison:
    """One run against the table, within `with`: `take` lists of files, then `mark_gone` below a folder.

    Each call is one transaction. Safe with several at once on the same host. Without `remember` none is marked gone.
    """

    def __init__(self, host: str, *, using: str, dry_run: bool = False, remember: bool = True) -> None:
        if not host or "\0" in host or "/" in host or host in {".", ".."}:
            raise UsageError(f"{host!r} is no name of a host: set `hostname`.")
        self.summary = Summary(host)
        self._host, self._using, self._dry_run, self._remember = host, using, dry_run, remember
        self._began: datetime | None = None

    def __enter__(self) -> Self:
        with connections[self._using].cursor() as cursor:
            cursor.execute("SELECT now()")
            [self._began] = cursor.fetchone()
            if self._remember:
                cursor.execute(_SEEN)
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if kind is None and self._remember:
            with connections[self._using].cursor() as cursor:
                cursor.execute("DROP TABLE telemetry_seen")

    def take(self, entries: Sequence[Entry]) -> None:
        """Compare these files with the table and write what differs. Of a path that comes twice the last counts."""
        rows = {entry.path: _row(entry) for entry in entries}
        terms = {"host": self._host, "listed": orjson.dumps([*rows.values()]).decode()}
        with transaction.atomic(self._using), connections[self._using].cursor() as cursor:
            cursor.execute(_COUNT if self._dry_run else _WRITE, terms)
            counts = dict(cursor.fetchall())
            if self._remember:
                cursor.execute(_REMEMBER, [[md5(path.encode(), usedforsecurity=False).hexdigest() for path in rows]])
        self.summary.new += counts.get("new", 0)
        self.summary.changed += counts.get("changed", 0)
        self.summary.back += counts.get("back", 0)
        self.summary.unchanged += len(rows) - sum(counts.values())

    def knows_any(self, below: str) -> bool:
        """Whether the table has files below this folder that are not gone."""
        with connections[self._using].cursor() as cursor:
            cursor.execute(_KNOWN, {"host": self._host, "below": _with_slash(below)})
            return bool(cursor.fetchone()[0])

    def mark_gone(
        self,
        below: str,
        *,
        paths: tuple[str, str | None] = ("", None),
        unread: Sequence[str] = (),
        ignore: Ignore | None = None,
    ) -> None:
        """Mark files below a folder that no `take` has seen. Their rows stay.

        `paths` bounds them: those after the first path, up to and with the second, in order of code points.
        Of files at or below a place that could not be read nothing is known, nor of those that are ignored now.
        """
        keep = _Kept(below, unread, ignore or Ignore((), ()))
        with connections[self._using].cursor() as cursor:
            cursor.execute("ANALYZE telemetry_seen")  # else the plan thinks it empty, and is quadratic
        terms = {"host": self._host, "below": _with_slash(below), "began": self._began, "id": -1}
        terms |= {"after": paths[0], "upto": paths[1]}
        while missing := self._missing(terms):
            terms["id"] = missing[-1][0]
            gone = [key for key, path in missing if path not in keep]
            self.summary.gone += len(gone)
            if gone and not self._dry_run:
                with transaction.atomic(self._using), connections[self._using].cursor() as cursor:
                    cursor.execute(_MARK, [gone])

    def _missing(self, terms: dict[str, Any]) -> list[tuple[int, str]]:
        with connections[self._using].cursor() as cursor:
            cursor.execute(_MISSING, terms)
            return list(cursor.fetchall())


class _Kept:
    """Paths of which an inventory can not say that they are gone."""

    def __init__(self, top: str, unread: Sequence[str], ignore: Ignore) -> None:
        self._top, self._unread = _with_slash(top), unread
        self._file, self._folder = ignore.file_pattern(), ignore.folder_pattern()

    def __contains__(self, path: str) -> bool:
        *folders, name = path[len(self._top) :].encode().split(b"/")
        return (
            any(is_below(path, place) for place in self._unread)
            or bool(self._file and self._file.fullmatch(name))
            or bool(self._folder and any(self._folder.fullmatch(folder) for folder in folders))
        )


def take_inventory(
    host: str,
    data_dirs: Sequence[str | Path],
    *,
    ignore: Ignore | None = None,
    using: str = "default",
    dry_run: bool = False,
    believe_empty: bool = False,
) -> Summary:
    """List the files of this computer below `data_dirs`, and bring the table to what is there.

    A data folder that can not be read, or that is empty though files of it are known (its disk may not be mounted),
    marks none as gone, and a note says so; `believe_empty` takes an empty one at its word.

    Raises UsageError for a folder that is not absolute, or a pattern that is none.
    """
    ignore = ignore or Ignore()
    tops = data_folders(data_dirs)
    walk = Walk(ignore)
    with Comparison(host, using=using, dry_run=dry_run) as comparison:
        summary = comparison.summary
        for top in tops:
            n_before, folder = summary.files, path_text(top)[0]
            for batch in _batched(walk.files(top, tops)):
                comparison.take(batch)
            if any(place == folder for place, _ in walk.unread):
                continue
            if summary.files == n_before and not believe_empty and comparison.knows_any(folder):
                summary.notes.append(
                    f"{folder} is empty, but files of it are known: is its disk mounted? None is marked gone."
                )
                continue
            comparison.mark_gone(folder, unread=[place for place, _ in walk.unread], ignore=ignore)
    summary.ignored, summary.skipped = walk.ignored, walk.skipped
    summary.notes += [f"{place} could not be read ({why}): nothing there is marked gone." for place, why in walk.unread]
    return summary


def take_entries(
    host: str,
    entries: Iterable[Entry],
    *,
    below: str = "",
    after: str = "",
    upto: str | None = None,
    unread: Sequence[str] = (),
    using: str = "default",
) -> Summary:
    """Take a list of stats that a host's agent sent.

    With the folder `below` the list is all that there is below it, of paths after `after`, up to and with `upto` (in
    order of code points): what it lacks there is gone, but for what lies at or below the places `unread`. An empty list
    of a whole folder is not believed while files of it are known.

    Raises UsageError for a path that is not absolute, or for sizes and times that no file has.
    """
    given = list(_checked(entries))
    with Comparison(host, using=using, remember=bool(below)) as comparison:
        for batch in _batched(given):
            comparison.take(batch)
        if below and (given or after or upto is not None or not comparison.knows_any(below)):
            comparison.mark_gone(below, paths=(after, upto), unread=unread)
        elif below:
            comparison.summary.notes.append(f"Nothing is listed below {below}, but files are known: none is gone.")
    return comparison.summary


def _checked(entries: Iterable[Entry]) -> Iterator[Entry]:
    for entry in entries:
        if not entry.path.startswith("/") or "\0" in entry.path or "/../" in entry.path or not _storable(entry.path):
            raise UsageError(f"{entry.path[:200]!r} is no path: send absolute ones, without NUL and without `..`.")
        if not 0 <= entry.size_bytes <= _GREATEST or max(abs(entry.modified_ns), abs(entry.changed_ns)) > _GREATEST:
            raise UsageError(f"{entry.path[:200]!r}: size or time is no number that a file has.")
        yield entry


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _batched(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    entries = iter(entries)
    while batch := list(islice(entries, BATCH)):
        yield batch


def _with_slash(folder: str) -> str:
    return folder if folder.endswith("/") else folder + "/"


def _row(entry: Entry) -> dict[str, str | int | None]:
    """A file as the queries take it."""
    device, stamp_ns, kind, _ = parse_name(entry.path.rpartition("/")[2])
    return {
        "path": entry.path,
        "raw_path": None if entry.raw_path is None else entry.raw_path.hex(),
        "device": device,
        "kind": kind,
        "created_ns": entry.changed_ns if stamp_ns is None else stamp_ns,
        "modified_ns": entry.modified_ns,
        "size_bytes": entry.size_bytes,
    }
