"""MUSE exposures: how fast a tree of files is loaded, and how fast the archive answers of them, over HTTP."""

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import requests
from django.utils import timezone

from archive.errors import FatalError
from archive.models import MuseExposure, MuseTarget
from benchmarks import baselines
from benchmarks.report import Aim, Baseline, Figure, median_of
from benchmarks.services import Bench
from tests import muse_set

CHANNELS = 3681
N_LOADED = 12
N_LISTED = 1000
N_TARGETS = 50
N_RUNS = 5
N_SLICES = 60
MOST_S = {20: 2.0, 200: 15.0}  # for one exposure in full, by how many sources it has
MOST_MB = 600.0
MOST_LIST_S = 0.3
MOST_SLICE_MS = 50.0
VIEWS = ("data", "psfParams", "sources")


def measure(bench: Bench) -> Iterator[Figure]:
    bench.empty()
    yield from _loaded(bench)
    bench.empty()
    trees = _trees(bench)
    yield from _answered(bench, trees, "local store")
    yield from _listed(bench)
    bench.empty()
    with bench.s3():
        yield from _answered(bench, trees, "S3")
    bench.empty()


def _loaded(bench: Bench) -> Iterator[Figure]:
    tree = bench.folder / "muse"
    muse_set.write_set(tree, exposures=N_LOADED, channels=CHANNELS)
    baseline = baselines.file_synced(bench.store)
    first_s, again_s = (bench.manage("muse", "load", str(tree)) for _ in range(2))
    _require_complete(N_LOADED)
    for what, took_s in (("new", first_s), ("held already", again_s)):
        name = f"muse load, {N_LOADED} exposures of 20 sources, {what}: each"
        yield Figure(name, 1000.0 * took_s / N_LOADED, "ms", baseline=baseline)


def _trees(bench: Bench) -> dict[int, muse_set.Exposure]:
    """An exposure by how many sources it has, each in a tree of its own."""
    made = {}
    for number, n_sources in enumerate(MOST_S):
        folder = bench.folder / f"muse{n_sources}"
        made[n_sources] = muse_set.write_exposure(folder, number, sources=n_sources, channels=CHANNELS, cards=1800)
    return made


def _answered(bench: Bench, made: dict[int, muse_set.Exposure], where: str) -> Iterator[Figure]:
    for exposure in made.values():
        bench.manage("muse", "load", str(exposure.paths["psf"].parents[1]))
    _require_complete(len(made))
    with bench.running("web"):
        session, baseline = _session(bench)
        for n_sources, exposure in made.items():
            base = f"{bench.url}/muse/exposures/{exposure.stem}/"
            runs = [_timed(lambda base=base: _in_full(session, base)) for _ in range(N_RUNS)]  # type: ignore[misc]
            aim = (Aim.AT_MOST, MOST_S[n_sources])
            yield median_of(
                f"one exposure, {n_sources} sources, in full, {where}", runs, "s", baseline=baseline, aim=aim
            )
        largest = f"{bench.url}/muse/exposures/{made[max(made)].stem}/"
        yield _slices(session, largest, list(made[max(made)].sources), where, baseline)
        peak_mb = _peak_mb(bench.url)
        yield Figure(f"memory of a web process, {where}", peak_mb, "MB", baseline, aim=(Aim.AT_MOST, MOST_MB))


def _slices(session: requests.Session, base: str, sources: list[str], where: str, baseline: Baseline) -> Figure:
    times_ms = [
        1000.0 * _timed(lambda name=name: _get(session, f"{base}sources/{name}/?columns=snr"))  # type: ignore[misc]
        for name in sources[: N_SLICES + 1]
    ]
    p95 = statistics.quantiles(times_ms[1:], n=20, method="inclusive")[-1]
    name = f"one source's column, 95th percentile of {N_SLICES}, {where}"
    return Figure(name, p95, "ms", baseline, aim=(Aim.AT_MOST, MOST_SLICE_MS))


def _listed(bench: Bench) -> Iterator[Figure]:
    _make_rows()
    with bench.running("web"):
        session, baseline = _session(bench)
        for what, question in {"newest": "", "by a term": "&seeing_arcsec_max=2&ordering=seeing_arcsec"}.items():
            url = f"{bench.url}/muse/exposures/?limit={N_LISTED}{question}"
            if (count := len(session.get(url, timeout=60).json()["results"])) != N_LISTED:
                raise FatalError(f"{count} of {N_LISTED} exposures are in the list.")
            runs = [_timed(lambda url=url: _get(session, url)) for _ in range(N_RUNS)]  # type: ignore[misc]
            name = f"list of {N_LISTED} exposures, {what}"
            yield median_of(name, runs, "s", baseline=baseline, aim=(Aim.AT_MOST, MOST_LIST_S))


def _make_rows() -> None:
    targets = MuseTarget.objects.bulk_create(MuseTarget(name=f"NGC {number}") for number in range(N_TARGETS))
    at = timezone.now()
    MuseExposure.objects.bulk_create(
        MuseExposure(
            name=f"listed_{number:04d}",
            target=targets[number % N_TARGETS],
            observed_at=at - timedelta(minutes=number),
            public_date=at,
            ins_mode=muse_set.MODES[number % len(muse_set.MODES)],
            obs_id=number,
            is_complete=True,
            n_sources=20,
            **dict.fromkeys(("seeing_arcsec", "airmass", "strehl_1", "strehl_2"), 0.5 + number / N_LISTED),
        )
        for number in range(N_LISTED)
    )


def _session(bench: Bench) -> tuple[requests.Session, Baseline]:
    session = requests.Session()
    session.headers["Authorization"] = f"Token {bench.token()}"
    return session, baselines.empty_request(bench.url)


def _in_full(session: requests.Session, base: str) -> None:
    for view in VIEWS:
        _get(session, f"{base}{view}/")


def _get(session: requests.Session, url: str) -> None:
    session.get(url, timeout=120).raise_for_status()


def _timed(ask: Callable[[], None]) -> float:
    started_s = time.perf_counter()
    ask()
    return time.perf_counter() - started_s


def _peak_mb(url: str) -> float:
    """Most memory that a web process of this address has held."""
    address, found = url.removeprefix("http://").encode(), [0]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if address in (process / "cmdline").read_bytes().split(b"\0"):
                lines = (process / "status").read_text(encoding="utf-8").splitlines()
                found += [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
        except OSError:
            continue  # it ended meanwhile
    return max(found) * 1024 / 1e6


def _require_complete(count: int) -> None:
    complete = MuseExposure.objects.filter(is_complete=True).count()
    if complete != count:
        raise FatalError(f"{complete} of {count} exposures are complete.")
