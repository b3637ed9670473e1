"""Real processes of the archive, for tests: a worker, a relay, a web server, on the tests' own services."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from deploy.local.supervisor import DIES_WITH_US

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 60.0


def environment(**changes: str) -> dict[str, str]:
    """What a process needs to work on the database and the store of the running test."""
    store = settings.STORE
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "settings",
        "DB_NAME": str(connection.settings_dict["NAME"]),
        "SECRET_KEY": settings.SECRET_KEY,
        "FILESTORE_TYPE": store.type,
        "FILESYSTEM_STORAGE_ROOT_DIR": store.root_dir,
        "FILESYSTEM_STORAGE_BASE_URL": store.base_url,
        **changes,
    }


@contextmanager
def running(*command: str, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process and its children, killed at the end; the process also when the tests are killed."""
    process = subprocess.Popen([*DIES_WITH_US, *command], cwd=ROOT, env=environment(**changes), start_new_session=True)
    try:
        yield process
    finally:
        kill_group(process)


def kill_group(process: subprocess.Popen[Any]) -> None:
    """kill -9 of a process and everything it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def worker(**changes: str) -> Any:
    return running(str(BIN / "celery"), "-A", "settings", "worker", "--concurrency", "1", "-l", "WARNING", **changes)


def reductions_worker(**changes: str) -> Any:
    """A worker for one reduction at a time."""
    return running(sys.executable, "manage.py", "reductions", "work", REDUCTION_WORKERS="1", **changes)


def relay(**changes: str) -> Any:
    return running(sys.executable, "manage.py", "relay", **changes)


def until(happened: Callable[[], bool], *, what: str) -> None:
    """Wait for something that other processes do; fail when they do not within a minute."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {PATIENCE_S:.0f} s still not: {what}")
        time.sleep(0.05)
