"""How soon what an instrument writes can be read: three agents, 500 records a second for a minute."""

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from benchmarks import baselines
from benchmarks.report import Aim, Figure
from benchmarks.services import Bench, until
from benchmarks.telemetry.ingest import clear
from deploy.local.supervisor import DIES_WITH_US
from deploy.local.venvs import ROOT
from telemetry import agents

HOSTS = ("aoc", "rtc", "icc")
DEVICES = 10  # of each host
RATE = 500  # records a second, of all
SECONDS = 60
LOOK_S = 0.02
LINE = b'{"ts": "2026-11-28T03:00:00.%09d", "prio": "TELM", "ec": "bench", "msg": {"n": %d, "value": 12.25}}\n'


def measure(bench: Bench) -> Iterator[Figure]:
    clear()
    with bench.running("web"):
        baseline = baselines.empty_request(bench.url)
        processes = [_agent(bench, host) for host in HOSTS]
        try:
            files = [path for host in HOSTS for path in _files(bench, host)]
            until(lambda: _counts(files) == [1] * len(files), what="the first line of each file")
            latencies_ms = _write_and_watch(files)
        finally:
            for process in processes:
                process.terminate()
                process.wait()
    p95 = statistics.quantiles(latencies_ms, n=20, method="inclusive")[-1]
    name = f"written to readable, 3 agents, {RATE} records/s, {SECONDS} s"
    yield Figure(f"{name}: median", statistics.median(latencies_ms), "ms", baseline=baseline)
    yield Figure(f"{name}: 95th percentile", p95, "ms", baseline=baseline, aim=(Aim.AT_MOST, 2000.0))
    clear()


def _agent(bench: Bench, host: str) -> subprocess.Popen[bytes]:
    folder = bench.folder / "live" / host
    (folder / "telem").mkdir(parents=True)
    (folder / "token").write_text(agents.make_token(host) + "\n")
    words = (
        f'data_dirs=["{folder / "telem"}"]', f"agent.archive={bench.url}", f"agent.token_file={folder / 'token'}",
        f"agent.spool_dir={folder / 'spool'}",
    )  # fmt: skip
    return subprocess.Popen(
        [*DIES_WITH_US, sys.executable, "-m", "telemetry.agent", *words], cwd=ROOT, stderr=subprocess.DEVNULL
    )


def _files(bench: Bench, host: str) -> list[Path]:
    """A file for each device of a host, with its first line."""
    found = []
    for number in range(DEVICES):
        path = bench.folder / "live" / host / "telem" / f"{host}{number}_2026-11-28T030000.ndjson"
        path.write_bytes(LINE % (0, 0))
        found.append(path)
    return found


def _counts(files: list[Path]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT path, n_records FROM telemetry.recording")
        known = dict(cursor.fetchall())
    return [known.get(str(path), 0) for path in files]


def _write_and_watch(files: list[Path]) -> list[float]:
    """Write lines in turn, and note of each when the database counts it; the times between, ms."""
    written: list[list[float]] = [[] for _ in files]
    seen: list[list[float]] = [[] for _ in files]
    writer = threading.Thread(target=_write, args=[files, written])
    writer.start()
    while writer.is_alive() or any(len(s) < len(w) for s, w in zip(seen, written, strict=True)):
        counts = _counts(files)
        now = time.perf_counter()
        for each, count in zip(seen, counts, strict=True):
            each.extend([now] * (count - 1 - len(each)))
        time.sleep(LOOK_S)
    return [1000.0 * (s - w) for each, of in zip(seen, written, strict=True) for s, w in zip(each, of, strict=True)]


def _write(files: list[Path], written: list[list[float]]) -> None:
    opened = [path.open("ab", buffering=0) for path in files]
    began = time.perf_counter()
    for number in range(RATE * SECONDS):
        due = began + number / RATE
        while (wait_s := due - time.perf_counter()) > 0:
            time.sleep(wait_s)
        place = number % len(files)
        written[place].append(time.perf_counter())
        opened[place].write(LINE % (number + 1, number + 1))
    for file in opened:
        file.close()
