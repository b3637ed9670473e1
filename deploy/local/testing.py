"""The services of one run of the tests: private, on ports that no other run has, gone at its end."""

import os
import secrets
import tempfile
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import boto3
from botocore.config import Config

from deploy.local.issuer import issuer
from deploy.local.ports import PortBlock
from deploy.local.replica import replica
from deploy.local.service import Provision, Service
from deploy.local.services import Door, memcached, postgres, rabbitmq
from deploy.local.supervisor import Supervisor
from deploy.local.swift import STORAGE, swift
from deploy.local.venvs import ROOT

BUCKET = "archive-test"
THROTTLES = ("ANONYMOUS", "USERS", "FAILED_LOGINS_OF_NAME", "FAILED_LOGINS_OF_ADDRESS")
NO_LIMITS = dict.fromkeys((f"THROTTLE_{name}" for name in THROTTLES), "")  # a run of the tests is many readers at once


@dataclass(frozen=True, slots=True)
class Switch:
    """One running service that a test may take down, and must bring up again; its data stays.

    Call it from the main thread: a service ends with the thread that started it.
    """

    service: Service
    supervisor: Supervisor

    def stop(self) -> None:
        self.supervisor.stop_one(self.service.name)

    def start(self) -> None:
        self.supervisor.start([self.service])


@dataclass(frozen=True, slots=True)
class Replica(Switch):
    """A streaming replica of PostgreSQL, and what DB_HOST_READER is then."""

    address: str


@dataclass(frozen=True, slots=True)
class S3Server:
    """A real S3 server, with a bucket that keeps versions."""

    endpoint_url: str
    access_key: str
    secret_key: str
    region: str
    bucket: str

    def make_bucket(self) -> None:
        client = boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
        )
        client.create_bucket(Bucket=self.bucket)
        client.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        client.close()


def silent(_line: str) -> None:
    """Say nothing: pytest's own output is what people read."""


class ServicesOfTests:
    """PostgreSQL, RabbitMQ, memcached, Swift and an OAuth issuer, from its making until `stop`."""

    def __init__(self) -> None:
        parent = ROOT / "var" / "test"
        parent.mkdir(parents=True, exist_ok=True)
        self._folder = Path(tempfile.mkdtemp(prefix="", dir=parent))
        self._folder.chmod(0o711)  # the user that PostgreSQL runs as may have to pass through
        self._ports = PortBlock()
        self.issuer_port = self._ports.take()
        self._database = self._door("archive")
        provisions = self._provisions()
        self.settings: dict[str, str] = {"BUCKET": BUCKET}
        for provision in provisions:
            self.settings |= provision.settings
        self._supervisor = Supervisor(logs=self._folder / "log", say=silent, remove_at_end=self._folder)
        services = [service for provision in provisions for service in provision.services]
        with_switch = {service.name: Switch(service, self._supervisor) for service in services}
        self.postgres, self.rabbitmq = with_switch["postgres"], with_switch["rabbitmq"]
        self.memcached = with_switch["memcached"]
        self._start(services)

    def _start(self, services: list[Service]) -> None:
        try:
            self._supervisor.start(services)
            self.s3_server.make_bucket()
        except BaseException:
            self.stop()
            raise

    @property
    def s3_server(self) -> S3Server:
        settings = self.settings
        keys = settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]
        return S3Server(settings["S3_ENDPOINT_URL"], *keys, region=settings["AWS_DEFAULT_REGION"], bucket=BUCKET)

    def add_replica(self, *, apply_delay_ms: int) -> Replica:
        """Start a replica of PostgreSQL, with all of its databases. Whoever asks for it stops it."""
        door = replace(self._door(), user=self._database.user, password=self._database.password)
        made = replica(
            Path(tempfile.mkdtemp(prefix="replica-", dir=self._folder)),
            door,
            primary=self._database,
            database=self.settings["DB_NAME"],
            apply_delay_ms=apply_delay_ms,
        )
        added = Replica(made.services[0], self._supervisor, made.settings["DB_HOST_READER"])
        added.start()
        return added

    def stop(self) -> None:
        """Stop all and remove their data. Safe to repeat."""
        self._supervisor.stop()
        self._ports.release()

    def _door(self, user: str = "") -> Door:
        password = secrets.token_urlsafe(16) if user else ""
        return Door(self._ports.take(), "start the tests again: they take other ports then", user, password)

    def _provisions(self) -> list[Provision]:
        take, folder = self._ports.take, partial(Path.joinpath, self._folder)
        cache = memcached(folder("memcached"), self._door())
        return [
            rabbitmq(folder("rabbitmq"), self._door("archive"), dist_port=take(), epmd_port=take()),
            postgres(folder("postgres"), self._database, database="archive", durable=False),
            cache,
            swift(
                folder("swift"),
                ports={kind: take() for kind in (*STORAGE, "proxy")},
                secret=secrets.token_hex(16),
                cache=cache.settings["CACHE_LOC"],
            ),
            issuer(folder("issuer"), port=self.issuer_port),
        ]


def use(services: ServicesOfTests) -> None:
    """Point the archive's settings at `services`, and away from a `make run` that may be up beside the tests."""
    os.environ.update(services.settings, ENV_FILE="", **NO_LIMITS)
