"""Rows of recordings: made, locked, moved on, and put aside when their file was written anew."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections

from telemetry.chunks import Position, Taken, recording_path
from telemetry.continuity import Edges
from telemetry.errors import UsageError
from telemetry.formats.names import TELEMETRY, parse_name

Place = tuple[str, str]  # host and path of a recording
# A file whose records are wanted, and which was not read as it now is. The index `file_waiting` says the same.
IS_WAITING = """kind IN ('bintel', 'binlog', 'ndjson')
    AND (ingested_size_bytes, ingested_modified_ns) IS DISTINCT FROM (size_bytes, modified_ns)"""

_FIND = """
    SELECT id, host, path, device, kind, generation, bytes_consumed, head_length, head_sha256, tail_length, tail_sha256,
        n_records, n_bad
    FROM telemetry.recording
    WHERE (host, md5(path)) IN (SELECT host, md5(path) FROM unnest(%s::text[], %s::text[]) AS wanted (host, path))
    ORDER BY id"""


@dataclass(frozen=True, slots=True)
class Known:
    """A recording as far as taking bytes needs it."""

    id: int
    device: str
    kind: str
    position: Position
    n_records: int
    n_bad: int

    def after(self, taken: Taken) -> "Known":
        """The recording once a chunk was taken."""
        before = (0, 0) if taken.replaced else (self.n_records, self.n_bad)
        counts = (before[0] + taken.n_records, before[1] + taken.n_bad)
        return Known(self.id, self.device, self.kind, taken.position, *counts)


def place_of(host: str, path: str) -> Place:
    """Where the recording of a file is found."""
    return host, recording_path(path)


def make_missing(places: Iterable[Place], *, using: str) -> None:
    """A row for each recording of which nothing was read yet.

    Raises UsageError if a name is none of a telemetry file.
    """
    new = [(*place, *_named(place[1])) for place in sorted(set(places))]
    with connections[using].cursor() as cursor:
        cursor.executemany(
            "INSERT INTO telemetry.recording (host, path, device, kind, started_ns) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (host, md5(path)) DO NOTHING",
            new,
        )


def find(places: Iterable[Place], *, using: str, lock: bool = False) -> dict[Place, Known]:
    """The recordings at these places; with `lock`, held until the transaction ends, always in the same order."""
    wanted = sorted(set(places))
    hosts, paths = [host for host, _ in wanted], [path for _, path in wanted]
    with connections[using].cursor() as cursor:
        cursor.execute(_FIND + (" FOR UPDATE" if lock else ""), [hosts, paths])
        return {(row[1], row[2]): _known(row) for row in cursor.fetchall()}


def put_aside(known: Known, *, using: str) -> Known:
    """Move the records of a file that was written anew out of the way, and begin its next generation."""
    generation = known.position.generation
    with connections[using].cursor() as cursor:
        cursor.execute(
            """WITH moved AS (DELETE FROM telemetry.record WHERE recording_id = %s RETURNING *)
            INSERT INTO telemetry.replaced_record
                (ts, channel_id, ns, priority, recording_id, seq, msg, nonfinite, raw, generation)
            SELECT ts, channel_id, ns, priority, recording_id, seq, msg, nonfinite, raw, %s FROM moved""",
            [known.id, generation],
        )
        cursor.execute("DELETE FROM telemetry.damage WHERE recording_id = %s", [known.id])
        cursor.execute(
            """UPDATE telemetry.recording SET generation = generation + 1, state = 'new', reason = '', first_ns = NULL,
                last_ns = NULL, n_records = 0, n_bad = 0, n_undecoded = 0, n_unknown_fields = 0, bytes_consumed = 0,
                head_length = 0, head_sha256 = '', tail_length = 0, tail_sha256 = ''
            WHERE id = %s""",
            [known.id],
        )
    return Known(known.id, known.device, known.kind, Position(generation=generation + 1), 0, 0)


def first_damage(recording_id: int, *, using: str) -> tuple[int, str] | None:
    """Offset and reason of the first place of a recording whose bytes gave no record."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT seq, reason FROM telemetry.damage WHERE recording_id = %s ORDER BY seq LIMIT 1", [recording_id]
        )
        row: tuple[int, str] | None = cursor.fetchone()
    return row


def _named(path: str) -> tuple[str, str, int | None]:
    """Device, kind and start that a file's name tells."""
    name = parse_name(path.rsplit("/", 1)[-1])
    if name.kind not in TELEMETRY:
        raise UsageError(
            f"{path} holds no telemetry: its name must end in .{', .'.join(TELEMETRY)}, or in .gz or .zst after that."
        )
    return name.device or path.rsplit("/", 1)[-1], name.kind, name.stamp_ns


def _known(row: Sequence[Any]) -> Known:
    pk, _host, _path, device, kind, generation, *edges, n_records, n_bad = row
    consumed, head_length, head, tail_length, tail = edges
    position = Position(generation, Edges(consumed, head_length, bytes(head), tail_length, bytes(tail)))
    return Known(pk, device, kind, position, n_records, n_bad)
