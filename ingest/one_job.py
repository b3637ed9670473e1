"""One job on foreign files, done by a process of its own with limits of memory, time and what it may write.

The parent calls `run_job`, the child `do_job`. A sandbox (`ingest.sandbox`) serves many files that are only read; this
is for files that are computed with for seconds, and leaves others behind.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from signal import SIGXCPU
from typing import Any

import structlog

from archive.errors import TransientError, UsageError
from ingest.sandbox import FROM_OUTSIDE, PROJECT, bare_environment

logger = structlog.get_logger(__name__)


def run_job(module: str, job: Mapping[str, Any], *, seconds: int, megabytes: int) -> dict[str, Any]:
    """Run `python -m module JOB` to its end, and give what it found. Nothing of our secrets is in its environment.

    Raises UsageError where the files are to blame, or take more than the limits; TransientError where they are not.
    """
    command = [sys.executable, "-m", module, json.dumps(job)]
    try:
        done = subprocess.run(  # noqa: S603 - this program itself, and what it is told as JSON
            command,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            cwd=PROJECT,
            env=bare_environment(),
            start_new_session=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UsageError(_too_much(f"{seconds} s")) from error
    if done.returncode != 0:
        logger.warning("image_process_lost", module=module, exit_code=done.returncode)
        raise _refusal(done.returncode, seconds)
    return _told(json.loads(done.stdout), megabytes)


def do_job(work: Callable[[], dict[str, Any]]) -> None:
    """Do the work, and write to standard output what it found, or why it found nothing."""
    try:
        answer = {"made": work()}
    except UsageError as error:
        answer = {"usage": {"says": str(error)}}
    except MemoryError:
        answer = {"memory": {}}
    except TransientError as error:
        answer = {"transient": {"says": str(error)}}
    json.dump(answer, sys.stdout)


def limit_process(*, memory_bytes: int, file_bytes: int, cpu_s: int) -> None:
    """Bound this process from now on. Everything is loaded by now: what the limit leaves is for the work."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    address_space = pages * resource.getpagesize() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _told(answer: dict[str, Any], megabytes: int) -> dict[str, Any]:
    if "usage" in answer:
        raise UsageError(answer["usage"]["says"])
    if "memory" in answer:
        raise UsageError(_too_much(f"{megabytes} MB of memory"))
    if "transient" in answer:
        raise TransientError(answer["transient"]["says"])
    made: dict[str, Any] = answer["made"]
    return made


def _refusal(exit_code: int, seconds: int) -> UsageError | TransientError:
    if exit_code == -SIGXCPU:
        return UsageError(_too_much(f"{seconds} s of computing"))
    if exit_code in FROM_OUTSIDE:
        return TransientError("the process that made this image was ended from outside: try again.")
    return UsageError(f"this file broke the process that read it (exit code {exit_code}): download it as it is.")


def _too_much(what: str) -> str:
    return f"making this image takes more than {what}: download the file as it is."
