"""A simulated night of the adaptive-optics camera, from raw files in the archive to the last product: one worker, two.

The night is simulated once and kept under `var/`. The worker is up before the clock begins.
"""

import os
import time
from collections.abc import Iterator
from datetime import date, timedelta

from django.core.management import call_command
from django.db.models import Count
from django.test import override_settings
from django.utils import timezone

from archive.enums import ProductState
from archive.errors import FatalError
from archive.models import Product, RawFile
from benchmarks import baselines
from benchmarks.report import Aim, Baseline, Figure
from benchmarks.services import Bench, until
from deploy.local.venvs import ROOT
from pipeline import planning, tasks
from pipeline.subjects import subjects_of

NIGHT = date(2026, 11, 1)
SIMULATED = ROOT / "var" / "simulated-for-bench"
AT_ONCE = {"AO_SETTLE_SECONDS": "0"}
OPEN = (ProductState.PENDING, ProductState.QUEUED, ProductState.RUNNING)
PATIENCE_S = 1800.0
MOST_SHARE = 0.6  # of one worker's time that two take: nearly half


def measure(bench: Bench) -> Iterator[Figure]:
    call_command("simulate_night", str(SIMULATED), f"--date={NIGHT:%Y%m%d}", verbosity=0)
    baseline = baselines.md5()
    took_s = {workers: _reduced(bench, workers) for workers in (1, 2)}
    n_products = Product.objects.filter(is_current=True).count()
    for workers, took in took_s.items():
        yield Figure(f"AO night, {n_products} products, workers: {workers}", took, "s", baseline)
    one = Baseline(took_s[1], "s", "one worker")
    aim = (Aim.AT_MOST, MOST_SHARE * took_s[1])
    yield Figure("the same, of two workers beside one", took_s[2], "s", one, aim=aim)


def _reduced(bench: Bench, workers: int) -> float:
    """Seconds from the plan to the last product."""
    bench.empty()
    bench.manage("ingest", str(SIMULATED / f"{NIGHT:%Y%m%d}"), "--workers", str(len(os.sched_getaffinity(0))))
    settings = {**AT_ONCE, "REDUCTION_WORKERS": str(workers)}
    with bench.running("reductions", **settings), override_settings(AO_SETTLE_TIME=timedelta(0)):
        started_s = time.perf_counter()
        for subject in subjects_of(RawFile.objects.all()):
            planning.plan(subject, at=timezone.now())
        until(_is_done, what="the night's last product", patience_s=PATIENCE_S)
        took_s = time.perf_counter() - started_s
    _require_the_night(workers)
    return took_s


def _is_done() -> bool:
    """Dispatches as beat does, and looks."""
    tasks.dispatch_products()
    time.sleep(0.2)
    return not Product.objects.filter(is_current=True, state__in=OPEN).exists()


def _require_the_night(workers: int) -> None:
    states = dict(Product.objects.values_list("state").annotate(number=Count("pk")).order_by())
    if not states.get(ProductState.DONE):
        raise FatalError(f"With {workers} workers nothing was made of the night: {states}.")
