"""Copies read again byte for byte, and taken back as origins when only they are left."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.db import connections, transaction

from telemetry.filecopy import OURS, sha256_of
from telemetry.formats.names import parse_name
from telemetry.listing import IGNORED_FILES, IGNORED_FOLDERS, Entry, Ignore, Walk, path_text
from telemetry.locations import Place, must_be_mounted, place_of_copy
from telemetry.replicas import Told, record_copy, silent

_IGNORE = Ignore((*IGNORED_FILES, rf"\{OURS}.*"), (*IGNORED_FOLDERS, r"lost\+found"))
_BATCH = 1000


@dataclass(slots=True)
class Verified:
    """What a verification found: paths at the location."""

    ok: int = 0
    differs: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def verify(place: Place, *, told: Told = silent, using: str = "default") -> Verified:
    """Read every byte of every copy again, compare checksums, and list files there that no row knows.

    The rows say afterwards what was found: a copy that differs or is missing is copied again by the next `sync`.
    """
    must_be_mounted(place, to_write=False)
    found = Verified()
    after = 0
    while batch := _copies_after(place, after, using):
        for replica_id, host, path, raw_path, copy_path, sha256 in batch:
            raw = bytes(raw_path) if raw_path is not None else path.encode()
            state, n_bytes = _state_of(place_of_copy(place.prefix, host, raw, copy_path), bytes(sha256))
            _note(replica_id, state, using)
            if state == "ok":
                found.ok += 1
            else:
                (found.differs if state == "differs" else found.missing).append(copy_path)
            told(n_bytes)
        after = batch[-1][0]
    found.unknown = sorted(path for batch in _walked(place) for path in _not_enrolled(place, batch, using))
    return found


def _copies_after(place: Place, after: int, using: str) -> list[tuple[int, str, str, bytes | None, str, bytes]]:
    with connections[using].cursor() as cursor:
        cursor.execute(
            """SELECT replica.id, host, file.path, raw_path, replica.path, replica.sha256
            FROM telemetry.replica JOIN telemetry.file ON file.id = file_id
            WHERE location_id = %s AND replica.id > %s ORDER BY replica.id LIMIT %s""",
            [place.id, after, _BATCH],
        )
        return list(cursor.fetchall())


def _state_of(path: Path, sha256: bytes) -> tuple[str, int]:
    try:
        there = sha256_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return "missing", 0
    except OSError:
        return "differs", 0  # a disk that can not read it has lost it
    return ("ok" if there.sha256 == sha256 else "differs"), there.size_bytes


def _note(replica_id: int, state: str, using: str) -> None:
    with connections[using].cursor() as cursor:
        cursor.execute(
            "UPDATE telemetry.replica SET state = %s, verified_at = now() WHERE id = %s", [state, replica_id]
        )


def _walked(place: Place) -> Iterator[list[Entry]]:
    """Files of a location in batches, but for those that are ours."""
    files = Walk(_IGNORE).files(os.fsencode(place.prefix))
    while batch := list(islice(files, _BATCH)):
        yield batch


def _not_enrolled(place: Place, batch: Sequence[Entry], using: str) -> set[str]:
    paths = [entry.path for entry in batch]
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT path FROM telemetry.replica WHERE location_id = %s AND path = ANY(%s)", [place.id, paths]
        )
        return set(paths) - {path for (path,) in cursor.fetchall()}


@dataclass(slots=True)
class Imported:
    """What was taken from a location: files and copies that were not known, and sentences on what was left."""

    origins: int = 0
    replicas: int = 0
    failed: list[str] = field(default_factory=list)


def import_origins(place: Place, *, told: Told = silent, using: str = "default") -> Imported:
    """Enrol a backup that is laid out as `<prefix>/<host>/<path>`: first the origin, then its copy.

    An origin that was not known is gone, until an inventory of its host finds it. Known origins and copies stay as they
    are. Each new copy is read once, for its checksum. Safe to interrupt and to repeat.
    """
    must_be_mounted(place, to_write=False)
    done = Imported()
    for batch in _walked(place):
        unknown = _not_enrolled(place, batch, using)
        for entry in batch:
            if entry.path in unknown:
                _import_one(place, entry, done, using)
            told(entry.size_bytes)
    return done


def _import_one(place: Place, entry: Entry, done: Imported, using: str) -> None:
    raw = entry.raw_path if entry.raw_path is not None else entry.path.encode()
    host, slash, rest = raw[len(os.fsencode(place.prefix)) :].lstrip(b"/").partition(b"/")
    if not slash:
        done.failed.append(f"{entry.path} lies in no host's folder: copies lie at {place.prefix}/<host>/<path>.")
        return
    try:
        copied = sha256_of(Path(os.fsdecode(raw)))
    except OSError as error:
        done.failed.append(f"{entry.path} can not be read: {error.strerror}.")
        return
    with transaction.atomic(using):
        file_id, is_new = _origin(path_text(host)[0], b"/" + rest, entry, using)
        record_copy(place, file_id, Path(os.fsdecode(raw)), copied, using)
    done.origins += is_new
    done.replicas += 1


def _origin(host: str, raw: bytes, entry: Entry, using: str) -> tuple[int, bool]:
    """The file's row, made if it is not known; whether it was made."""
    path, raw_path = path_text(raw)
    device, stamp_ns, kind, _compression = parse_name(path.rpartition("/")[2])
    created_ns = entry.modified_ns if stamp_ns is None else stamp_ns  # the copy's inode is younger than what it holds
    with connections[using].cursor() as cursor:
        cursor.execute(
            """INSERT INTO telemetry.file
                (host, path, raw_path, device, kind, created_ns, modified_ns, size_bytes, gone_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, now())
            ON CONFLICT (host, md5(path)) DO NOTHING RETURNING id""",
            [host, path, raw_path, device, kind, created_ns, entry.modified_ns, entry.size_bytes],
        )
        made = cursor.fetchone()
        if made:
            return made[0], True
        cursor.execute("SELECT id FROM telemetry.file WHERE host = %s AND md5(path) = md5(%s)", [host, path])
        return cursor.fetchone()[0], False
