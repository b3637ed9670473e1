"""How long an inventory of many files takes in which nothing changed."""

from collections.abc import Iterator

from benchmarks import baselines
from benchmarks.report import Aim, Figure, median_of
from benchmarks.services import Bench
from benchmarks.telemetry.ingest import clear

N_FILES = 100_000
N_FOLDERS = 200
N_RUNS = 3


def measure(bench: Bench) -> Iterator[Figure]:
    clear()
    top = bench.folder / "many"
    for folder in range(N_FOLDERS):
        below = top / f"dev{folder}"
        below.mkdir(parents=True)
        for number in range(N_FILES // N_FOLDERS):
            (below / f"dev{folder}_20261128{number:06d}000000000.xrif").touch()
    words = ("hostname=bench", f'data_dirs=["{top}"]')
    baseline = baselines.commit_synced(bench.store)
    first_s = bench.manage("telemetry", "inventory", *words)
    yield Figure(f"inventory of {N_FILES:,} new files, whole command", first_s, "s", baseline=baseline)
    again = [bench.manage("telemetry", "inventory", *words) for _ in range(N_RUNS)]
    name = f"inventory of {N_FILES:,} unchanged files, whole command"
    yield median_of(name, again, "s", baseline=baseline, aim=(Aim.AT_MOST, 20.0))
    clear()
