"""What the machine does without the archive: the measure of every figure taken beside it."""

import hashlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests

from benchmarks.report import Baseline

MEGABYTE = 1_000_000
COMMIT_BYTES = 8192
N_FILES = 100
N_REQUESTS = 100


def files_synced(folder: Path) -> Baseline:
    """Files of 1 MB, written and synced one after another, per second."""
    return Baseline(N_FILES / _time_of_files(folder), "files/s", "1 MB written and synced")


def file_synced(folder: Path) -> Baseline:
    """Mean time of one such file, ms."""
    return Baseline(1000.0 * _time_of_files(folder) / N_FILES, "ms", "1 MB written and synced")


def md5() -> Baseline:
    """MD5 on one core, MB/s."""
    block = os.urandom(MEGABYTE)
    started_s = time.perf_counter()
    for _ in range(N_FILES):
        hashlib.md5(block, usedforsecurity=False).digest()
    return Baseline(N_FILES / (time.perf_counter() - started_s), "MB/s", "MD5")


def commit_synced(folder: Path) -> Baseline:
    """Mean time of adding a little to a file and syncing it, ms: what every commit waits for."""
    place = folder / "synced"
    block = os.urandom(COMMIT_BYTES)
    started_s = time.perf_counter()
    with place.open("wb") as target:
        for _ in range(N_FILES):
            target.write(block)
            target.flush()
            os.fdatasync(target.fileno())
    took_s = time.perf_counter() - started_s
    place.unlink()
    return Baseline(1000.0 * took_s / N_FILES, "ms", f"{COMMIT_BYTES} bytes written and synced")


def empty_request(url: str) -> Baseline:
    """Mean time of a request that asks nothing of database or store, ms: client, gunicorn and Django alone."""
    session = requests.Session()
    session.get(f"{url}/health/", timeout=60).raise_for_status()  # the first of a process takes longer
    started_s = time.perf_counter()
    for _ in range(N_REQUESTS):
        session.get(f"{url}/health/", timeout=60).raise_for_status()
    return Baseline(
        1000.0 * (time.perf_counter() - started_s) / N_REQUESTS, "ms", "GET /health/ on one kept connection"
    )


def _time_of_files(folder: Path) -> float:
    block = os.urandom(MEGABYTE)
    place = folder / "baseline"
    place.mkdir()
    started_s = time.perf_counter()
    for number in range(N_FILES):
        with (place / str(number)).open("wb") as target:
            target.write(block)
            target.flush()
            os.fsync(target.fileno())
    took_s = time.perf_counter() - started_s
    for file in place.iterdir():
        file.unlink()
    place.rmdir()
    return took_s


def file_over_socket(path: Path, *, times: int) -> Baseline:
    """A file read and sent to a client on this machine by a process that does nothing else, MB/s."""
    program = Path(__file__).with_name("send_file.py")
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, str(program), str(path), str(times), str(server.getsockname()[1])]
        with subprocess.Popen(command):
            reader, _ = server.accept()
            started_s, n_bytes, block = time.perf_counter(), 0, bytearray(1 << 20)
            with reader:
                while got := reader.recv_into(block):
                    n_bytes += got
            took_s = time.perf_counter() - started_s
    return Baseline(n_bytes / MEGABYTE / took_s, "MB/s", "read and sent over a socket")
