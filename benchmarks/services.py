"""The services of one run of the benchmarks: private, durable as in production, gone at its end."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import django
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings

from archive.errors import FatalError
from deploy.local.ports import PortBlock
from deploy.local.processes import MANAGE, Archive
from deploy.local.service import Service
from deploy.local.services import Door, memcached, postgres, rabbitmq
from deploy.local.supervisor import DIES_WITH_US, Supervisor
from deploy.local.swift import STORAGE, swift
from deploy.local.testing import BUCKET, S3Server, silent
from deploy.local.venvs import ROOT

PATIENCE_S = 300.0
POLL_S = 0.005
DAYS_OF_ALL = 365_000


class Bench:
    """PostgreSQL, RabbitMQ, memcached, a local store, and the archive's processes where a measurement wants them.

    In a `with`. Afterwards Django is set up in this process too, on the same database and store.
    """

    def __init__(self) -> None:
        parent = ROOT / "var" / "bench"
        parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="", dir=parent))
        self.folder.chmod(0o711)  # the user that PostgreSQL runs as may have to pass through
        self.store = self.folder / "store"
        self.store.mkdir()
        self._ports = PortBlock()
        take = self._ports.take
        provisions = [
            rabbitmq(self.folder / "rabbitmq", self._door("archive"), dist_port=take(), epmd_port=take()),
            postgres(
                self.folder / "postgres", self._door("archive"), database="archive", durable=True, memory=_memory()
            ),
            memcached(self.folder / "memcached", self._door()),
        ]
        port, self.stream_port = take(), take()
        self.url = f"http://127.0.0.1:{port}"
        self._settings = {
            "ENV_FILE": "",  # away from a `make run` that may be up beside us
            "SECRET_KEY": secrets.token_urlsafe(32),
            **dict.fromkeys(("THROTTLE_ANONYMOUS", "THROTTLE_USERS"), "1000000000/day"),  # counted, and never refused
            "FILESTORE_TYPE": "local",
            "FILESYSTEM_STORAGE_ROOT_DIR": str(self.store),
            "FILESYSTEM_STORAGE_BASE_URL": f"{self.url}/",
        }
        for provision in provisions:
            self._settings |= provision.settings
        self._backing = [service for provision in provisions for service in provision.services]
        names = tuple(service.name for service in self._backing)
        self._archive = Archive(port, self.stream_port, self._settings, names, self.folder)
        self._supervisor = Supervisor(logs=self.folder / "log", say=silent, remove_at_end=self.folder)

    def __enter__(self) -> Self:
        try:
            self._supervisor.start([*self._backing, self._migration()])
        except BaseException:
            self.stop()
            raise
        os.environ.update(self._settings, DJANGO_SETTINGS_MODULE="settings", LOG_LEVEL="WARNING")
        django.setup()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all and remove their data."""
        self._supervisor.stop()
        self._ports.release()

    @property
    def broker_url(self) -> str:
        return self._settings["QUEUE_BROKER_URL"]

    @contextmanager
    def running(self, *names: str, **changed: str) -> Iterator[None]:
        """Run some of web, stream, worker and relay, with the very commands of `make run`; `changed` are settings."""
        archive = replace(self._archive, settings={**self._archive.settings, **changed})
        processes = (archive.web([]), archive.stream(), *archive.background())
        known = {service.name: service for service in processes}
        self._supervisor.start([known[name] for name in names])
        try:
            yield
        finally:
            for name in reversed(names):
                self._supervisor.stop_one(name)

    @contextmanager
    def s3(self) -> Iterator[S3Server]:
        """Set the archive, this process too, to an S3 server with an empty bucket, in place of the local store."""
        ports = {kind: self._ports.take() for kind in (*STORAGE, "proxy")}
        cache = self._settings["CACHE_LOC"]
        provision = swift(self.folder / "swift", ports=ports, secret=secrets.token_hex(16), cache=cache)
        before = dict(self._settings)
        # Swift knows no other class than STANDARD.
        one_class = {"S3_DAYS_TO_IA_STORAGE": str(DAYS_OF_ALL)}
        self._settings |= {**provision.settings, **one_class, "FILESTORE_TYPE": "s3", "BUCKET": BUCKET}
        self._supervisor.start(list(provision.services))
        server = S3Server(
            provision.settings["S3_ENDPOINT_URL"],
            provision.settings["AWS_ACCESS_KEY_ID"],
            provision.settings["AWS_SECRET_ACCESS_KEY"],
            region=provision.settings["AWS_DEFAULT_REGION"],
            bucket=BUCKET,
        )
        server.make_bucket()
        chosen = replace(
            settings.STORE,
            type="s3",
            bucket=BUCKET,
            endpoint_url=server.endpoint_url,
            region=server.region,
            addressing_style="path",
            access_key=server.access_key,
            secret_key=server.secret_key,
            days_to_ia_storage=DAYS_OF_ALL,
        )
        try:
            with override_settings(STORE=chosen):
                yield server
        finally:
            self._settings.clear()
            self._settings |= before
            for service in reversed(provision.services):
                self._supervisor.stop_one(service.name)

    def manage(self, *arguments: str, **changed: str) -> float:
        """Run one of the archive's commands and tell how long it took, s; `changed` are settings.

        Raises FatalError if it fails.
        """
        archive = replace(self._archive, settings={**self._archive.settings, **changed})
        log = self.folder / "log" / "manage.log"
        with log.open("ab") as output:
            started_s = time.perf_counter()
            done = subprocess.run(
                [*DIES_WITH_US, *MANAGE, *arguments],
                cwd=ROOT,
                env=self._supervisor.marked(archive.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
            took_s = time.perf_counter() - started_s
        if done.returncode != 0:
            tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
            raise FatalError(f"`manage.py {' '.join(arguments)}` failed; the end of what it said:\n{tail}")
        return took_s

    def token(self) -> str:
        """Make a superuser and give the token with which a client posts."""
        credentials = self.folder / "credentials"
        self.manage("create_admin", "--credentials", str(credentials))
        return dict(line.split("=", 1) for line in credentials.read_text().splitlines())["token"]

    def empty(self) -> None:
        """Forget all rows, users too, and all bytes, so that each measurement starts from the same place."""
        call_command("flush", interactive=False, verbosity=0)
        shutil.rmtree(self.store)
        self.store.mkdir()

    def _migration(self) -> Service:
        # Not the static files: they belong to the checkout, and a `make run` beside us serves them.
        return next(step for step in self._archive.steps() if step.name == "migrate")

    def _door(self, user: str = "") -> Door:
        password = secrets.token_urlsafe(16) if user else ""
        return Door(self._ports.take(), "start the benchmarks again: they take other ports then", user, password)


def _memory() -> tuple[str, ...]:
    """Memory of PostgreSQL as an archive's own server has it: a quarter of the machine's, at most 4 GB, for pages."""
    machine_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return (
        f"shared_buffers={min(4096, machine_mb // 4)}MB",
        f"effective_cache_size={machine_mb // 2}MB",
        "maintenance_work_mem=512MB",
        "max_wal_size=4GB",
    )


def until(happened: Callable[[], bool], *, what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for something that other processes do. Raises FatalError when they do not within `patience_s`."""
    deadline_s = time.monotonic() + patience_s
    while not happened():
        if time.monotonic() > deadline_s:
            raise FatalError(f"After {patience_s:.0f} s still not: {what}. See the logs of worker and relay.")
        time.sleep(POLL_S)
