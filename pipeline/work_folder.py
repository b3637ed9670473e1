"""Folders in which products are made. A killed worker can not remove its own: whoever makes the next one does."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "reduction-"
LOCK = ".lock"  # held by the worker for as long as it lives


@contextmanager
def work_folder() -> Iterator[Path]:
    """An empty folder, removed afterwards; and with it those that dead workers of this machine have left."""
    remove_abandoned(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, (Path(name) / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield Path(name)


def remove_abandoned(parent: Path) -> None:
    """Remove the work folders whose lock nobody holds."""
    for lock_path in parent.glob(f"{PREFIX}*/{LOCK}"):
        try:
            with lock_path.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock_path.parent, ignore_errors=True)
        except OSError:
            continue  # its worker lives, or belongs to somebody else, or another one removes it
