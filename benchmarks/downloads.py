"""How fast frames leave: zips of many files and of large ones, from the local store to one client on this machine."""

import hashlib
import http.client
import json
import os
import random
import signal
import subprocess
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import connection
from tqdm import trange

from archive.errors import FatalError
from archive.models import Frame, StoredObject, Version
from benchmarks import baselines
from benchmarks.report import Aim, Baseline, Figure, median_of
from benchmarks.samples import basename_of
from benchmarks.services import Bench

MEGABYTE = 1_000_000
BLOCK_BYTES = 1 << 20
SMALL_BYTES = MEGABYTE
N_SMALL = 10_000
LARGE_BYTES = 1 << 30
N_LARGE = 5
N_RUNS = 3
N_FIRST_BYTES = 15
CUTS_S = (0.4, 0.7, 0.3, 0.9)
FASTEST = (Aim.AT_LEAST, 800.0)
SOONEST = (Aim.AT_MOST, 200.0)
OBSERVED_AT = datetime(2020, 1, 1, tzinfo=UTC)


def measure(bench: Bench) -> Iterator[Figure]:
    yield from _small_files(bench)
    yield from _large_files(bench)


def _small_files(bench: Bench) -> Iterator[Figure]:
    """Ten thousand files of a megabyte: how soon the first byte comes, and how fast the rest."""
    ids = _frames(bench, N_SMALL, SMALL_BYTES)
    raw = baselines.file_over_socket(bench.folder / "bytes", times=N_SMALL // 10)
    with bench.running("web"):
        empty = baselines.empty_request(bench.url)
        link = _freeze(bench.url, ids)["url"]
        body = json.dumps({"frame_ids": ids}).encode()
        soon = [_first_byte_ms("GET", link) for _ in range(N_FIRST_BYTES)]
        at_once = [_first_byte_ms("POST", f"{bench.url}/frames/zip/", body) for _ in range(N_FIRST_BYTES)]
        frozen = [1000.0 * _time_of_freezing(bench.url, ids) for _ in range(N_FIRST_BYTES)]
        rates = [_rate(link) for _ in trange(N_RUNS, desc="zips", disable=None, leave=False)]
    of = f"{N_SMALL:,} frames"
    yield median_of(f"POST /downloads/, {of} by id", frozen, "ms", baseline=empty)
    yield median_of(f"GET /downloads/, first byte of {of}", soon, "ms", baseline=empty, aim=SOONEST)
    yield median_of(f"POST /frames/zip/, first byte of {of}", at_once, "ms", baseline=empty, aim=SOONEST)
    yield median_of(f"GET /downloads/, {of} of 1 MB", rates, "MB/s", baseline=raw, aim=FASTEST)


def _large_files(bench: Bench) -> Iterator[Figure]:
    """Five files of a gibibyte: one alone, all in a zip, and that zip with curl that is killed on its way."""
    ids = _frames(bench, N_LARGE, LARGE_BYTES)
    raw = baselines.file_over_socket(bench.folder / "bytes", times=1)
    with bench.running("web"):
        alone = [_rate(f"{bench.url}/frames/{ids[0]}/download/") for _ in range(N_RUNS)]
        frozen = _freeze(bench.url, ids)
        rates = [_rate(frozen["url"]) for _ in trange(N_RUNS, desc="zips", disable=None, leave=False)]
        plain = Baseline(sorted(alone)[N_RUNS // 2], "MB/s", "the same bytes as one file")
        resumed = _resumed_with_curl(bench.folder / "resumed.zip", frozen["url"], frozen["size_bytes"], plain)
    yield median_of("GET /frames/<id>/download/, 1.1 GB", alone, "MB/s", baseline=raw)
    yield median_of("GET /downloads/, a zip of 5.4 GB", rates, "MB/s", baseline=plain, aim=FASTEST)
    yield resumed


def _frames(bench: Bench, count: int, size_bytes: int) -> list[int]:
    """Public frames whose files are all the same bytes, on the disk once; gives their ids."""
    bench.empty()
    source = bench.folder / "bytes"
    crc32 = _write(source, size_bytes)
    frames = Frame.objects.bulk_create(_frame(number) for number in range(count))
    objects = StoredObject.objects.bulk_create(_object(frame, size_bytes, crc32) for frame in frames)
    Version.objects.bulk_create(
        Version(frame=frame, object=stored, extension=".fits", md5=stored.md5, is_fits=True, created=OBSERVED_AT)
        for frame, stored in zip(frames, objects, strict=True)
    )
    for stored in objects:
        folder = bench.store / ".versions" / stored.path
        folder.mkdir(parents=True)
        (folder / stored.version_id).hardlink_to(source)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return [frame.pk for frame in frames]


def _frame(number: int) -> Frame:
    return Frame(
        basename=basename_of(number),
        observation_date=OBSERVED_AT,
        observation_day=OBSERVED_AT.date(),
        public_date=OBSERVED_AT,
        is_listed=True,
    )


def _object(frame: Frame, size_bytes: int, crc32: int) -> StoredObject:
    md5 = f"{frame.pk:032x}"
    return StoredObject(
        store="local",
        path=f"lsc/fa15/20200101/raw/{frame.basename}.fits",
        version_id=md5,
        size_bytes=size_bytes,
        md5=md5,
        sha256=2 * md5,
        crc32=crc32,
        stored_at=OBSERVED_AT,
        verified_at=OBSERVED_AT,
    )


def _write(target: Path, size_bytes: int) -> int:
    """Write bytes that do not repeat within a file's blocks; gives their CRC-32."""
    target.unlink(missing_ok=True)
    noise, crc32, left = os.urandom(BLOCK_BYTES), 0, size_bytes
    with target.open("wb") as stream:
        while left:
            block = (left.to_bytes(8) + noise[8:])[:left]
            stream.write(block)
            crc32 = zlib.crc32(block, crc32)
            left -= len(block)
    os.sync()
    return crc32


def _freeze(url: str, ids: list[int]) -> dict[str, Any]:
    body = json.dumps({"frame_ids": ids}).encode()
    answer = _asked("POST", f"{url}/downloads/", body)
    found: dict[str, Any] = json.load(answer)
    if found["count"] != len(ids):
        raise FatalError(f"{found['count']} of {len(ids)} frames were frozen: the measurement is void.")
    return found


def _time_of_freezing(url: str, ids: list[int]) -> float:
    started_s = time.perf_counter()
    _freeze(url, ids)
    return time.perf_counter() - started_s


def _asked(method: str, url: str, body: bytes | None = None) -> http.client.HTTPResponse:
    parts = urlsplit(url)
    sent = http.client.HTTPConnection(parts.netloc, timeout=60)
    sent.request(method, parts.path, body, {"Content-Type": "application/json"})
    answer = sent.getresponse()
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise FatalError(f"{method} {url} answered {answer.status}: {answer.read(300)!r}")
    return answer


def _first_byte_ms(method: str, url: str, body: bytes | None = None) -> float:
    started_s = time.perf_counter()
    with _asked(method, url, body) as answer:
        answer.read(1)
        return 1000.0 * (time.perf_counter() - started_s)


def _rate(url: str) -> float:
    """Megabytes a second of a whole answer, from the request on."""
    block = bytearray(BLOCK_BYTES)
    started_s = time.perf_counter()
    with _asked("GET", url) as answer:
        wanted = int(answer.headers["Content-Length"])
        got = 0
        while n_bytes := answer.readinto(block):
            got += n_bytes
    took_s = time.perf_counter() - started_s
    if got != wanted:
        raise FatalError(f"{got} of {wanted} bytes of {url} came: the measurement is void.")
    return got / MEGABYTE / took_s


def _resumed_with_curl(target: Path, url: str, size_bytes: int, baseline: Baseline) -> Figure:
    """Download with `curl -C -`, killed several times, and compare every byte with a download in one go."""
    command = ["curl", "--silent", "--show-error", "--fail", "--continue-at", "-", "--output", str(target), url]
    waits = random.Random(1).sample(CUTS_S, len(CUTS_S))
    started_s = time.perf_counter()
    places = [_cut(command, target, wait_s) for wait_s in waits]
    subprocess.run(command, check=True)
    took_s = time.perf_counter() - started_s
    if target.stat().st_size != size_bytes or not 0 < places[0] < places[-1] < size_bytes:
        raise FatalError(f"curl was cut at {places} of {size_bytes} bytes: the measurement is void.")
    if _digest_of_file(target) != _digest_of_answer(url):
        raise FatalError(f"The zip that curl resumed at {places} has other bytes: a fault of the archive.")
    target.unlink()
    name = f"curl -C -, 5.4 GB cut {len(places)} times, byte for byte right"
    return Figure(name, size_bytes / MEGABYTE / took_s, "MB/s", baseline)


def _cut(command: list[str], target: Path, wait_s: float) -> int:
    """Kill the download after a while. Says how much of it is there."""
    with subprocess.Popen(command) as process:
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
    return target.stat().st_size


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest_of_answer(url: str) -> str:
    digest = hashlib.sha256()
    with _asked("GET", url) as answer:
        while block := answer.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
