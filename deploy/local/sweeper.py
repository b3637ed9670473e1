"""Kill whatever a supervisor leaves behind. Runs beside it as a process of its own; standard library only.

    python sweeper.py MARK [FOLDER]

Waits until the other end of its standard input closes, which happens however the supervisor ends; then kills every
process whose environment carries MARK, and removes FOLDER. A service dies at once with its supervisor (it asked the
kernel for that), but a child of a service does not: this finds those too, wherever they moved in the process tree.
"""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

POLL_SECONDS = 0.02


def marked(mark: str) -> list[int]:
    """Process ids whose environment at their start carried `mark`, without this process."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:  # it ended, or belongs to another user
            continue
        if mark.encode() in environment.split(b"\0"):
            found.append(int(entry.name))
    return found


def sweep(mark: str) -> None:
    """Kill until none is found: one that was just being started shows up in the next round."""
    while pids := marked(mark):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(POLL_SECONDS)


def main() -> None:
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    mark, *folders = sys.argv[1:]
    sys.stdin.buffer.read()
    sweep(mark)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
