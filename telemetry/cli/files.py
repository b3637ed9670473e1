"""`inventory` and `ingest`."""

import logging
import multiprocessing
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial

from django.db import Error as DatabaseError
from django.db import connections
from tqdm import tqdm

from telemetry import reading
from telemetry.cli.main import DONE, SOME_FAILED, Session
from telemetry.errors import NotFoundError, TelemetryError, TransientError
from telemetry.inventory import Summary, take_inventory
from telemetry.reading import FileReport

logger = logging.getLogger(__name__)


def inventory(session: Session, asked: Namespace) -> int:
    """Bring each configured database to what lies in the data folders."""
    config = session.config
    noted = False
    for using in session.databases:
        began = time.perf_counter()
        summary = take_inventory(
            config.hostname,
            config.data_dirs,
            ignore=config.ignore,
            using=using,
            dry_run=asked.dry_run,
            believe_empty=asked.believe_empty,
        )
        session.say(_spoken(summary, time.perf_counter() - began, dry_run=asked.dry_run))
        for note in summary.notes:
            session.tell(note)
        noted = noted or bool(summary.notes)
    return SOME_FAILED if noted else DONE


def _spoken(summary: Summary, seconds: float, *, dry_run: bool) -> str:
    passed_over = "".join(f", {count} x {what}" for what, count in sorted(summary.skipped.items()))
    would = "would be " if dry_run else ""
    return (
        f"{summary.host}: {summary.files} files in {seconds:.1f} s; {would}{summary.new} new, "
        f"{summary.changed} changed, {summary.back} back, {summary.gone} gone, {summary.unchanged} unchanged; "
        f"passed over: {summary.ignored} ignored{passed_over}."
    )


@dataclass(slots=True)
class Tally:
    """Sums over files."""

    files: int = 0
    n_records: int = 0
    n_bad: int = 0
    n_bytes: int = 0
    rewritten: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    out_of_reach: int = 0


def ingest(session: Session, asked: Namespace) -> int:
    """Read the files that wait, in each configured database. One that fails is told, and the rest goes on."""
    codes = [_ingest_into(using, session, asked) for using in session.databases]
    return max(codes)


def _ingest_into(using: str, session: Session, asked: Namespace) -> int:
    host = {None: session.config.hostname, "any": ""}.get(asked.host, asked.host)
    ids = reading.waiting(
        host=host,
        device=asked.device,
        since_ns=None if asked.since is None else round(asked.since.timestamp()) * 1_000_000_000,
        limit=asked.limit or session.config.limit,
        using=using,
    )
    if asked.dry_run:
        return _tell_waiting(ids, using, session)
    tally, began = Tally(), time.perf_counter()
    jobs = asked.jobs or session.config.parallel_jobs
    with tqdm(total=len(ids), unit="file", desc="Reading", disable=None) as bar:
        for outcome in _outcomes(ids, jobs, partial(_read, hostname=session.config.hostname, using=using)):
            _count(outcome, tally, session, all_hosts=not host)
            bar.set_postfix(records=tally.n_records, refresh=False)
            bar.update()
    session.say(_summed(tally, time.perf_counter() - began))
    return SOME_FAILED if tally.failed else DONE


def _outcomes(
    ids: Sequence[int], jobs: int, read: "partial[FileReport | str | None]"
) -> "Iterator[FileReport | str | None]":
    """What became of each file, as they end. Each process has a connection of its own."""
    if jobs == 1 or len(ids) < 2:
        yield from map(read, ids)
        return
    connections.close_all()  # a forked process must not share them
    forking = multiprocessing.get_context("fork")
    try:
        with ProcessPoolExecutor(min(jobs, len(ids)), mp_context=forking) as pool:
            yield from pool.map(read, ids, chunksize=1)
    except BrokenProcessPool as error:
        raise TransientError(
            "A process was killed (is memory short?). What was read is kept: run it again, perhaps with fewer --jobs."
        ) from error


def _read(file_id: int, *, hostname: str, using: str) -> FileReport | str | None:
    """The report of one file, a sentence if it failed, None if neither it nor a copy is within reach."""
    try:
        return reading.ingest_file(file_id, hostname=hostname, using=using)
    except NotFoundError:
        return None
    except TelemetryError as error:
        return str(error)
    except DatabaseError as error:
        connections[using].close()  # it may be the connection that is broken
        return f"file {file_id}: the database refuses: {str(error).strip().splitlines()[0]}"
    except Exception:  # one file's fault must not stop the night
        logger.exception("file %s could not be read", file_id)
        return f"file {file_id}: a fault of this program, written above; please report it."


def _count(outcome: FileReport | str | None, tally: Tally, session: Session, *, all_hosts: bool) -> None:
    if outcome is None:
        tally.out_of_reach += 1
        if not all_hosts:
            tally.failed.append("a file is not at its place: take the inventory again")
        return
    if isinstance(outcome, str):
        tally.failed.append(outcome)
        tqdm.write(outcome)
        return
    tally.files += 1
    tally.n_records += outcome.n_records
    tally.n_bad += outcome.n_bad
    tally.n_bytes += outcome.n_bytes
    line = f"{outcome.host}:{outcome.path}: {outcome.state}, {outcome.n_records} records"
    if outcome.replaced:
        tally.rewritten.append(outcome.path)
        tqdm.write(f"{line}; it was written anew, its old records are put aside")
    elif outcome.state == "bad":
        tally.failed.append(line)
        tqdm.write(f"{line}: {outcome.reason}")
    elif outcome.state == "incomplete":
        tqdm.write(f"{line}; {outcome.reason}")
    elif outcome.reason and outcome.n_bad:
        tqdm.write(f"{line}, {outcome.n_bad} damages: {outcome.reason}")
    elif session.verbose:
        tqdm.write(line)


def _summed(tally: Tally, seconds: float) -> str:
    per_second = tally.n_records / seconds if seconds else 0.0
    return (
        f"{tally.files} files read: {tally.n_records} records, {tally.n_bad} damages, "
        f"{len(tally.rewritten)} written anew, {len(tally.failed)} failed, {tally.out_of_reach} out of reach; "
        f"{seconds:.1f} s, {per_second:.0f} records/s, {tally.n_bytes / 1e6 / max(seconds, 1e-9):.1f} MB/s."
    )


def _tell_waiting(ids: Sequence[int], using: str, session: Session) -> int:
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT host, path, size_bytes FROM telemetry.file WHERE id = ANY(%s) ORDER BY created_ns, id", [list(ids)]
        )
        files = cursor.fetchall()
    if session.verbose:
        for host, path, _size in files:
            session.say(f"{host}:{path}")
    session.say(f"{len(files)} files wait, {sum(size for _host, _path, size in files) / 1e6:.1f} MB.")
    return DONE
