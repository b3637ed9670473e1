"""Files of the inventory, and copies of those that are gone, become records."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from telemetry import load
from telemetry.chunks import Position, Stat, recording_path
from telemetry.errors import NotFoundError, TransientError
from telemetry.locations import place_of_copy
from telemetry.recordings import IS_WAITING
from telemetry.sources import FileReader, Identity


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file."""

    host: str
    path: str
    state: str  # of its recording: ok, incomplete, partial or bad
    reason: str
    n_records: int  # new ones
    n_bad: int
    n_bytes: int  # uncompressed bytes that were new
    replaced: bool  # it was written anew since it was last read


def ingest_file(
    file_id: int, *, hostname: str, using: str = "default", told: Callable[[int], None] = lambda _: None
) -> FileReport:
    """Read one file of the inventory to its end: at its place if that is on this computer (`hostname`), or a copy.

    Safe to repeat, to interrupt and to do twice at once. `told` hears of bytes as they are committed.

    Raises NotFoundError if neither the file nor a copy is within reach, TransientError if it vanished on the way or
    there is no bundle to decode it, UsageError if it holds no telemetry.
    """
    identity, source, copied_of = _find(file_id, hostname=hostname, using=using)
    position = load.positions([(identity.host, identity.path)], using=using).get(
        (identity.host, identity.path), Position()
    )
    n_records = n_bad = n_bytes = 0
    replaced = False
    try:
        reader = FileReader(identity, source, position, stat_as=copied_of)
        while not reader.finished:
            chunk = reader.next_chunk()
            [taken] = load.take_chunks([chunk], using=using)
            reader.went_on(chunk, taken)
            fresh = max(0, taken.position.edges.consumed - chunk.offset) if taken.n_records or taken.n_bad else 0
            n_records, n_bad, n_bytes = n_records + taken.n_records, n_bad + taken.n_bad, n_bytes + fresh
            replaced = replaced or taken.replaced
            told(fresh)
    except OSError as error:
        raise TransientError(f"{source} can not be read ({error.strerror}). Take the inventory again.") from error
    state, reason = _state(identity, using=using)
    return FileReport(identity.host, identity.path, state, reason, n_records, n_bad, n_bytes, replaced)


def waiting(
    *, host: str = "", device: str = "", since_ns: int | None = None, limit: int | None = None, using: str = "default"
) -> list[int]:
    """Ids of telemetry files that were not read as they now are, oldest first; gone ones if a copy is within reach.

    `since_ns` leaves out files changed before it (Unix time, ns).
    """
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"""SELECT id FROM telemetry.file
            WHERE {IS_WAITING}
                AND (%(host)s = '' OR host = %(host)s) AND (%(device)s = '' OR device = %(device)s)
                AND modified_ns >= coalesce(%(since)s, modified_ns)
                AND (gone_at IS NULL OR EXISTS (
                    SELECT FROM telemetry.replica JOIN telemetry.location ON location.id = location_id
                    WHERE replica.file_id = file.id AND replica.state = 'ok' AND location.is_local))
            ORDER BY created_ns, id LIMIT %(limit)s""",  # noqa: S608 - the condition is ours
            {"host": host, "device": device, "since": since_ns, "limit": limit},
        )
        return [pk for (pk,) in cursor.fetchall()]


def _find(file_id: int, *, hostname: str, using: str) -> tuple[Identity, Path, Stat | None]:
    """What the file is called, where its bytes can be read on this computer, and what a copy was made of."""
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT host, path, raw_path, gone_at IS NULL FROM telemetry.file WHERE id = %s", [file_id])
        row = cursor.fetchone()
        if row is None:
            raise NotFoundError(f"There is no file {file_id} in the inventory.")
        host, path, raw_path, is_there = row
        cursor.execute(
            """SELECT prefix, replica.path, origin_size_bytes, origin_modified_ns
            FROM telemetry.replica JOIN telemetry.location ON location.id = location_id
            WHERE file_id = %s AND replica.state = 'ok' AND is_local ORDER BY copied_at DESC""",
            [file_id],
        )
        raw = bytes(raw_path) if raw_path else path.encode()
        copies = [(place_of_copy(prefix, host, raw, said), Stat(*of)) for prefix, said, *of in cursor.fetchall()]
    origin = [(Path(os.fsdecode(raw)), None)] if host == hostname and is_there else []
    for place, copied_of in [*origin, *copies]:
        if place.is_file():
            return Identity(host, path), place, copied_of
    raise NotFoundError(
        f"{path} of {host} is not within reach of {hostname}: neither it nor a copy. Copies: xtelemdb replica list"
    )


def _state(identity: Identity, *, using: str) -> tuple[str, str]:
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT state, reason FROM telemetry.recording WHERE host = %s AND md5(path) = md5(%s)",
            [identity.host, recording_path(identity.path)],
        )
        state, reason = cursor.fetchone()
    return state, reason
