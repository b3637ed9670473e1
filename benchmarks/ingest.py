"""How many frames a second the archive takes in: `manage.py ingest`, as its user sees it, and the previews after it."""

import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Max, Min
from tqdm import trange

from archive.errors import FatalError
from archive.models import Frame, Thumbnail
from benchmarks import baselines
from benchmarks.report import Aim, Figure, median_of
from benchmarks.samples import write_frames
from benchmarks.services import Bench, until

N_FRAMES = 200
N_WARMING = 4
N_RUNS = 3
WORKERS = ("--workers", "2")


def measure(bench: Bench) -> Iterator[Figure]:
    yield from _without_previews(bench)
    yield _with_previews(bench)


def _without_previews(bench: Bench) -> list[Figure]:
    bench.empty()
    baseline = baselines.files_synced(bench.store)
    whole: list[float] = []
    running: list[float] = []
    for _ in trange(N_RUNS, desc="ingest", unit="run", disable=None, leave=False):
        bench.empty()
        folder = _frames(bench, first=1)
        whole.append(N_FRAMES / bench.manage("ingest", str(folder), *WORKERS))
        running.append(_rate_of_rows())
    aim = (Aim.AT_LEAST, 40.0)
    return [
        median_of("ingest of 200 frames, whole command", whole, "frames/s", baseline=baseline, aim=aim),
        median_of("ingest of 200 frames, first to last row", running, "frames/s", baseline=baseline, aim=aim),
    ]


def _with_previews(bench: Bench) -> Figure:
    """Time from the command's start to the last thumbnail, with relay and worker up and warm."""
    bench.empty()
    baseline = baselines.files_synced(bench.store)
    rates: list[float] = []
    for _ in trange(N_RUNS, desc="ingest with previews", unit="run", disable=None, leave=False):
        bench.empty()
        with bench.running("relay", "worker"):
            bench.manage("ingest", *map(str, write_frames(bench.folder / "warming", range(N_WARMING))), *WORKERS)
            shutil.rmtree(bench.folder / "warming")
            _await_previews(N_WARMING)
            folder = _frames(bench, first=N_WARMING)
            started_s = time.perf_counter()
            bench.manage("ingest", str(folder), *WORKERS)
            _await_previews(N_WARMING + N_FRAMES)
            rates.append(N_FRAMES / (time.perf_counter() - started_s))
    name = "ingest of 200 frames, to the last preview"
    return median_of(name, rates, "frames/s", baseline=baseline, aim=(Aim.AT_LEAST, 15.0))


def _frames(bench: Bench, *, first: int) -> Path:
    """A folder of frames that replaces the one of the run before."""
    folder = bench.folder / "frames"
    shutil.rmtree(folder, ignore_errors=True)
    write_frames(folder, range(first, first + N_FRAMES))
    return folder


def _rate_of_rows() -> float:
    """Frames per second between the first row and the last: the command without its start."""
    found = Frame.objects.aggregate(first=Min("modified_at"), last=Max("modified_at"))
    held = Frame.objects.listed().count()
    if held != N_FRAMES:
        raise FatalError(f"{held} frames are in the archive, {N_FRAMES} were ingested: the measurement is void.")
    took: timedelta = found["last"] - found["first"]
    return (N_FRAMES - 1) / took.total_seconds()


def _await_previews(n_frames: int) -> None:
    wanted = n_frames * len(settings.PREVIEW_SIZES_PX)
    until(lambda: Thumbnail.objects.count() == wanted, what=f"{wanted} previews")
