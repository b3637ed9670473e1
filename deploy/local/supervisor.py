"""Start services in order, keep them up, and leave nothing behind however this process ends.

Three things end a service: `stop`; the kernel, which kills it when this process dies (PR_SET_PDEATHSIG, set by
`setpriv` after any change of user, because such a change clears it); and the sweeper, a process beside this one, which
then finds the services' own children. The kernel watches the thread that started a service, so `start` belongs in the
main thread.
"""

import math
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn, Self

from archive.errors import FatalError
from deploy.local import ports, sweeper
from deploy.local.service import Service

POLL_SECONDS = 0.05
ASK_AGAIN_S = 1.0
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
MARK_NAME = "ARCHIVE_SUPERVISOR"
MOST_RESTARTS, RESTART_WINDOW_S = 3, 60.0
LOG_TAIL_LINES = 20
LOG_BYTES = 10_000_000


def _state(service: Service) -> str:
    if service.finishes:
        return "done"
    return "ready" if service.is_ready else "started"


@dataclass(slots=True)
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    started_s: float
    is_ready: bool = False
    kill_at_s: float = math.inf  # set once it was told to stop
    signal_at_s: float = -math.inf  # when it is told to stop, once it has to
    restarts_s: list[float] = field(default_factory=list)


class Supervisor:
    """A set of running services. Use it in a `with`: its end stops them all.

    `say` is given short lines for people. `remove_at_end` is a folder that goes with the services, even when this
    process is killed.
    """

    def __init__(self, *, logs: Path, say: Callable[[str], None], remove_at_end: Path | None = None) -> None:
        self._logs = logs
        self._say = say
        self._waiting: list[Service] = []
        self._running: dict[str, _Running] = {}
        self._ready: set[str] = set()
        self._mark = secrets.token_hex(16)
        logs.mkdir(parents=True, exist_ok=True)
        folders = [str(remove_at_end)] if remove_at_end else []
        command = [sys.executable, "-I", str(sweeper.__file__), f"{MARK_NAME}={self._mark}", *folders]
        # Away from our terminal and group: the sweeper has to outlive what kills us.
        self._sweeper = subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/", start_new_session=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, services: Iterable[Service], *, until: str | None = None) -> None:
        """Start `services`, each as soon as those it comes after are ready.

        Returns when all are ready, or when the one named `until` is; `watch` then brings up the rest. Raises
        UsageError for a port that is in use, FatalError with the end of its log for a service that does not get ready.
        """
        new = list(services)
        for service in new:
            ports.require_free(service.ports, otherwise=service.other_ports)
        self._require_known(new)
        self._waiting += new
        awaited = {until} if until else {service.name for service in new}
        while not self._ready.issuperset(awaited):
            self._advance()
            time.sleep(POLL_SECONDS)

    def marked(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Add the mark by which the sweeper knows a process, so that it too ends with this one."""
        return {**environment, MARK_NAME: self._mark}

    def stop_one(self, name: str) -> None:
        """Stop one service and leave the others as they are; `start` may take it again."""
        self._end([self._running[name]])

    def watch(self) -> NoReturn:
        """Start again what dies. Raises FatalError when the same service dies too often."""
        while True:
            self._advance()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop all: a service gets its signal when those that came after it are gone. Safe to repeat."""
        self._waiting.clear()
        while self._running:
            needed = {name for running in self._running.values() for name in running.service.after}
            self._end([running for name, running in self._running.items() if name not in needed])
        if self._sweeper.stdin and not self._sweeper.stdin.closed:
            self._sweeper.stdin.close()
            self._sweeper.wait()

    def _require_known(self, new: list[Service]) -> None:
        known = self._ready.union(self._running, (service.name for service in [*self._waiting, *new]))
        for service in new:
            if unknown := set(service.after) - known:
                raise FatalError(f"{service.name} waits for {', '.join(unknown)}, which nobody starts.")

    def _advance(self) -> None:
        """Start what is due, and look once at what runs."""
        for service in list(self._waiting):
            if self._ready.issuperset(service.after):
                self._waiting.remove(service)
                self._launch(service, restarts_s=[])
        for running in list(self._running.values()):
            self._look_at(running)

    def _launch(self, service: Service, *, restarts_s: list[float]) -> None:
        service.before_start()
        command = [*service.prefix, *DIES_WITH_US, *service.command]
        with self._open_log(service.name) as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=service.directory,
                env=self.marked(service.environment),
                start_new_session=True,  # Ctrl-C in our terminal is for us; we stop the services in order
            )
        self._running[service.name] = _Running(service, process, time.monotonic(), restarts_s=restarts_s)

    def _look_at(self, running: _Running) -> None:
        service, code = running.service, running.process.poll()
        if code == 0 and service.finishes:
            self._now_ready(running)
            del self._running[service.name]
        elif code is not None:
            self._died(running, code)
        elif not running.is_ready and not service.finishes and (service.is_ready is None or service.is_ready()):
            self._now_ready(running)
        elif not running.is_ready and time.monotonic() - running.started_s > service.start_seconds:
            raise FatalError(f"{service.name} was not ready after {service.start_seconds:.0f} s.{self._tail(service)}")

    def _now_ready(self, running: _Running) -> None:
        service = running.service
        service.when_ready()
        running.is_ready = True
        self._ready.add(service.name)
        self._say(f"{service.name} {_state(service)} ({time.monotonic() - running.started_s:.1f} s)")

    def _died(self, running: _Running, code: int) -> None:
        """Start a service again that was ready once. Raises FatalError for one that was not, or dies too often."""
        service, now_s = running.service, time.monotonic()
        if not running.is_ready and not running.restarts_s:
            raise FatalError(f"{service.name} ended with exit code {code} before it was ready.{self._tail(service)}")
        recent_s = [at_s for at_s in running.restarts_s if now_s - at_s < RESTART_WINDOW_S]
        if len(recent_s) >= MOST_RESTARTS:
            raise FatalError(f"{service.name} died {len(recent_s) + 1} times within a minute.{self._tail(service)}")
        self._say(f"{service.name} died with exit code {code}; starting it again")
        self._ready.discard(service.name)
        self._launch(service, restarts_s=[*recent_s, now_s])

    def _end(self, leaving: list[_Running]) -> None:
        """Stop these and wait until one of them is gone."""
        while not any(running.process.poll() is not None for running in leaving):
            for running in leaving:
                self._urge(running, now_s=time.monotonic())
            time.sleep(POLL_SECONDS)
        for running in leaving:
            if running.process.poll() is not None:
                del self._running[running.service.name]
                self._ready.discard(running.service.name)

    def _urge(self, running: _Running, *, now_s: float) -> None:
        """Tell a service to stop, and kill it when it takes too long.

        One that was not ready is told again: RabbitMQ drops a signal of its first second.
        """
        service = running.service
        if now_s >= running.signal_at_s:
            running.process.send_signal(service.stop_signal)
            running.signal_at_s = math.inf if running.is_ready else now_s + ASK_AGAIN_S
            running.kill_at_s = min(running.kill_at_s, now_s + service.stop_seconds)
        if now_s > running.kill_at_s and running.process.poll() is None:
            self._say(f"{service.name} did not stop in time; killing it")
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()

    def _log_path(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _open_log(self, name: str) -> IO[bytes]:
        path = self._log_path(name)
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.old"))
        return path.open("ab")

    def _tail(self, service: Service) -> str:
        path = self._log_path(service.name)
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return "\n".join([f" The end of {path}:", *(f"    {line}" for line in lines)])
