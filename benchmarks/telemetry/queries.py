"""How fast the archive answers of ten million records: over HTTP, as a reader asks."""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from django.db import connection
from tqdm import tqdm

from benchmarks import baselines
from benchmarks.report import Aim, Figure
from benchmarks.services import Bench
from benchmarks.telemetry.ingest import clear

N_CHANNELS = 200
N_EACH = 50_000
SPACING_S = 1.7
START = datetime(2026, 11, 1, tzinfo=UTC)
HOURS = int(N_EACH * SPACING_S // 3600)
N_RUNS = 50
FILL = """
    INSERT INTO telemetry.record (ts, channel_id, ns, priority, recording_id, seq, msg)
    SELECT %(start)s + i * %(spacing)s * interval '1 second', %(channel)s, i %% 1000, 64, %(channel)s, i * 120,
        jsonb_build_object('fps', 1000 + sin(i / 100.0), 'temp', -40 + random(), 'mode', 'mode' || i / 5000 %% 4,
            'gain', i %% 600)
    FROM generate_series(0, %(each)s - 1) AS i"""


def _hour(run: int) -> str:
    """An hour somewhere in what is stored, another one for each run."""
    start = START + timedelta(hours=run * 7 % (HOURS - 1))
    return f"start={start:%Y-%m-%dT%H:%M:%SZ}&end={start + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"


# Name, address by the number of the run, and the most ms that it should take.
QUESTIONS: tuple[tuple[str, Callable[[int], str], float], ...] = (
    ("one key, one hour, in bins", lambda run: f"/telemetry/binned/?keys=dev{run}:bench:fps&{_hour(run)}", 50.0),
    ("one key, one hour, values", lambda run: f"/telemetry/?device=dev{run}&keys=fps&limit=1000&{_hour(run)}", 50.0),
    ("latest of 200 channels", lambda _run: "/telemetry/latest/", 200.0),
)


def measure(bench: Bench) -> Iterator[Figure]:
    clear()
    _fill()
    with bench.running("web"):
        baseline = baselines.empty_request(bench.url)
        asking = requests.Session()
        asking.headers["Authorization"] = f"Token {bench.token()}"
        for name, route, bound_ms in QUESTIONS:
            _require_all(asking.get(bench.url + route(0), timeout=60).json())
            times_ms = [_ask(asking, bench.url + route(run)) for run in range(N_RUNS + 1)][1:]
            p95 = statistics.quantiles(times_ms, n=20, method="inclusive")[-1]
            what = f"{name}, 95th percentile of {N_RUNS}, {N_CHANNELS * N_EACH:,} records"
            yield Figure(what, p95, "ms", baseline=baseline, aim=(Aim.AT_MOST, bound_ms))
    clear()


def _ask(asking: requests.Session, address: str) -> float:
    started_s = time.perf_counter()
    answer = asking.get(address, timeout=60)
    took_ms = 1000.0 * (time.perf_counter() - started_s)
    answer.raise_for_status()
    return took_ms


def _require_all(answer: dict[str, Any]) -> None:
    """Fail if what is timed is not the whole answer."""
    if "series" in answer:
        found, expected = sum(answer["series"][0]["count"]), int(3600 / SPACING_S)
    elif answer.get("next"):
        found, expected = len(answer["results"]), settings.PAGINATION_MAX_LIMIT
    else:
        found, expected = len(answer["results"]), N_CHANNELS
    assert expected <= found <= expected + 1, f"{found} in place of {expected}"


def _fill() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT telemetry.ensure_month(%s)", [START])
        for number in tqdm(range(N_CHANNELS), desc="ten million records", disable=None, leave=False):
            cursor.execute(
                "INSERT INTO telemetry.channel (device, event) VALUES (%s, 'bench') RETURNING id", [f"dev{number}"]
            )
            [channel] = cursor.fetchone()
            cursor.execute(FILL, {"start": START, "spacing": SPACING_S, "channel": channel, "each": N_EACH})
        cursor.execute("ANALYZE telemetry.record")
        cursor.execute("SELECT count(*) FROM telemetry.record")
        assert cursor.fetchone() == (N_CHANNELS * N_EACH,)
