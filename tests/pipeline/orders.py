"""What tests tell steps to do that run in other processes. It knows no models: settings import it."""

import os
import signal
from pathlib import Path

# What a step is to do is written by the test into this folder: a file named `<what>-<kind>`, for one time or many.
ORDERS = "REDUCTION_ORDERS"


def note(what: str) -> None:
    """Let the test, and other workers, know."""
    Path(os.environ[ORDERS], what).touch()


def noted(pattern: str) -> list[Path]:
    return list(Path(os.environ[ORDERS]).glob(pattern))


def told(what: str) -> bool:
    """Whether the test asks for this; what it wrote `once` is asked for no more."""
    folder = os.environ.get(ORDERS)
    if not folder:
        return False
    for once in Path(folder).glob(f"{what}.once*"):
        try:
            once.unlink()
        except FileNotFoundError:
            continue
        return True
    return Path(folder, what).exists()


def told_of_each(what: str, whose: str) -> bool:
    """Whether the test asks for this of each of many, and it was not yet done to this one."""
    if not told(f"{what}-each"):
        return False
    try:
        Path(os.environ[ORDERS], f"done-{what}-{whose}").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def die_if_told(where: str, whose: str = "") -> None:
    """kill -9 of this process, or of its worker with all children."""
    if told(f"die-{where}") or told_of_each(f"die-{where}", whose):
        os.kill(os.getpid(), signal.SIGKILL)
    if told(f"die-all-{where}"):
        os.killpg(os.getpgrp(), signal.SIGKILL)
