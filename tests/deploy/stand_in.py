"""Small programs that stand in for services.

- serve PORT DIARY NAME: listen; write "NAME up" and "NAME down" to DIARY
- family: make a child that leaves for a session and a parent of its own; then wait
- slow: drop the first SIGTERM, as a program does that is not up yet; end by the second
- deaf: take no notice of SIGTERM
- fail: say why, and end with exit code 3
"""

import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType


def serve(port: str, diary: str, name: str) -> None:
    def note(word: str) -> None:
        with Path(diary).open("a", encoding="utf-8") as stream:
            stream.write(f"{name} {word}\n")

    def end(_number: int, _frame: FrameType | None) -> None:
        note("down")
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    with socket.create_server(("127.0.0.1", int(port))) as server:
        note("up")
        while True:
            server.accept()[0].close()


def family() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        sys.stderr.write("child\n")
    else:
        os.wait()
    signal.pause()


def deaf() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stderr.write("deaf\n")
    signal.pause()


def slow() -> None:
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)

    signal.signal(signal.SIGTERM, hear)
    sys.stderr.write("slow\n")
    while len(heard) < 2:
        signal.pause()


def fail() -> None:
    sys.stderr.write("the disk is on fire\n")
    sys.exit(3)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", port, diary, name]:
            serve(port, diary, name)
        case ["family"]:
            family()
        case ["slow"]:
            slow()
        case ["deaf"]:
            deaf()
        case _:
            fail()
