"""Read foreign files in a process of their own, which may crash, hang or grow without harm to this one."""

import base64
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Self, cast

import structlog

from archive.errors import FatalError, NotFoundError, TransientError, UsageError
from ingest.ao_content import AoContent
from ingest.inspection import CircleKeys, Inspection, Limits
from ingest.sky_grid import Spot
from ingest.small_picture import SmallPicture

logger = structlog.get_logger(__name__)

PROJECT = Path(__file__).resolve().parents[1]
START_S = 60.0
STOP_S = 5.0
LENGTH_BYTES = 8
MAX_ANSWER_BYTES = 256 << 20
READ_BYTES = 1 << 20
FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP)


class Inspector:
    """A child process that inspects files one after the other.

    It is started at the first file, replaced when it dies, and ends with this process. Threads may share an
    inspector; a forked process gets a child of its own.
    """

    def __init__(self, limits: Limits | None = None, *, circle: CircleKeys | None = None) -> None:
        self._limits = limits or Limits()
        self._circle = circle or CircleKeys()
        self._lock = threading.Lock()
        self._child: _Child | None = None

    @property
    def child_pid(self) -> int | None:
        """Process that reads the files, once there is one."""
        return None if self._child is None else self._child.pid

    def inspect(self, path: Path) -> Inspection:
        """Verify one FITS file, packed or not, and tell its headers and its outline.

        Raises UsageError if the file can never pass, also when it breaks its reader or takes too long or too much
        memory; NotFoundError if there is no such file; TransientError if the disk fails or the reader was ended from
        outside; FatalError if no reader can be started.
        """
        return Inspection.from_plain(self._answer(path, "inspect"))

    def inspect_beginning(self, path: Path) -> Inspection:
        """The same by the first HDU alone, for files whose name tells that all others are like it."""
        return Inspection.from_plain(self._answer(path, "inspect_beginning"))

    def read_text_header(self, path: Path) -> dict[str, Any]:
        """Read a header that came as text. Raises as `inspect` does."""
        return dict(self._answer(path, "read_text_header"))

    def read_ao_content(self, path: Path, *, instrument_id: str) -> AoContent:
        """Tell the cards of a file, and where its adaptive-optics tables lie. Raises as `inspect` does."""
        return AoContent.from_plain(self._answer(path, "read_ao_content", instrument_id=instrument_id))

    def shrink_picture(self, path: Path, *, height_px: int) -> SmallPicture:
        """Make a small picture of a JPEG. Raises as `inspect` does."""
        made = self._answer(path, "shrink_picture", height_px=height_px)
        return SmallPicture(base64.b64decode(made["jpeg"]), int(made["width_px"]), int(made["height_px"]))

    def sky_grid(self, path: Path, *, x0: int, y0: int, width: int, height: int) -> dict[str, Any] | None:
        """Directions of a region of the image whose cards are in a file, as `ingest.sky_grid` tells them.

        Raises as `inspect` does.
        """
        found = self._answer(path, "sky_grid", x0=x0, y0=y0, width=width, height=height)
        return None if found is None else dict(found)

    def sky_spot(self, path: Path, *, ra_deg: float, dec_deg: float) -> Spot:
        """Where a direction lies in the image whose cards are in a file. Raises as `inspect` does."""
        return Spot(**self._answer(path, "sky_spot", ra_deg=ra_deg, dec_deg=dec_deg))

    def close(self) -> None:
        """End the child. The inspector can be used again and then starts another."""
        with self._lock:
            self._discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _answer(self, path: Path, task: str, **arguments: float | str) -> Any:
        """What the child answers to one question about one file."""
        if not path.is_file():
            raise NotFoundError(f"{path} is no file: give the path of one that is there.")
        with self._lock:
            answer = self._ask(path, {"task": task, "path": str(path.absolute()), **arguments})
        return self._result(path.name, answer)

    def _ask(self, path: Path, question: Mapping[str, Any]) -> dict[str, Any]:
        child = self._running_child()
        answer: dict[str, Any] = {}
        try:
            answer = child.ask(question, deadline=time.monotonic() + self._limits.wall_s)
        except _ChildLostError as lost:
            logger.warning("inspector_lost", filename=path.name, pid=child.pid, exit_code=lost.exit_code)
            raise _refusal(path.name, lost, self._limits) from lost
        finally:
            # An interruption of any kind, a task's time limit too, must not leave an answer for the next file.
            if not answer or "memory" in answer:
                self._discard()
        return answer

    def _running_child(self) -> "_Child":
        if self._child is not None and self._child.owner_pid != os.getpid():
            self._child.let_go()  # this process was forked: the child answers to the one that started it
            self._child = None
        if self._child is None:
            self._child = _Child(self._limits, self._circle)
            logger.info("inspector_started", pid=self._child.pid)
        return self._child

    def _discard(self) -> None:
        if self._child is not None and self._child.owner_pid == os.getpid():
            self._child.end()
        self._child = None

    def _result(self, name: str, answer: dict[str, Any]) -> Any:
        for remark in answer.get("remarks", []):
            logger.warning(remark.pop("event"), filename=name, **remark)
        if "usage" in answer:
            raise UsageError(answer["usage"])
        if "transient" in answer:
            raise TransientError(answer["transient"])
        if "memory" in answer:
            raise UsageError(
                f"{name} took more than {self._limits.memory_bytes >> 20} MB of memory to read: the file is refused."
            )
        return answer["found"]


class _ChildLostError(Exception):
    """The child gave no answer; `exit_code` is None if it was still running when the time was over."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def _refusal(name: str, lost: _ChildLostError, limits: Limits) -> UsageError | TransientError:
    if lost.exit_code is None:
        return UsageError(f"{name} took more than {limits.wall_s:g} s to read: the file is refused.")
    if lost.exit_code == -signal.SIGXCPU:
        return UsageError(f"{name} took more than {limits.cpu_s} s of computing to read: the file is refused.")
    if lost.exit_code in FROM_OUTSIDE:
        return TransientError(f"the process that read {name} was ended from outside: try again.")
    return UsageError(f"{name} broke the process that read it (exit code {lost.exit_code}): the file is refused.")


class _Child:
    """The process, and the two pipes to it."""

    def __init__(self, limits: Limits, circle: CircleKeys) -> None:
        self.owner_pid = os.getpid()
        self._process = subprocess.Popen(  # noqa: S603 - this program itself, and numbers
            [sys.executable, "-m", "ingest.sandbox_child", json.dumps(asdict(limits)), json.dumps(asdict(circle))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT,
            env=bare_environment(),
            start_new_session=True,  # a Ctrl-C is for this process, which then ends the child
            bufsize=0,
        )
        self.pid = self._process.pid
        self._questions = cast("IO[bytes]", self._process.stdin)
        self._answers = cast("IO[bytes]", self._process.stdout)
        try:
            self._receive(deadline=time.monotonic() + START_S)
        except _ChildLostError as lost:
            self.end()
            raise FatalError(
                f"the reader of files did not start (exit code {lost.exit_code}): its reason stands in the log above."
            ) from lost

    def ask(self, question: Mapping[str, Any], *, deadline: float) -> dict[str, Any]:
        """Send one question and wait for the answer. Raises _ChildLostError if none comes."""
        try:
            self._questions.write(json.dumps(question).encode() + b"\n")
        except BrokenPipeError as error:
            raise _ChildLostError(self._process.wait(STOP_S)) from error
        return self._receive(deadline=deadline)

    def end(self) -> None:
        """Stop the process, whatever it does, and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        self.let_go()

    def let_go(self) -> None:
        self._questions.close()
        self._answers.close()

    def _receive(self, *, deadline: float) -> dict[str, Any]:
        length = int.from_bytes(self._exactly(LENGTH_BYTES, deadline=deadline), "big")
        if length > MAX_ANSWER_BYTES:
            raise _ChildLostError(0)
        try:
            answer: dict[str, Any] = json.loads(self._exactly(length, deadline=deadline))
        except ValueError as error:
            raise _ChildLostError(0) from error
        return answer

    def _exactly(self, count: int, *, deadline: float) -> bytes:
        parts = bytearray()
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        while len(parts) < count:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not poll.poll(left_s * 1000):
                raise _ChildLostError(None)
            block = os.read(self._answers.fileno(), min(count - len(parts), READ_BYTES))
            if not block:
                raise _ChildLostError(self._process.wait(STOP_S))
            parts += block
        return bytes(parts)


def bare_environment() -> dict[str, str]:
    """What a child process that opens foreign files may know: where Python is, and nothing of keys and passwords."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**kept, **one_thread, "LANG": "C.UTF-8", "HOME": "/nonexistent"}
