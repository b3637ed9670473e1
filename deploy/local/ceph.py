"""A Ceph cluster of one monitor and one store in memory, with its S3 gateway: for `make test-ceph`, on 127.0.0.1 only.

It does what Swift does not: uploads by form, and notifications of new objects.
"""

import subprocess
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from archive.errors import FatalError
from deploy.local import probes
from deploy.local.service import Provision, Service
from deploy.local.services import plain_environment

OTHER_PORTS = "start the tests again: they take other ports then"
REGION = "default"  # the gateway's own zone group
# Everything that a cluster of several machines would need is off: no copies, no cephx message signing between hosts.
CONFIG = """[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon}/0
public addr = 127.0.0.1
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
ms bind msgr1 = false
mon max pg per osd = 1000
mon allow pool size one = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 4294967296
osd memory target = 939524096
osd class dir = {classes}
auth allow insecure global id reclaim = false
mon data avail crit = 1
mon data avail warn = 1
log file = {folder}/log/$name.log
admin socket = {folder}/run/$name.asok
run dir = {folder}/run
mon data = {folder}/mon
osd data = {folder}/osd
osd journal = {folder}/osd/journal
keyring = {folder}/keyring
[client.rgw]
rgw data = {folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:{rgw} tcp_nodelay=1
rgw trust forwarded https = true
rgw enable usage log = false
rgw dynamic resharding = false
"""
KEYS = (
    ("mon.", ("mon", "allow *")),
    ("client.admin", ("mon", "allow *"), ("osd", "allow *")),
    ("client.rgw", ("mon", "allow *"), ("osd", "allow *")),
    ("osd.0", ("mon", "allow profile osd"), ("osd", "allow *")),
)


def ceph(folder: Path, *, monitor_port: int, gateway_port: int, secret: str) -> Provision:
    """Monitor, store and gateway, and the settings by which the archive finds them."""
    cluster = _Cluster(folder, monitor_port, gateway_port, secret)
    settings = {
        "S3_ENDPOINT_URL": f"http://127.0.0.1:{gateway_port}",
        "S3_ADDRESSING_STYLE": "path",
        "S3_PRESIGNED_POST": "True",
        "AWS_ACCESS_KEY_ID": "archive",
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": REGION,
    }
    return Provision(tuple(cluster.services()), settings)


class _Cluster:
    """The data of one cluster, and its programs in the order in which they start."""

    def __init__(self, folder: Path, monitor_port: int, gateway_port: int, secret: str) -> None:
        self._folder = folder
        self._ports = {"mon": monitor_port, "rgw": gateway_port}
        self._secret = secret
        self._fsid = str(uuid.uuid4())

    def services(self) -> Iterator[Service]:
        common: dict[str, Any] = {
            "directory": self._folder,
            "environment": plain_environment(CEPH_CONF=str(self._folder / "ceph.conf")),
            "other_ports": OTHER_PORTS,
        }
        yield Service(
            name="ceph-mon",
            command=("ceph-mon", "-f", "-i", "a"),
            ports=(self._ports["mon"],),
            before_start=self._make_monitor,
            is_ready=partial(self._says, "ceph", "mon", "stat"),
            **common,
        )
        yield Service(
            name="ceph-osd",
            command=("ceph-osd", "-f", "-i", "0"),
            before_start=self._make_store,
            is_ready=partial(self._says, "ceph", "osd", "stat", wanted="1 up"),
            after=("ceph-mon",),
            **common,
        )
        yield Service(
            name="radosgw",
            command=("radosgw", "-f", "-n", "client.rgw"),
            ports=(self._ports["rgw"],),
            is_ready=partial(probes.listens, self._ports["rgw"]),
            when_ready=self._make_user,
            after=("ceph-mon", "ceph-osd"),
            **common,
        )

    def _make_monitor(self) -> None:
        for name in ("mon", "osd", "log", "run", "rgw"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        classes = next(Path("/usr/lib").glob("*/rados-classes"))
        text = CONFIG.format(fsid=self._fsid, folder=self._folder, classes=classes, **self._ports)
        (self._folder / "ceph.conf").write_text(text, encoding="utf-8")
        self._run("ceph-authtool", "--create-keyring", "keyring")
        for name, *rights in KEYS:
            caps = [word for service, right in rights for word in ("--cap", service, right)]
            self._run("ceph-authtool", "keyring", "--gen-key", "-n", name, *caps)
        address = f"[v2:127.0.0.1:{self._ports['mon']}]"
        self._run("monmaptool", "--create", "--fsid", self._fsid, "--addv", "a", address, "monmap")
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", "keyring")

    def _make_store(self) -> None:
        store_id = str(uuid.uuid4())
        self._run("ceph", "osd", "new", store_id)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store_id, "--no-mon-config")

    def _make_user(self) -> None:
        account = ("--uid=archive", "--display-name=archive", "--access-key=archive", f"--secret-key={self._secret}")
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", *account)

    def _says(self, *command: str, wanted: str = "") -> bool:
        done = self._call(command)
        return done.returncode == 0 and wanted in done.stdout

    def _run(self, *command: str) -> None:
        done = self._call(command)
        if done.returncode != 0:
            raise FatalError(f"Ceph could not be set up: {' '.join(command[:3])} said\n{done.stdout}{done.stderr}")

    def _call(self, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        environment = plain_environment(CEPH_CONF=str(self._folder / "ceph.conf"))
        return subprocess.run(
            command, cwd=self._folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
