"""Which services `make run` starts for itself, and the settings by which the archive finds them.

What the user's environment already names (a database, a broker, a cache, a store) wins, and its private stand-in is
not started.
"""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from archive.errors import UsageError
from deploy.local.files import read_values, write_private
from deploy.local.service import Provision
from deploy.local.services import Door, memcached, postgres, rabbitmq

# Not the usual ports, so that the system's own servers stay out of it; below those of outgoing connections.
PORTS = {"PORT": 8000, "RUN_DB_PORT": 18432, "RUN_BROKER_PORT": 18672, "RUN_CACHE_PORT": 18211}
HIGHEST_PORT = 65_500
SECRETS = ("SECRET_KEY", "DB_PASS", "BROKER_PASS")
# Settings that lead to a service: those the user set go into var/run.env too.
LEADING = ("DB_", "CACHE_", "QUEUE_BROKER_URL", "FILESTORE_", "FILESYSTEM_", "BUCKET", "AWS_", "S3_", "SECRET_KEY")


def port_of(name: str) -> int:
    """Read the port that the environment sets, or the default. Raises UsageError for what is no port."""
    text = os.environ.get(name) or str(PORTS[name])
    if not text.isdigit() or not 0 < int(text) <= HIGHEST_PORT:
        raise UsageError(f"{name}={text} is no port: give a number from 1 to {HIGHEST_PORT}.")
    return int(text)


def keep_secrets(path: Path) -> dict[str, str]:
    """Read the passwords of this checkout, made at random the first time."""
    known = read_values(path)
    if missing := [name for name in SECRETS if name not in known]:
        known |= {name: secrets.token_urlsafe(32) for name in missing}
        write_private(path, known)
    return known


def _door(name: str, password: str = "") -> Door:
    port = port_of(name)
    return Door(port, f"choose another port, such as {name}={port + 1000} make run", "archive", password)


def private_services(folder: Path, known: Mapping[str, str]) -> list[Provision]:
    """Give the services under `folder` that the user's environment does not name."""
    made = []
    if "QUEUE_BROKER_URL" not in os.environ:
        door = _door("RUN_BROKER_PORT", known["BROKER_PASS"])
        made.append(rabbitmq(folder / "rabbitmq", door, dist_port=door.port + 1, epmd_port=door.port + 2))
    if "DB_HOST" not in os.environ:
        door = _door("RUN_DB_PORT", known["DB_PASS"])
        made.append(postgres(folder / "postgres", door, database="archive", durable=True))
    if "CACHE_LOC" not in os.environ:
        made.append(memcached(folder / "memcached", _door("RUN_CACHE_PORT")))
    return made


def settings_of_run(provisions: list[Provision], known: Mapping[str, str], *, store: Path) -> dict[str, str]:
    """Settings of the archive, for its own processes and for `manage.py` in another terminal."""
    settings = {
        "SECRET_KEY": known["SECRET_KEY"],
        "FILESTORE_TYPE": "local",
        "FILESYSTEM_STORAGE_ROOT_DIR": str(store),
        "FILESYSTEM_STORAGE_BASE_URL": f"http://127.0.0.1:{port_of('PORT')}/",
        "STREAM_URL": f"http://127.0.0.1:{port_of('PORT') + 1}/events/",
    }
    for provision in provisions:
        settings |= provision.settings
    chosen = {name: value for name, value in os.environ.items() if name.startswith(LEADING)}
    if "DB_HOST" in chosen:
        chosen.setdefault("DB_HOST_READER", chosen["DB_HOST"])
    else:
        chosen = {name: value for name, value in chosen.items() if not name.startswith("DB_")}
    return settings | chosen
