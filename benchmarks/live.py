"""How soon 200 listeners hear of what was committed, half by Server-Sent Events and half by WebSocket."""

import json
import select
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connections, transaction
from django.utils import timezone
from rest_framework.authtoken.models import Token

from archive.domain.events import record_event
from archive.enums import EventName
from archive.errors import FatalError
from archive.models import Frame
from benchmarks.report import Aim, Baseline, Figure, latencies_of
from benchmarks.services import Bench
from deploy.local.venvs import ROOT

N_SSE, N_SOCKETS = 100, 100
N_USERS = 10
PER_SECOND = 50
SECONDS = 20
N_WARMING = 100
N_HEADERS = 150
SPARE_S = 3.0
P95_MS = 250.0
CHANNEL = "bench"


def measure(bench: Bench) -> Iterator[Figure]:
    bench.empty()
    frames = _frames(N_WARMING + PER_SECOND * SECONDS)
    tokens = [Token.objects.get(user=User.objects.create_user(f"user-{number}")).key for number in range(N_USERS)]
    with bench.running("stream", "relay"), _Echo() as echo:
        command = ["benchmarks.live_listeners", str(bench.stream_port), ",".join(tokens), str(N_SSE), str(N_SOCKETS)]
        lasts_s = len(frames) / PER_SECOND + SPARE_S
        listeners = subprocess.Popen(
            [sys.executable, "-m", *command, str(lasts_s)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        if listeners.stdout is None or listeners.stdout.readline() != "ready\n":
            raise FatalError("The listeners were refused; what they say stands above.")
        committed_s = _commit(frames, echo)
        heard = json.loads(listeners.communicate()[0])
    yield from _figures(heard, committed_s, echo.baseline())


def _frames(count: int) -> list[Frame]:
    return Frame.objects.bulk_create(
        Frame(
            basename=f"live-{number}",
            observation_date=datetime(2025, 3, 10, tzinfo=UTC),
            observation_day=date(2025, 3, 9),
            public_date=datetime(2025, 3, 10, tzinfo=UTC),
            site_id="lsc",
            instrument_id="fa15",
            configuration_type="EXPOSE",
        )
        for number in range(count)
    )


def _commit(frames: list[Frame], echo: "_Echo") -> dict[int, float]:
    """Tell of each frame in a transaction of its own, PER_SECOND of them; answer when each was committed."""
    header = {f"KEY{number}": f"value {number}" for number in range(N_HEADERS)}
    committed_s = {}
    started_s = time.monotonic()
    for number, frame in enumerate(frames):
        time.sleep(max(0.0, started_s + number / PER_SECOND - time.monotonic()))
        with transaction.atomic():
            body = {**header, "basename": frame.basename, "frameid": frame.pk}
            record_event(EventName.FRAME_INGESTED, frame=frame, body=body, at=timezone.now())
        committed_s[number] = time.monotonic()
        if number % 5 == 0:
            echo.ask()
    return committed_s


def _figures(heard: list[Any], committed_s: dict[int, float], baseline: Baseline) -> Iterator[Figure]:
    wanted = list(range(len(committed_s)))
    if any([number for number, _ in one] != wanted for one in heard):
        raise FatalError("A listener did not hear each event once and in order.")
    parts = {"SSE": heard[:N_SSE], "WebSocket": heard[N_SSE:]}
    for name, listeners in parts.items():
        latencies_s = [at_s - committed_s[number] for one in listeners for number, at_s in one if number >= N_WARMING]
        median, p95 = latencies_of(f"commit to {len(listeners)} listeners, {name}", latencies_s, baseline=baseline)
        yield median
        yield Figure(p95.name, p95.value, p95.unit, baseline, (Aim.AT_MOST, P95_MS))


class _Echo:
    """The bare way from NOTIFY to LISTEN, measured in the same run. In a `with`."""

    def __init__(self) -> None:
        self._asked_s: list[float] = []
        self._heard_s: list[float] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen)

    def __enter__(self) -> "_Echo":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def ask(self) -> None:
        self._asked_s.append(time.monotonic())
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(len(self._asked_s))])

    def baseline(self) -> Baseline:
        delays_ms = sorted(1000.0 * (at - asked) for asked, at in zip(self._asked_s, self._heard_s, strict=True))
        return Baseline(delays_ms[int(0.95 * len(delays_ms))], "ms", "NOTIFY to LISTEN, 95th percentile")

    def _listen(self) -> None:
        template = connections["default"]
        with closing(template.get_new_connection(template.get_connection_params())) as link:
            link.autocommit = True
            link.cursor().execute(f"LISTEN {CHANNEL}")
            while not self._stopped.is_set():
                select.select([link], [], [], 0.2)
                link.poll()
                self._heard_s += [time.monotonic()] * len(link.notifies)
                link.notifies.clear()
