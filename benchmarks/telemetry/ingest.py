"""How fast files of telemetry become committed rows: a night by two processes, NDJSON, and a plain loop beside it."""

import gzip
import time
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from benchmarks.report import Aim, Baseline, Figure, median_of
from benchmarks.services import Bench
from telemetry import bundles
from telemetry.formats.flatlogs import read_flatlogs
from telemetry.formats.records import Record
from tests.telemetry.night.make import Night, make_night
from tests.telemetry.shapes import BUNDLE

JOBS = ("--jobs", "2")
N_PLAIN = 50_000  # rows of the plain loop
N_LINES = 100_000  # of each NDJSON file
N_NDJSON = 4
LINE = (
    b'{"ts": "2026-11-28T%02d:%02d:%02d.%09d", "prio": "TELM", "ec": "telem_indi_set", "msg": {"device": "camsci1", '
    b'"name": "fps", "state": "Ok", "elements": {"current": %d.25, "target": 2000.0, "min": 0.0, "max": 3630.0, '
    b'"step": 1.5}, '
    b'"label": "Frames per second", "group": "Detector", "perm": "rw", "timeout_s": 0.0, "message": ""}}\n'
)


def measure(bench: Bench) -> Iterator[Figure]:
    clear()
    night = bench.folder / "night"
    expected = make_night(Night(1, 3, 162, 10.0), night)
    bench.manage("telemetry", "bundle", "add", str(BUNDLE))
    plain = _plain_loop(night)
    yield from _night(bench, night, expected.total, plain)
    yield _ndjson(bench, plain)
    clear()


def _night(bench: Bench, night: Path, total: int, plain: Baseline) -> Iterator[Figure]:
    copies = bench.folder / "copies"
    copies.mkdir()
    for host in night.iterdir():
        if host.name not in {"expected", "README"} and host.is_dir():
            host.rename(copies / host.name)
    bench.manage("telemetry", "replica", "add", "night", str(copies), "--import-origins")
    took_s = bench.manage("telemetry", "ingest", "--host", "any", *JOBS)
    stored = _count()
    assert stored == total, f"{stored} of {total} records are there"
    name = f"a night of {total:,} records, whole command"
    yield Figure(name, took_s, "s", baseline=plain, aim=(Aim.AT_MOST, 60.0))
    yield Figure(
        "binary telemetry to committed rows", total / took_s, "rows/s", baseline=plain, aim=(Aim.AT_LEAST, 25e3)
    )
    again_s = bench.manage("telemetry", "ingest", "--host", "any", *JOBS)
    yield Figure("the same night again: nothing to read", again_s, "s", baseline=plain)
    yield Figure(
        "one record in the database, with indexes", _bytes() / total, "bytes", baseline=plain, aim=(Aim.AT_MOST, 420.0)
    )


def _ndjson(bench: Bench, plain: Baseline) -> Figure:
    folder = bench.folder / "ndjson"
    folder.mkdir()
    rates = []
    for run in range(3):
        for number in range(N_NDJSON):
            path = folder / f"py{run}{number}_2026-11-28T000000.ndjson.gz"
            lines = (LINE % (i // 3600 % 24, i // 60 % 60, i % 60, i, i) for i in range(N_LINES))
            path.write_bytes(gzip.compress(b"".join(lines), 1))
        words = ("hostname=bench", f'data_dirs=["{folder}"]')
        bench.manage("telemetry", "inventory", *words)
        rates.append(N_NDJSON * N_LINES / bench.manage("telemetry", "ingest", *JOBS, *words))
    return median_of("NDJSON to committed rows", rates, "lines/s", baseline=plain, aim=(Aim.AT_LEAST, 25e3))


def _plain_loop(night: Path) -> Baseline:
    """Rows as the original wrote them: executemany with ON CONFLICT, into its table, of records decoded beforehand."""
    records = _some_records(night)
    rows = [(record.ns / 1e9, "device", (record.msg or b"{}").decode(), record.event) for record in records]
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMPORARY TABLE plain_telem (ts timestamptz, device varchar(50), msg jsonb, prio varchar(8),
                ec varchar(20), PRIMARY KEY (ts, device)); CREATE INDEX ON plain_telem (device, ts)"""
        )
        started_s = time.perf_counter()
        cursor.executemany(
            "INSERT INTO plain_telem (ts, device, msg, ec)"
            " VALUES (to_timestamp(%s), %s, %s, %s) ON CONFLICT DO NOTHING",
            rows,
        )
        took_s = time.perf_counter() - started_s
        cursor.execute("DROP TABLE plain_telem")
    return Baseline(len(rows) / took_s, "rows/s", "executemany of rows decoded beforehand, original's table")


def _some_records(night: Path) -> list[Record]:
    bundle, found = bundles.current(), []
    for path in sorted(night.rglob("*.bintel")):
        found += read_flatlogs(path.read_bytes(), offset=0, bundle=bundle).records
        if len(found) >= N_PLAIN:
            break
    return found[:N_PLAIN]


def _count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM telemetry.record")
        return int(cursor.fetchone()[0])


def _bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('telemetry.record') WHERE isleaf"
        )
        return int(cursor.fetchone()[0])


def clear() -> None:
    """Forget all of telemetry but the months' tables."""
    with connection.cursor() as cursor:
        cursor.execute(
            """TRUNCATE telemetry.record, telemetry.replaced_record, telemetry.recording, telemetry.file,
                telemetry.replica, telemetry.location, telemetry.channel, telemetry.damage, telemetry.agent_token,
                telemetry.bundle CASCADE"""
        )
