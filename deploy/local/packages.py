"""System packages: which are missing, and how they come. Standard library only."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

from archive.errors import FatalError, UsageError

RABBITMQ_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
POSTGIS_CONTROLS = "/usr/share/postgresql", "*/extension/postgis.control"
POSTGRESQL_ROOT = Path("/usr/lib/postgresql")
ANY_POSTGIS = "postgresql-postgis"  # the distribution's own choice of version
# Programs that only one purpose needs, and the packages that bring them.
OF_PURPOSE = {
    "test": {
        "aria2c": "aria2",
        "chromium": "chromium",
        "curl": "curl",
        "flatc": "flatbuffers-compiler",
        "jq": "jq",
        "unzip": "unzip",
        "wget": "wget",
    },
    "ceph": {
        "ceph": "ceph-common",
        "ceph-mon": "ceph-mon",
        "ceph-osd": "ceph-osd",
        "radosgw": "radosgw",
    },
}
INSTALL = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "--yes", "--no-install-recommends")
UPDATE = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "update")


def postgis_versions() -> list[int]:
    """Major versions of PostgreSQL that stand here with PostGIS, newest first."""
    root, pattern = POSTGIS_CONTROLS
    found = [path.parent.parent.name for path in Path(root).glob(pattern)]
    return sorted((int(name) for name in found if name.isdigit() and _server(int(name)).exists()), reverse=True)


def postgres_programs(version: int) -> Path:
    return POSTGRESQL_ROOT / str(version) / "bin"


def _server(version: int) -> Path:
    return postgres_programs(version) / "postgres"


def choose_postgis(offered: list[str]) -> str:
    """Choose among packages `postgresql-N-postgis-3`: the newest N whose server stands here, else the newest."""
    versions = {int(match[1]): name for name in offered if (match := re.fullmatch(r"postgresql-(\d+)-postgis-3", name))}
    if not versions:
        return ANY_POSTGIS
    return versions[max(versions, key=lambda version: (_server(version).exists(), version))]


def _offered_postgis() -> list[str]:
    command = ["apt-cache", "search", "--names-only", "^postgresql-[0-9]+-postgis-3$"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split(" ", 1)[0] for line in answer.stdout.splitlines()]


def _missing_beside_postgis(*, purpose: str) -> list[str]:
    missing = [package for program, package in OF_PURPOSE.get(purpose, {}).items() if not shutil.which(program)]
    if not RABBITMQ_SERVER.exists():
        missing.append("rabbitmq-server")
    if not shutil.which("memcached"):
        missing.append("memcached")
    if importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    return missing


def _missing(*, purpose: str) -> list[str]:
    """Packages that are missing, with PostGIS for a version that apt offers now."""
    postgis = [] if postgis_versions() else [choose_postgis(_offered_postgis())]
    return postgis + _missing_beside_postgis(purpose=purpose)


def _root_prefix() -> tuple[str, ...] | None:
    """What makes a command run as root: nothing for root, sudo where it asks no password, None where neither is."""
    if os.geteuid() == 0:
        return ()
    if not shutil.which("sudo"):
        return None
    asks_nothing = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    return ("sudo", "-n") if asks_nothing else None


def require_packages(*, purpose: str = "run") -> None:
    """Install what is missing, with what only `purpose` needs.

    Raises UsageError, with the line to type, where this user may not.
    """
    if postgis_versions() and not _missing_beside_postgis(purpose=purpose):
        return
    if not shutil.which("apt-get"):
        raise UsageError(
            "PostgreSQL with PostGIS, RabbitMQ and memcached are needed, and there is no apt to install them with. "
            "Use Debian 12 or 13 or Ubuntu 24.04, or the containers of docker-compose.yml."
        )
    root = _root_prefix()
    if root is None:
        install = shlex.join(["sudo", *INSTALL, *_missing(purpose=purpose)])
        raise UsageError(f"System packages are missing. Type this line, then try again:\n\n    {_updating(install)}\n")
    _apt(root, UPDATE, says="Asking apt what it offers")
    missing = _missing(purpose=purpose)
    _apt(root, (*INSTALL, *missing), says=f"Installing {', '.join(missing)}")
    if still := _missing(purpose=purpose):
        raise FatalError(f"apt installed without an error, and yet {', '.join(still)} can not be found. See apt's log.")


def _updating(install: str) -> str:
    return f"{shlex.join(['sudo', *UPDATE])} && {install}"


def _apt(root: tuple[str, ...], command: tuple[str, ...], *, says: str) -> None:
    print(f"{says} …", flush=True)
    full = [*root, "env", "DEBIAN_FRONTEND=noninteractive", *command]
    done = subprocess.run(full, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise FatalError(f"This failed: {shlex.join(full)}\n{tail}")
