"""The archive's own processes, as services of `make run`."""

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from deploy.local import probes
from deploy.local.service import Service
from deploy.local.venvs import ROOT

MANAGE = (sys.executable, "manage.py")
CELERY = (sys.executable, "-m", "celery", "-A", "settings")

# Addresses are not logged, for they may hold what is nobody's business; notices are short, and packing each of them for
# each listener would take more than sending them.
STREAM_OPTIONS = ("--no-access-log", "--ws-max-size", "65536", "--ws-per-message-deflate", "false")


@dataclass(frozen=True, slots=True)
class Archive:
    """How the archive's processes are started: on two ports, with `settings`, after the services named `backing`."""

    port: int
    stream_port: int
    settings: Mapping[str, str]
    backing: tuple[str, ...]
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.settings, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONUNBUFFERED": "1"}

    def _process(self, name: str, command: tuple[str, ...], after: tuple[str, ...]) -> Service:
        return Service(name=name, command=command, directory=ROOT, environment=self.environment, after=after)

    def _step(self, name: str, command: tuple[str, ...], after: tuple[str, ...]) -> Service:
        environment = self.environment
        return Service(name, command, ROOT, environment, after=after, finishes=True, start_seconds=600.0)

    def steps(self) -> list[Service]:
        """What has to be done before anything is served: the schema, and the pages' static files."""
        steps = [self._step("migrate", (*MANAGE, "migrate", "--no-input"), self._backed_by("postgres"))]
        if not self._static_files_stand():
            collect = (*MANAGE, "collectstatic", "--no-input", "--clear")
            steps.append(self._step("static files", collect, ()))
        return steps

    def web(self, steps: list[Service]) -> Service:
        address = ("--bind", f"127.0.0.1:{self.port}", "--no-control-socket")
        size = ("--preload", "--worker-class", "gthread", "--workers", "2", "--threads", "8")
        return Service(
            name="web",
            command=(sys.executable, "-m", "gunicorn", "settings.wsgi:application", *size, *address),
            directory=ROOT,
            environment=self.environment,
            ports=(self.port,),
            other_ports=f"choose another port, such as PORT={self.port + 1} make run",
            # Without a broker the web still works: events wait in the outbox.
            after=(*self._backed_by("postgres", "memcached"), *(step.name for step in steps)),
            is_ready=partial(probes.serves_http, self.port, "/health/"),
        )

    def stream(self) -> Service:
        """The live stream."""
        address = ("--host", "127.0.0.1", "--port", str(self.stream_port), "--timeout-graceful-shutdown", "1")
        return Service(
            name="stream",
            command=(sys.executable, "-m", "uvicorn", "settings.asgi:application", *address, *STREAM_OPTIONS),
            directory=ROOT,
            environment=self.environment,
            ports=(self.stream_port,),
            other_ports=f"choose another PORT: the live stream takes the one after it, now {self.stream_port}",
            after=(*self._backed_by("postgres"), "migrate"),
            is_ready=partial(probes.listens, self.stream_port),
        )

    def background(self) -> list[Service]:
        """The workers, their clock, and the relay of events; none where there is no broker."""
        if self.settings["QUEUE_BROKER_URL"].startswith("memory:"):
            return []
        after = (*self.backing, "migrate")
        beat = ("--schedule", str(self.folder / "beat"), "--pidfile=")
        return [
            self._process("worker", (*CELERY, "worker", "--concurrency", "2", "--loglevel", "INFO"), after),
            self._process("reductions", (*MANAGE, "reductions", "work"), after),
            self._process("beat", (*CELERY, "beat", *beat), after),
            self._process("relay", (*MANAGE, "relay"), after),
        ]

    def remember_static_files(self) -> None:
        self._static_stamp.write_text(_static_sources(), encoding="utf-8")

    def _backed_by(self, *names: str) -> tuple[str, ...]:
        return tuple(name for name in names if name in self.backing)

    @property
    def _static_stamp(self) -> Path:
        return self.folder / "static-files"

    def _static_files_stand(self) -> bool:
        stamp = self._static_stamp
        return (ROOT / "var" / "static").is_dir() and stamp.exists() and stamp.read_text() == _static_sources()


def _static_sources() -> str:
    """What the static files are made from, in brief: the pinned packages, and our own files with their times."""
    digest = hashlib.sha256((ROOT / "requirements.txt").read_bytes())
    for path in sorted(ROOT.glob("archive/**/static/**/*")):
        digest.update(f"{path} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()
