"""OpenStack Swift with its S3 interface: a real S3 server from PyPI, for the tests."""

import subprocess
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from deploy.local import probes, venvs
from deploy.local.service import Provision, Service
from deploy.local.services import plain_environment

ACCESS_KEY = "archive:admin"
REGION = "us-east-1"
STORAGE = ("account", "container", "object")

RINGS = """
import sys
from swift.common.ring import RingBuilder
for argument in sys.argv[1:]:
    name, port = argument.split("=")
    builder = RingBuilder(4, 1, 0)
    device = {"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "disk", "weight": 1.0}
    device |= {"replication_ip": "127.0.0.1", "replication_port": int(port), "meta": ""}
    builder.add_dev(device)
    builder.rebalance()
    builder.get_ring().save(f"{name}.ring.gz")
"""

CLUSTER = """
[swift-hash]
swift_hash_path_suffix = archive
swift_hash_path_prefix = archive
[storage-policy:0]
name = default
default = yes
"""

COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
swift_dir = {folder}
devices = {folder}/disks
mount_check = false
workers = 0
log_level = WARNING
log_address = {folder}/no-syslog
disable_fallocate = true
fallocate_reserve = 0
"""

STORAGE_SERVER = """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
recon_cache_path = {folder}/recon
"""

# What each filter of the proxy needs beside its name. Versions of an object are Swift's object versioning.
FILTERS: Mapping[str, str] = {
    "catch_errors": "",
    "gatekeeper": "",
    "cache": "memcache_servers = {cache}",
    "listing_formats": "",
    "bulk": "",
    "s3api": "location = {region}\ns3_acl = false\ncheck_bucket_owner = false\nallow_no_owner = true\n"
    "min_segment_size = 1048576\ndns_compliant_bucket_names = true",
    "tempauth": "user_archive_admin = {secret} .admin",
    "copy": "",
    "slo": "",
    "dlo": "",
    "versioned_writes": "allow_versioned_writes = true\nallow_object_versioning = true",
    "symlink": "",
}
EGGS = {"cache": "memcache"}
PROXY_SERVER = """
[pipeline:main]
pipeline = {pipeline} proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
node_timeout = 60
"""


def swift(folder: Path, *, ports: Mapping[str, int], secret: str, cache: str) -> Provision:
    """Four servers: `ports` has one for each of account, container, object and proxy. `cache` is a memcached."""
    for name in ("disks/disk", "recon"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return Provision(
        tuple(_servers(folder, ports, secret=secret, cache=cache)),
        {
            "S3_ENDPOINT_URL": f"http://127.0.0.1:{ports['proxy']}",
            "S3_ADDRESSING_STYLE": "path",
            "S3_PRESIGNED_POST": "False",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": REGION,
        },
    )


def _servers(folder: Path, ports: Mapping[str, int], *, secret: str, cache: str) -> Iterator[Service]:
    (folder / "swift.conf").write_text(CLUSTER, encoding="utf-8")
    numbers = [f"{kind}={ports[kind]}" for kind in STORAGE]
    python = str(venvs.SWIFT / "bin" / "python")
    subprocess.run([python, "-W", "ignore", "-c", RINGS, *numbers], cwd=folder, check=True, env=plain_environment())
    for kind in STORAGE:
        yield _server(folder, kind, STORAGE_SERVER.format(kind=kind, folder=folder), port=ports[kind])
    values = {"region": REGION, "secret": secret, "cache": cache}
    text = PROXY_SERVER.format(pipeline=" ".join(FILTERS))
    for name, options in FILTERS.items():
        text += f"[filter:{name}]\nuse = egg:swift#{EGGS.get(name, name)}\n{options.format(**values)}\n"
    yield _server(folder, "proxy", text, port=ports["proxy"])


def _server(folder: Path, kind: str, config: str, *, port: int) -> Service:
    path = folder / f"{kind}.conf"
    path.touch(mode=0o600)
    path.write_text(COMMON.format(port=port, folder=folder) + config, encoding="utf-8")
    is_ready = partial(probes.serves_http, port, "/info") if kind == "proxy" else partial(probes.listens, port)
    return Service(
        name=f"swift-{kind}",
        command=(str(venvs.SWIFT / "bin" / "python"), str(venvs.SWIFT / "bin" / f"swift-{kind}-server"), str(path)),
        directory=folder,
        environment=plain_environment(HOME=str(folder)),
        ports=(port,),
        other_ports="start again: other ports are chosen",
        after=tuple(f"swift-{each}" for each in STORAGE) if kind == "proxy" else (),
        is_ready=is_ready,
    )
