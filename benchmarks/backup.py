"""How long a backup of 100,000 frames takes, and bringing it back into an empty database."""

import os
from collections.abc import Iterator
from pathlib import Path

from django.db import connection
from tqdm import tqdm

from archive.models import StoredObject
from benchmarks import baselines
from benchmarks.load import load
from benchmarks.report import Baseline, Figure, Text
from benchmarks.services import Bench

N_FRAMES = int(os.environ.get("FRAMES", "") or 100_000)
RECOVERED = "recovered"


def measure(bench: Bench) -> Iterator[Figure | Text]:
    bench.empty()
    load(N_FRAMES)
    _lay_files(bench.store)
    folder = bench.folder / "backup"
    synced = baselines.file_synced(bench.folder)
    yield _figure("backup, whole command", bench.manage("backup", str(folder)), synced)
    sizes = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.1f} MB" for path in sorted(folder.iterdir()))
    yield Text(f"of {_megabytes():.0f} MB of database: {sizes}")
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {RECOVERED}")
    yield _figure("recover --verify-only", bench.manage("recover", str(folder), "--verify-only"), synced)
    yield _figure("recover", bench.manage("recover", str(folder), DB_NAME=RECOVERED), synced)


def _figure(name: str, took_s: float, beside: Baseline) -> Figure:
    return Figure(f"{name}, {N_FRAMES:,} frames", took_s, "s", beside)


def _megabytes() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()) / 1e6")
        return float(cursor.fetchone()[0])


def _lay_files(store: Path) -> None:
    """A file of the right size for each row, with a hole in place of its bytes."""
    rows = StoredObject.objects.values_list("path", "version_id", "size_bytes")
    for path, version_id, size_bytes in tqdm(rows.iterator(), total=rows.count(), desc="files", disable=None):
        file = store / ".versions" / path / version_id
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        os.truncate(file, size_bytes or 0)
