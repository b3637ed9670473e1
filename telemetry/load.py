"""The one way in: bytes of instrument files become records, in one transaction with the mark how far reading came.

Commands, agents and copies all call `take_chunks`. Bytes are decoded before the lock on their recording is taken, and
thrown away if another taker was faster. So who sends a piece twice, two who send it at once, and who is killed lose
nothing and double nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO

from django.db import DataError, connections, transaction
from django.utils import timezone

from telemetry import bundles, channels, copying, recordings, refusals
from telemetry.chunks import Chunk, Position, Taken
from telemetry.continuity import edges_after
from telemetry.formats.readers import reader_for
from telemetry.formats.records import Batch
from telemetry.formats.schemas import Bundle
from telemetry.recordings import Known, place_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_DAY = (
    datetime(2000, 1, 1, tzinfo=UTC) - EPOCH
)  # what claims to be older lies in record_other, as what is of the future
NS_OF_DAY = 86_400_000_000_000
CLOCKS_MAY_BE_FAST = timedelta(days=1)


@dataclass(slots=True)
class _Decoded:
    """A chunk, what was read in it, and the state of its recording for which that holds."""

    chunk: Chunk
    known: Known
    batch: Batch
    bundle_digest: str = ""

    @property
    def consumed(self) -> bytes:
        return self.chunk.data[: self.batch.consumed - self.chunk.offset]


def positions(places: Sequence[tuple[str, str]], *, using: str = "default") -> dict[tuple[str, str], Position]:
    """How far the recording of each file (host, path) was read. Files of which nothing is known are left out."""
    found = recordings.find((place_of(*place) for place in places), using=using)
    return {place: found[place_of(*place)].position for place in places if place_of(*place) in found}


def take_chunks(chunks: Sequence[Chunk], *, using: str = "default") -> list[Taken]:
    """Take bytes of files in, all or none: the answers are in the order of `chunks`, one for each file at most.

    Bytes that are held already, or that do not follow what is held, change nothing: the answer tells where to go on.

    Raises UsageError if a file's name is none of telemetry, TransientError while there is no bundle to decode it with.
    """
    places = [place_of(chunk.host, chunk.path) for chunk in chunks]
    recordings.make_missing(places, using=using)
    known = recordings.find(places, using=using)
    is_binary = any(each.kind != "ndjson" for each in known.values())
    bundle = bundles.current(using=using) if is_binary else None
    decoded = [_decode(chunk, known[place], bundle) for chunk, place in zip(chunks, places, strict=True)]
    _make_months(decoded, using=using)
    ids = channels.ids_of(_channel_names(decoded), using=using)
    try:
        return _store(decoded, ids, using=using)
    except DataError:
        for each in decoded:
            each.batch = refusals.without_refused(each.batch, using=using)
        return _store(decoded, ids, using=using)


def _store(decoded: Sequence[_Decoded], ids: Mapping[channels.Name, int], *, using: str) -> list[Taken]:
    """Rows and marks of all chunks, in one transaction."""
    places = [place_of(each.chunk.host, each.chunk.path) for each in decoded]
    with transaction.atomic(using=using):
        held = recordings.find(places, using=using, lock=True)
        taken, pieces = [], []
        for each, place in zip(decoded, places, strict=True):
            answer, rows = _take(each, held[place], ids, using=using)
            held[place] = held[place].after(answer)  # a file and its compressed one may come in one request
            taken.append(answer)
            pieces.append(rows)
        _copy(pieces, using=using)
    return taken


def _decode(chunk: Chunk, known: Known, bundle: Bundle | None) -> _Decoded:
    """What the bytes say, if they go on where reading came to; else nothing."""
    start = _start(chunk, known.position)
    if start is None or not chunk.data:
        return _Decoded(chunk, known, Batch(records=[], damages=[], consumed=chunk.offset))
    fresh = chunk.data[start - chunk.offset :]
    rest = Chunk(chunk.host, chunk.path, start, fresh, chunk.end, chunk.torn, chunk.anew_after)
    batch = refusals.without_long_names(reader_for(known.kind, bundle)(fresh, offset=start))
    return _Decoded(rest, known, batch, bundle.digest if bundle and known.kind != "ndjson" else "")


def _start(chunk: Chunk, position: Position) -> int | None:
    """Offset from which the chunk's bytes are new, None if they leave a gap or belong to another generation."""
    if chunk.anew_after is not None:
        return 0 if chunk.anew_after == position.generation and chunk.offset == 0 else None
    consumed = position.edges.consumed
    return consumed if chunk.offset <= consumed <= chunk.offset + len(chunk.data) else None


def _take(decoded: _Decoded, held: Known, ids: Mapping[channels.Name, int], *, using: str) -> tuple[Taken, bytes]:
    """Move the recording on, and give its rows for COPY. Nothing if someone was faster, or the bytes do not follow."""
    chunk, batch = decoded.chunk, decoded.batch
    if held.position != decoded.known.position or _start(chunk, held.position) is None:
        return Taken(held.position), b""
    replaced = chunk.anew_after is not None
    if replaced:
        held = recordings.put_aside(held, using=using)
    position = Position(held.position.generation, edges_after(held.position.edges, decoded.consumed))
    _move_on(decoded, held, position, using=using)
    rows = copying.as_binary_copy(batch.records, recording_id=held.id, device=held.device, channels=ids)
    return Taken(position, len(batch.records), len(batch.damages), replaced), rows


def _move_on(decoded: _Decoded, held: Known, position: Position, *, using: str) -> None:
    chunk, batch = decoded.chunk, decoded.batch
    times = [record.ns for record in batch.records]
    state, reason = _state(decoded, held, using=using)
    edges = position.edges
    with connections[using].cursor() as cursor:
        cursor.execute(
            """UPDATE telemetry.recording SET state = %s, reason = %s,
                first_ns = least(first_ns, %s), last_ns = greatest(last_ns, %s),
                n_records = n_records + %s, n_bad = n_bad + %s,
                n_undecoded = n_undecoded + %s, n_unknown_fields = n_unknown_fields + %s,
                bytes_consumed = %s, head_length = %s, head_sha256 = %s, tail_length = %s, tail_sha256 = %s,
                bundle_digest = CASE WHEN %s = '' THEN bundle_digest ELSE %s END, ingested_at = %s
            WHERE id = %s""",
            [
                state, reason, min(times, default=None), max(times, default=None), len(times), len(batch.damages),
                sum(record.msg is None for record in batch.records), batch.unknown_fields,
                edges.consumed, edges.head_length, edges.head_sha256, edges.tail_length, edges.tail_sha256,
                decoded.bundle_digest, decoded.bundle_digest, timezone.now(), held.id,
            ],
        )  # fmt: skip
        if batch.damages:
            cursor.executemany(
                "INSERT INTO telemetry.damage VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [(held.id, damage.offset, damage.length, damage.reason) for damage in batch.damages],
            )
        if chunk.end:
            cursor.execute(
                """UPDATE telemetry.file SET recording_id = %s, ingested_size_bytes = %s, ingested_modified_ns = %s
                WHERE host = %s AND md5(path) = md5(%s)""",
                [held.id, chunk.end.size_bytes, chunk.end.modified_ns, chunk.host, chunk.path],
            )


def _state(decoded: _Decoded, held: Known, *, using: str) -> tuple[str, str]:
    """State of the recording and its reason, once the batch is stored."""
    batch, chunk = decoded.batch, decoded.chunk
    tail = (batch.incomplete or chunk.torn) if chunk.end else ""
    n_bad = held.n_bad + len(batch.damages)
    if n_bad:
        seq, why = recordings.first_damage(held.id, using=using) or (batch.damages[0].offset, batch.damages[0].reason)
        more = f"; {n_bad} such places" if n_bad > 1 else ""
        rest = f"; {tail}" if tail else ""
        return ("partial" if held.n_records + len(batch.records) else "bad"), f"at byte {seq}: {why}{more}{rest}"
    return ("incomplete", tail) if tail else ("ok", "")


def _channel_names(decoded: Sequence[_Decoded]) -> set[channels.Name]:
    return {(record.device or each.known.device, record.event) for each in decoded for record in each.batch.records}


def _make_months(decoded: Sequence[_Decoded], *, using: str) -> None:
    """A partition for each month among the records. Times that can not be are left to record_other."""
    possible = range(FIRST_DAY.days, (timezone.now() + CLOCKS_MAY_BE_FAST - EPOCH).days + 1)
    days = {record.ns // NS_OF_DAY for each in decoded for record in each.batch.records}
    months = {(EPOCH + timedelta(days=day)).replace(day=1) for day in days if day in possible}
    with connections[using].cursor() as cursor:
        for month in sorted(months):
            cursor.execute("SELECT telemetry.ensure_month(%s)", [month])


def _copy(pieces: Sequence[bytes], *, using: str) -> None:
    if any(pieces):
        with connections[using].wrap_database_errors, connections[using].cursor() as cursor:
            cursor.copy_expert(copying.STATEMENT, BytesIO(copying.whole(pieces)))
