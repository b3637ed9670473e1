"""Telemetry where processes are killed and the database goes away: nothing is lost, nothing comes twice. `make faults`."""

import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from telemetry import agents
from telemetry.cli.main import main
from tests.processes import BIN, environment, kill_group, running, until
from tests.telemetry.conftest import MadeNight
from tests.telemetry.night import checksum
from tests.telemetry.shapes import BUNDLE
from tests.telemetry.stored import ask, records

pytestmark = pytest.mark.faults

KILLS = 20
RECORDS_PER_S = 200
OUTAGE_S = 60.0
MOST_AGENT_BYTES = 200 * 2**20
DRAINED_S = 30.0


def command(*words: object) -> None:
    assert main([str(word) for word in words], prog="xtelemdb", own_database=False) == 0


def test_an_ingest_that_is_killed_twenty_times_loses_and_doubles_nothing(
    telemetry_tables, telemetry_night: MadeNight, tmp_path: Path
):
    for host in ("aoc", "rtc", "icc"):
        shutil.copytree(telemetry_night.root / host, tmp_path / host)
    command("bundle", "add", BUNDLE)
    command("replica", "add", "backup", tmp_path, "--import-origins")
    dice = random.Random(8)
    words = [sys.executable, "manage.py", "telemetry", "ingest", "--host", "any", "--jobs", "2"]
    seen: set[int] = set()
    for _ in range(KILLS):
        [(before,)] = ask("SELECT count(*) FROM telemetry.record")
        process = subprocess.Popen(
            words, env=environment(), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wanted = before + dice.randrange(1, telemetry_night.expected.total // KILLS)
        while process.poll() is None and ask("SELECT count(*) FROM telemetry.record")[0][0] < wanted:
            time.sleep(0.002)
        kill_group(process)
        seen.add(ask("SELECT count(*) FROM telemetry.record")[0][0])
    assert len(seen) > KILLS // 2, "kills did not come at different places"
    assert subprocess.run([*words, "--jobs", "2"], env=environment(), check=False).returncode == 0
    assert ask("SELECT count(*) FROM telemetry.record") == [(telemetry_night.expected.total,)]
    assert checksum(records()) == telemetry_night.expected.checksum


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Writer:
    """A device that writes lines at a steady rate."""

    def __init__(self, path: Path, per_s: int) -> None:
        self.written = 0
        self._path, self._per_s = path, per_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with self._path.open("ab", buffering=0) as file:
            began = time.monotonic()
            while not self._stop.is_set():
                due = int((time.monotonic() - began) * self._per_s)
                for _ in range(due - self.written):
                    file.write(
                        b'{"ts": "2026-11-28T03:00:00.%09d", "prio": "TELM", "ec": "indi", "msg": {"n": %d}}\n'
                        % (self.written, self.written)
                    )
                    self.written += 1
                time.sleep(0.02)


@pytest.fixture
def agent(telemetry_tables, tmp_path: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """An archive that answers, and an agent of a folder that is its own process."""
    folder, token = tmp_path / "telem", tmp_path / "token"
    folder.mkdir()
    token.write_text(agents.make_token("icc") + "\n")
    words = (
        f'data_dirs=["{folder}"]', f"agent.archive=http://127.0.0.1:{port}", f"agent.token_file={token}",
        f"agent.spool_dir={tmp_path / 'spool'}",
    )  # fmt: skip
    gunicorn = (str(BIN / "gunicorn"), "settings.wsgi", "-b", f"127.0.0.1:{port}", "--threads", "4")
    with running(*gunicorn, ALLOWED_HOSTS="*"), running(sys.executable, "-m", "telemetry.agent", *words) as process:
        yield process, folder


def memory(process: subprocess.Popen[bytes]) -> int:
    """Bytes that a process holds in memory."""
    lines = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def test_what_is_written_while_the_database_is_away_is_there_soon_after(services, agent):
    process, folder = agent
    stored: Callable[[], int] = lambda: ask("SELECT count(*) FROM telemetry.record")[0][0]  # noqa: E731
    with Writer(folder / "dev_2026-11-28T030000.ndjson", RECORDS_PER_S) as writer:
        until(lambda: stored() > RECORDS_PER_S, what="records come")
        connection.close()
        services.postgres.stop()
        most = 0
        end = time.monotonic() + OUTAGE_S
        while time.monotonic() < end:
            most = max(most, memory(process))
            time.sleep(0.5)
        services.postgres.start()
        back = time.monotonic()
        wanted = writer.written
        until(lambda: stored() >= wanted, what="what was written meanwhile")
        took_s = time.monotonic() - back
    until(lambda: stored() == writer.written, what="all that was written")
    assert ask("SELECT count(DISTINCT msg ->> 'n'), count(*) FROM telemetry.record") == [
        (writer.written, writer.written)
    ]
    assert process.poll() is None
    assert most < MOST_AGENT_BYTES
    assert took_s < DRAINED_S
    print(f"{wanted} records, {took_s:.1f} s after the database came back; the agent held {most / 2**20:.0f} MiB")  # noqa: T201
